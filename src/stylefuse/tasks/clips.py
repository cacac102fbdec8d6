"""Declare how a task on several pictures, such as fuse, processes video clips."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from stylefuse.tasks.task import Result


@dataclass(frozen=True, kw_only=True)
class Clips:
    """How a task on several pictures works on a clip: on each frame with its neighbours. No network runs.

    around: neighbours before and after a frame; they are moved onto it.
    check: raises RequestError for parameters that do not fit clips.
    fuse: makes the result from a frame and its neighbours, H×W×3 uint8 each.
    """

    around: int
    check: Callable[[Any], None]
    fuse: "Callable[[Sequence[np.ndarray], Any], Result]"
