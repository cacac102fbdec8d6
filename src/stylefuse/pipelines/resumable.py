"""A training as a node runs it: from its last checkpoint on, with progress, sample grids and a log."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from stylefuse._memory import reuse_freed_memory
from stylefuse.networks.weights import Weights
from stylefuse.pipelines.progress import TrainingProgress

if TYPE_CHECKING:
    from stylefuse.training.checkpoint import Checkpoints

log = logging.getLogger(__name__)

OnImages = Callable[[int], None]  # called with images seen
OnStep = Callable[[int, dict[str, float]], None]


class State(Protocol):
    """A training's state: its clock, and how it goes to a checkpoint and back."""

    images_seen: int

    def pack(self) -> Weights: ...

    def restore(self, weights: Weights) -> None: ...


def train_resumably(
    name: str,
    state: State,
    checkpoints: "Checkpoints | None",
    images: int,
    log_every: int,
    samples: Path,
    draw: OnImages,
    fit: Callable[[OnStep, OnImages, OnImages], None],
) -> pd.DataFrame:
    """Restore the last checkpoint, if there is one, and train to the end.

    Of several processes the first reads and writes, shows and draws; the others get its state and train with it.

    Args:
        name: of the progress bar, and prefix of the MLflow metrics.
        checkpoints: None on other processes than the first.
        images: length of the whole training; log_every: images between two rows of the log.
        samples: where `draw` leaves grids `images-*.png`; those of another training are deleted at the start.
        fit: trains; takes what to call after each step, for a sample and for a checkpoint.

    Returns:
        The losses by images seen, those before an interruption included; on other processes than the first none.
    """
    from stylefuse.training import distributed
    from stylefuse.training.loop import TrainingDivergedError

    reuse_freed_memory()
    processes, rows = distributed.processes(), []
    checkpoint = distributed.from_first(lambda: checkpoints.latest())
    if checkpoint is not None:
        state.restore(checkpoint)
        rows = checkpoint.facts["training_log"]
    if checkpoints is None:
        fit(lambda seen, losses: None, lambda seen: None, lambda seen: None)
        return pd.DataFrame()
    if checkpoint is not None:
        log.info("goes on from the checkpoint at %d of %d images", state.images_seen, images)
        if (before := checkpoint.facts["processes"]) != processes and state.images_seen < images:
            log.warning("processes: %d -> %d; from here on equal up to rounding only", before, processes)
    with TrainingProgress(name, images, state.images_seen, log_every) as progress:

        def save(images_seen: int) -> None:
            tensors, facts = state.pack()
            facts |= {"training_log": rows + progress.rows, "processes": processes}
            checkpoints.save(images_seen, Weights(tensors, facts))

        if state.images_seen == 0:
            for grid_of_another in samples.glob("images-*.png"):
                grid_of_another.unlink()
            draw(0)
        try:
            fit(progress.step, draw, save)
        except TrainingDivergedError as error:
            report = checkpoints.folder / "diverged.txt"
            report.write_text(error.report, encoding="utf-8")
            log.error("what the losses were: %s", report)
            raise
    return pd.DataFrame(rows + progress.rows)
