"""Find cuts, and the shots between them, while a clip is read once, ahead of the work on it."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import cv2
import numpy as np

from stylefuse.video.pixels import Frame

# Bhattacharyya distance of two neighbours' histograms from which there is a cut between them: at the five cuts of a
# clip with fast riders it is 0.43 to 0.77, everywhere else at most 0.14.
CUT = 0.3
_BINS = 16  # of hue, and of saturation
_SIDE = 160  # px of the copy that is counted
_KEPT = 4  # frames of a shot in memory at most


class Shot(NamedTuple):
    """Frames between two cuts: number of the first one, how many there are, and some of them, evenly spread."""

    first: int
    length: int
    samples: list[Frame]


def find_shots(pictures: Iterable[Frame]) -> Iterator[Shot]:
    """Yield the shots of a clip; few frames are in memory, however long a shot is.

    Args:
        pictures: all frames, RGB, H×W×3 uint8.
    """
    first = number = -1
    samples = _Samples()
    before: np.ndarray | None = None
    for number, picture in enumerate(pictures):
        counts = histogram(picture)
        if before is None or difference(before, counts) > CUT:
            if before is not None:
                yield Shot(first, number - first, samples.taken())
            first, samples = number, _Samples()
        before = counts
        samples.add(picture)
    if number >= 0:
        yield Shot(first, number + 1 - first, samples.taken())


def histogram(picture: Frame) -> np.ndarray:
    """Shares of hue and saturation in a small copy, 16×16 float32."""
    scale = min(1.0, _SIDE / max(picture.shape[:2]))
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    counts = cv2.calcHist([hsv], [0, 1], None, [_BINS, _BINS], [0, 180, 0, 256])
    return counts / max(counts.sum(), 1)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Bhattacharyya distance of two histograms, 0 for equal ones, 1 for those that share nothing."""
    return cv2.compareHist(one, other, cv2.HISTCMP_BHATTACHARYYA)


class _Samples:
    """Keeps every frame, then every second, every fourth …, so that at most `_KEPT` are kept."""

    def __init__(self) -> None:
        self._kept: list[Frame] = []
        self._step, self._seen = 1, 0

    def add(self, picture: Frame) -> None:
        if self._seen % self._step == 0:
            if len(self._kept) == _KEPT:
                self._kept, self._step = self._kept[::2], 2 * self._step
            if self._seen % self._step == 0:
                self._kept.append(picture)
        self._seen += 1

    def taken(self) -> list[Frame]:
        return self._kept
