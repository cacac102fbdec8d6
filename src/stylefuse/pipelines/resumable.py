"""A training as a node runs it: from its last checkpoint on, with progress, sample grids and a log."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pandas as pd

from stylefuse._atomic import PARTIAL
from stylefuse._memory import reuse_freed_memory
from stylefuse.networks.weights import Weights
from stylefuse.pipelines.progress import TrainingProgress
from stylefuse.tracking import record

if TYPE_CHECKING:
    from stylefuse.training.checkpoint import Checkpoints

log = logging.getLogger(__name__)

OnImages = Callable[[int], None]  # called with images seen
OnStep = Callable[[int, dict[str, float]], None]
Options = TypeVar("Options", bound="Lengths")


class Lengths(Protocol):
    """A training's options, as far as they are read here: lengths in images, device and precision."""

    images: int
    log_every: int
    device: str
    precision: str


class State(Protocol):
    """A training's state: its clock, and how it goes to a checkpoint and back."""

    images_seen: int

    def pack(self) -> Weights: ...

    def restore(self, weights: Weights) -> None: ...


def train_resumably(
    name: str,
    state: State,
    checkpoints: "Checkpoints | None",
    options: Options,
    samples: Path,
    draw: OnImages,
    fit: Callable[[Options, OnStep, OnImages, OnImages], None],
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Restore the last checkpoint, if there is one, and train to the end.

    Of several processes the first reads and writes, shows and draws; the others get its state and train with it.

    Args:
        name: of the progress bar, and prefix of the MLflow metrics and tags.
        checkpoints: None on other processes than the first.
        samples: where `draw` leaves grids `images-*.png`; those of another training are deleted at the start.
        fit: trains; takes the options with the precision that was picked, and what to call after each step, for a
            sample and for a checkpoint.

    Returns:
        The losses by images seen, those before an interruption included; and what the training ran on, a mapping
        for each machine or setting in turn. On other processes than the first both are empty.
    """
    from stylefuse.training import distributed
    from stylefuse.training.loop import TrainingDivergedError

    reuse_freed_memory()
    rows, pending, stretches = [], {}, []
    checkpoint = distributed.from_first(lambda: checkpoints.latest())
    if checkpoint is not None:
        state.restore(checkpoint)
        rows, pending = checkpoint.facts["training_log"], checkpoint.facts["training_log_pending"]
        stretches = checkpoint.facts.get("trained_with", [])
    resolved, stretches = _resolve(options, stretches, state.images_seen)
    if checkpoints is None:
        fit(resolved, lambda seen, losses: None, lambda seen: None, lambda seen: None)
        return pd.DataFrame(), []
    _tell(name, options, state.images_seen, stretches)
    for grid in samples.glob(PARTIAL):  # that a killed run has half written
        grid.unlink()
    with TrainingProgress(name, options.images, state.images_seen, options.log_every, pending) as progress:

        def save(images_seen: int) -> None:
            tensors, facts = state.pack()
            facts |= {"training_log": rows + progress.rows, "training_log_pending": progress.pending()}
            facts["trained_with"] = stretches
            checkpoints.save(images_seen, Weights(tensors, facts))

        if state.images_seen == 0:
            for grid_of_another in samples.glob("images-" + 9 * "[0-9]" + ".png"):
                grid_of_another.unlink()
            draw(0)
        try:
            fit(resolved, progress.step, draw, save)
        except TrainingDivergedError as error:
            report = checkpoints.folder / "diverged.txt"
            report.write_text(error.report, encoding="utf-8")
            log.error("what the losses were: %s", report)
            raise
    return pd.DataFrame(rows + progress.rows), stretches


def _resolve(
    options: Options, stretches: list[dict[str, Any]], images_seen: int
) -> tuple[Options, list[dict[str, Any]]]:
    """The options with the precision to go on in, and `stretches` with this one if it differs from the last."""
    from stylefuse.training import distributed
    from stylefuse.training.device import changes, pick_precision, surroundings

    before = stretches[-1] if stretches else {}
    # The first decides for all: they must add up gradients of one precision.
    precision = distributed.from_first(lambda: pick_precision(options, before.get("precision")))
    now = surroundings(options.device, precision, distributed.processes())
    if images_seen < options.images and changes(before, now):
        stretches = [*stretches, {"from_image": images_seen, **now}]
    return replace(options, precision=precision), stretches


def _tell(name: str, options: Lengths, images_seen: int, stretches: list[dict[str, Any]]) -> None:
    """Log and track where the training begins or goes on, and what has changed since the last checkpoint."""
    from stylefuse.training.device import changes, described

    if images_seen >= options.images:
        log.info("%s: trained to its end already, on %s", name, "; then ".join(map(described, stretches)))
        return
    if images_seen:
        log.info("goes on from the checkpoint at %d of %d images", images_seen, options.images)
    *before, now = stretches
    if before and now["from_image"] == images_seen and (changed := changes(before[-1], _bare(now))):
        log.warning("%s; from here on equal up to rounding only", changed)
    chosen = " (the machine's choice)" if options.precision == "auto" else ""
    log.info("%s: trains on %s%s", name, described(now), chosen)
    for key, value in _bare(now).items():
        record.log_tag(f"{name}.{key}", str(value))


def _bare(stretch: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in stretch.items() if key != "from_image"}
