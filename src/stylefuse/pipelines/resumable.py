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
    checkpoints: "Checkpoints",
    images: int,
    log_every: int,
    samples: Path,
    draw: OnImages,
    fit: Callable[[OnStep, OnImages, OnImages], None],
) -> pd.DataFrame:
    """Restore the last checkpoint, if there is one, and train to the end.

    Args:
        name: of the progress bar, and prefix of the MLflow metrics.
        images: length of the whole training; log_every: images between two rows of the log.
        samples: where `draw` leaves grids `images-*.png`; those of another training are deleted at the start.
        fit: trains; takes what to call after each step, for a sample and for a checkpoint.

    Returns:
        The losses by images seen, those before an interruption included.
    """
    reuse_freed_memory()
    rows: list[dict[str, float]] = []
    if (checkpoint := checkpoints.latest()) is not None:
        state.restore(checkpoint)
        rows = checkpoint.facts["training_log"]
        log.info("goes on from the checkpoint at %d of %d images", state.images_seen, images)
    with TrainingProgress(name, images, state.images_seen, log_every) as progress:

        def save(images_seen: int) -> None:
            tensors, facts = state.pack()
            checkpoints.save(images_seen, Weights(tensors, {**facts, "training_log": rows + progress.rows}))

        if state.images_seen == 0:
            for grid_of_another in samples.glob("images-*.png"):
                grid_of_another.unlink()
            draw(0)
        fit(progress.step, draw, save)
    return pd.DataFrame(rows + progress.rows)
