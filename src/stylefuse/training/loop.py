"""The loop around a training step, whatever is trained: callbacks, interruption, divergence, precision."""

import contextlib
import logging
import math
from collections.abc import Callable
from typing import Protocol

import torch

from stylefuse.training.device import pick_device, pick_precision
from stylefuse.training.distributed import largest
from stylefuse.training.interrupt import deferred_interrupt

logger = logging.getLogger(__name__)

Losses = dict[str, float]
# Steps that may be skipped in a row for a loss that is not finite, before training stops.
MAX_SKIPPED = 3


class TrainingDivergedError(RuntimeError):
    """A loss or a gradient stayed infinite or not a number; the message names it. The state before it was saved.

    report: the message, and all losses of the steps that were skipped, as text.
    """

    def __init__(self, message: str, skipped: list[tuple[int, Losses]]):
        super().__init__(message)
        steps = [f"{seen} images: {', '.join(f'{k} {v:.6g}' for k, v in ls.items())}" for seen, ls in skipped]
        self.report = "\n".join([message, "", "Steps skipped, which changed no weight:", *steps, ""])


class Clock(Protocol):
    """A training's state, as far as the loop reads it."""

    images_seen: int


class Schedule(Protocol):
    """A training's options, as far as the loop reads them; lengths are images seen."""

    images: int
    sample_every: int
    checkpoint_every: int
    precision: str
    device: str


def fit(
    state: Clock,
    step: Callable[[], Losses],
    options: Schedule,
    remedy: str,
    on_step: Callable[[int, Losses], None],
    on_sample: Callable[[int], None],
    on_checkpoint: Callable[[int], None],
) -> None:
    """Train until `options.images` images were seen. Interrupted, it saves what it has and passes the signal on.

    Args:
        state: its clock is read after each step.
        step: one training step; returns its losses, and changes no weight where one of them is not finite.
        remedy: what to turn when losses stay infinite, for the error's message.
        on_step: called after each step with images seen and its losses.
        on_sample, on_checkpoint: called with images seen each time their interval has passed, and at the end.

    Raises:
        TrainingDivergedError: losses were not finite for more than three steps in a row; the state was saved.
        KeyboardInterrupt, SystemExit: SIGINT; SIGTERM, SIGHUP; the state was saved.
    """
    skipped: list[tuple[int, Losses]] = []
    with deferred_interrupt() as interruption:
        while state.images_seen < options.images:
            before = state.images_seen
            losses = step()
            seen = state.images_seen
            bad = [name for name, loss in losses.items() if not math.isfinite(loss)]
            skipped = [*skipped, (seen, losses)] if bad else []
            on_step(seen, losses)
            last = seen >= options.images
            interruption.number = largest(interruption.number)
            if last or _passed(options.sample_every, before, seen):
                on_sample(seen)
            diverged = len(skipped) > MAX_SKIPPED
            if last or diverged or interruption.number or _passed(options.checkpoint_every, before, seen):
                on_checkpoint(seen)
            if diverged:
                raise TrainingDivergedError(
                    f"{', '.join(bad)} not finite for {len(skipped)} steps at {seen} images: "
                    f"{remedy}, then begin anew with restart=true",
                    skipped,
                )
            if interruption.number:
                logger.info("saved at %d of %d images: the same command goes on", seen, options.images)
            interruption.raise_if_requested()


def _passed(every: int, before: int, seen: int) -> bool:
    """Whether a multiple of `every` lies within the last step."""
    return seen // every > before // every


def autocast(options: Schedule) -> contextlib.AbstractContextManager:
    """bfloat16 where options and machine allow it, see `training.device.pick_precision`."""
    enabled = pick_precision(options) == "bf16"
    return torch.autocast(pick_device(options.device).type, dtype=torch.bfloat16, enabled=enabled)
