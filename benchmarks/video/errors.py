"""How much painted frames flicker, and how much detail they keep.

Warping error (Lai et al. 2018, section 4.2): squared difference of a frame and another one that is moved onto it, where
both show the place; in [0, 1]² × 10⁴. The flow is that of the source, from another preset than blending uses.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from stylefuse.video.flow import fetched, inside, unmoved
from stylefuse.video.pixels import Frame
from stylefuse.video.shots import Shot, find_shots

_EVERY = 4  # frames between those that are compared with the first one of a shot


class Errors(NamedTuple):
    """short: of neighbours. long: of the first frame of a shot and every fourth. gradient: mean of luma, levels."""

    short: float
    long: float
    gradient: float


class Flicker:
    """Compares painted frames along the motion of their source; no pair lies across a cut."""

    def __init__(self, source: Sequence[Frame]):
        self.shots: list[Shot] = list(find_shots(source))
        self._short: list[tuple[int, int, np.ndarray, np.ndarray]] = []
        self._long: list[tuple[int, int, np.ndarray, np.ndarray]] = []
        for shot in self.shots:
            numbers = range(shot.first + 1, shot.first + shot.length)
            self._short += [(k, k - 1, *_motion(source[k], source[k - 1])) for k in numbers]
            every = range(shot.first + _EVERY, shot.first + shot.length, _EVERY)
            self._long += [(k, shot.first, *_motion(source[k], source[shot.first])) for k in every]

    def of(self, painted: Sequence[Frame]) -> Errors:
        """The errors of painted frames of the source's size."""
        short, long = (
            float(np.mean([_error(painted[a], painted[b], places, seen) for a, b, places, seen in pairs]))
            for pairs in (self._short, self._long)
        )
        return Errors(short, long, float(np.mean([_gradient(each) for each in painted])))


def _motion(picture: Frame, other: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Places of the picture in the other one, and a mask: not hidden, not at a border of motion (Ruder et al. 2016)."""
    here, there = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (picture, other))
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow = search.calc(here, there, None)
    places = unmoved(*here.shape) + flow
    back = fetched(search.calc(there, here, None), places)
    size = np.square(flow).sum(axis=2)
    hidden = np.square(flow + back).sum(axis=2) > 0.01 * (size + np.square(back).sum(axis=2)) + 0.5
    slopes = [cv2.Sobel(flow, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1))]
    border = sum(np.square(each).sum(axis=2) for each in slopes) > 0.01 * size + 0.002
    return places, ~hidden & ~border & (inside(places) > 0)


def _error(picture: Frame, other: Frame, places: np.ndarray, seen: np.ndarray) -> float:
    apart = np.square((picture.astype(np.float32) - fetched(other, places)) / 255).mean(axis=2)
    return float((apart * seen).sum() / max(seen.sum(), 1) * 1e4)


def _gradient(picture: Frame) -> float:
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(np.hypot(cv2.Sobel(luma, -1, 1, 0), cv2.Sobel(luma, -1, 0, 1)).mean())
