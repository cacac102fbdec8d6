"""One session of a training, from a start or resume to the next stop: what it restores, reports and saves."""

import logging
import math
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from stylefuse._atomic import PARTIAL
from stylefuse.images.io import save as save_picture
from stylefuse.networks.weights import Weights
from stylefuse.training import distributed
from stylefuse.training.checkpoint import Checkpoints
from stylefuse.training.device import Surroundings, changes, described, pick_precision, surroundings
from stylefuse.training.loss_log import LossLog
from stylefuse.training.observer import Observer
from stylefuse.training.options import TrainingOptions
from stylefuse.training.state import Losses

if TYPE_CHECKING:
    from stylefuse.training.trainer import Training

logger = logging.getLogger(__name__)
# Steps in a row that may be skipped because a loss is not finite, before training stops.
MAX_SKIPPED = 3


class TrainingDivergedError(RuntimeError):
    """A loss or gradient stayed infinite or not a number. The message names it; the state before it was saved.

    report: the message, and all losses of the skipped steps, as text.
    """

    def __init__(self, message: str, skipped: list[tuple[int, Losses]]):
        super().__init__(message)
        steps = [f"{seen} images: {', '.join(f'{k} {v:.6g}' for k, v in ls.items())}" for seen, ls in skipped]
        self.report = "\n".join([message, "", "Steps skipped, which changed no weight:", *steps, ""])


class Session:
    """Restores the last checkpoint on creation; used as a context around the training loop.

    Of several processes the first one reads, reports and writes; the others receive its state.

    Args:
        name: of the training, for the log and for tags.
        training: about to begin.
        options: as given; `Session.options` has the precision that was picked.
        saved: the checkpoints; None on other processes than the first, or to keep none.
        samples: folder for sample grids `images-*.png`; None to draw none.
        observer: receives the reports.

    log: losses, those before an interruption included.
    trained_with: what the training ran on, a mapping for each machine or setting in turn.
    """

    def __init__(
        self,
        name: str,
        training: "Training",
        options: TrainingOptions,
        saved: Checkpoints | None,
        samples: Path | None,
        observer: Observer,
    ):
        first = distributed.rank() == 0
        self._name, self._training, self._saved = name, training, saved
        self._samples, self._observer = samples if first else None, observer if first else Observer()
        checkpoint = distributed.broadcast(lambda: saved.latest() if saved else None)
        facts: dict[str, Any] = checkpoint.facts if checkpoint else {}
        if checkpoint:
            training.state.restore(checkpoint)
        self._seen = self._before = seen = training.state.images_seen
        rows, pending = facts.get("training_log", []), facts.get("training_log_pending")
        self.log = LossLog(options.images, options.log_every, seen, rows, pending)
        self._skipped: list[tuple[int, Losses]] = []
        self.trained_with: list[dict[str, Any]] = facts.get("trained_with", [])
        last = self.trained_with[-1] if self.trained_with else {}
        # Gradients of several processes are added up, so all must have one precision.
        precision = distributed.broadcast(lambda: pick_precision(options, last.get("precision")))
        self.options = replace(options, precision=precision)
        now = surroundings(options.device, precision, distributed.processes())
        if seen < options.images and changes(last, now):
            self.trained_with = [*self.trained_with, {"from_image": seen, **now}]
        if first:
            self._announce(options)

    def __enter__(self) -> "Session":
        self._observer.on_begin(self._seen, self.options.images)
        if self._samples:
            for half_written in self._samples.glob(PARTIAL):
                half_written.unlink()
        if self._samples and self._seen == 0:
            for grid_of_another in self._samples.glob("images-" + 9 * "[0-9]" + ".png"):
                grid_of_another.unlink()
            self.draw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._observer.on_end()
        if isinstance(error, TrainingDivergedError) and self._saved:
            report = self._saved.folder / "diverged.txt"
            report.write_text(error.report, encoding="utf-8")
            logger.error("what the losses were: %s", report)

    def count(self, losses: Losses) -> None:
        """Log and report a step; a step of which a loss is not finite counts as skipped."""
        self._before, self._seen = self._seen, self._training.state.images_seen
        finite = all(math.isfinite(loss) for loss in losses.values())
        self._skipped = [] if finite else [*self._skipped, (self._seen, losses)]
        if watch := self._training.watch:
            if (warning := watch.notice(losses)) and distributed.rank() == 0:
                logger.warning("at %d images %s", self._seen, warning)
                self._observer.on_tag("critic_collapse", f"at {self._seen} images {warning}")
            losses = {**losses, "critic_collapsed": float(watch.collapsed)}
        if means := self.log.add(self._seen, losses):
            self._observer.on_row(self._seen, means)
        self._observer.on_step(self._seen, losses)

    def passed(self, every: int) -> bool:
        """Whether the last step reached or passed a multiple of `every` images."""
        return self._seen // every > self._before // every

    def diverged(self) -> TrainingDivergedError | None:
        """Return the error to raise if too many steps in a row were skipped; else None."""
        if len(self._skipped) <= MAX_SKIPPED:
            return None
        bad = [name for name, loss in self._skipped[-1][1].items() if not math.isfinite(loss)]
        message = (
            f"{', '.join(bad)} not finite for {len(self._skipped)} steps at {self._seen} images: "
            f"{self._training.remedy}, then begin anew with restart=true"
        )
        return TrainingDivergedError(message, self._skipped)

    def draw(self) -> None:
        """Draw a sample grid into the folder."""
        if self._samples:
            picture = self._training.draw()
            save_picture(picture, self._samples / f"images-{self._seen:09d}.png")
            self._observer.on_sample(self._seen, picture)

    def save(self) -> None:
        """Write a checkpoint."""
        if self._saved:
            tensors, facts = self._training.state.pack()
            log = {"training_log": self.log.rows, "training_log_pending": self.log.pending()}
            self._saved.save(
                self._seen, Weights(tensors, {**facts, **log, "trained_with": self.trained_with})
            )

    def _announce(self, options: TrainingOptions) -> None:
        """Log where the training starts, what it runs on, and what has changed since the last checkpoint."""
        if self._seen >= options.images:
            where = "; then ".join(map(described, self.trained_with))
            logger.info("%s: trained to its end already, on %s", self._name, where)
            return
        if self._seen:
            logger.info("goes on from the checkpoint at %d of %d images", self._seen, options.images)
        *before, now = self.trained_with
        if before and now["from_image"] == self._seen and (changed := changes(before[-1], _where(now))):
            logger.warning("%s; from here on equal up to rounding only", changed)
        chosen = " (the machine's choice)" if options.precision == "auto" else ""
        logger.info("%s: trains on %s%s", self._name, described(now), chosen)
        for key, value in _where(now).items():
            self._observer.on_tag(f"{self._name}.{key}", str(value))


def _where(stretch: dict[str, Any]) -> Surroundings:
    return {key: value for key, value in stretch.items() if key != "from_image"}
