"""Make the painted frames of a shot consistent: blend each with earlier ones, moved along the motion of the clip."""

from collections.abc import Mapping
from typing import NamedTuple

import cv2
import numpy as np

from stylefuse.video.flow import enlarged, fetched, inside, places_in, unmoved
from stylefuse.video.options import DEFAULT_STEADY
from stylefuse.video.pixels import Frame

# Frames for which pixels are fetched from one and the same earlier frame, the anchor: fetched from frame to frame,
# they drift, and are blurred each time.
_ANCHORED = 8
# From anchor to anchor they drift still. Each new anchor takes this part of what it shares with the key frame, the
# first one of the shot, from there; it is the next key frame itself if that one shows less than a part of its places.
_PULL, _LEAST_SEEN = 0.5, 0.15
# Difference of the source's frames at a place, levels, at which the share falls to 1/e: shadows, reflections, errors of
# the flow.
_ALIKE = 18.0
# Means of strokes that do not quite agree are soft, and softer with every frame. Where less than this part of the
# painted detail is left (over a square of so many px, beside a blur of so many px), it is amplified, at most so much.
_DETAIL, _OVER, _BLUR, _MOST = 1.0, 31, 2.0, 1.2
_SIDE = 1280  # px of the copy of the source in which motion is found, at most


class _Past(NamedTuple):
    """An earlier frame: the source's, in which motion is found, and the painted one."""

    source: Frame
    painted: Frame


class Steady:
    """Blends the frames of one shot, one after the other.

    Args:
        share: of what was painted before in places that were seen before, 0 to below 1; 0 leaves frames as they are.
        state: of an earlier `state()`, to go on from there.
    """

    def __init__(self, share: float = DEFAULT_STEADY, state: Mapping[str, np.ndarray] | None = None):
        self.share = share
        self._before: _Past | None = None
        if state:
            self._before = _Past(state["source"], state["painted"])
            self._anchor = _Past(state["anchor_source"], state["anchor_painted"])
            self._key = _Past(state["key_source"], state["key_painted"])
            self._places, self._seen, self._age = state["places"], state["seen"], int(state["age"])

    def __call__(self, source: Frame, painted: Frame) -> Frame:
        """Return the painted frame, blended.

        Args:
            source: the frame that was painted, H×W×3 uint8.
            painted: h×w×3 uint8, which may be larger.
        """
        if not self.share:
            return painted
        source = _reduced(source)
        if self._before is None:
            self._key = _Past(source, painted)
            self._set_anchor(self._key)
        else:
            self._age += 1
            painted, key_seen = self._blended(source, painted, self._before)
            if self._age == _ANCHORED:
                self._set_anchor(_Past(source, painted))
                if key_seen < _LEAST_SEEN:
                    self._key = self._anchor
        self._before = _Past(source, painted)
        return painted

    def state(self) -> dict[str, np.ndarray]:
        """What a new object needs to go on after the last frame."""
        if self._before is None:
            return {}
        return {
            "source": self._before.source,
            "painted": self._before.painted,
            "anchor_source": self._anchor.source,
            "anchor_painted": self._anchor.painted,
            "key_source": self._key.source,
            "key_painted": self._key.painted,
            "places": self._places,
            "seen": self._seen,
            "age": np.array(self._age),
        }

    def _set_anchor(self, anchor: _Past) -> None:
        height, width = anchor.source.shape[:2]
        self._anchor, self._age = anchor, 0
        self._places = unmoved(height, width)  # in the anchor
        self._seen = np.ones((height, width), np.float32)  # in the anchor and in all frames since

    def _blended(self, source: Frame, painted: Frame, before: _Past) -> tuple[Frame, float]:
        """Blend a frame; also return the part of it that the key frame shows, 1 if they were not compared."""
        step, seen = places_in(before.source, source)
        self._places = fetched(self._places, step)
        self._seen = fetched(self._seen, step) * seen * inside(self._places)
        known = seen * _alike(source, fetched(before.source, step))
        far = self._seen * _alike(source, fetched(self._anchor.source, self._places))
        old = _moved(before.painted, step)
        # The anchor where it shows the place as well as the frame before does.
        old += _part(far, known, painted) * (_moved(self._anchor.painted, self._places) - old)
        known, key_seen = np.maximum(known, far), 1.0
        if self._age == _ANCHORED:
            places, seen = places_in(self._key.source, source)
            key = seen * _alike(source, fetched(self._key.source, places))
            old += _PULL * _part(key, known, painted) * (_moved(self._key.painted, places) - old)
            known, key_seen = np.maximum(known, _PULL * key), float(seen.mean())
        share = self.share * _enlarged(known, painted)
        return _sharpened(painted + share * (old - painted), painted), key_seen


def _part(one: np.ndarray, known: np.ndarray, painted: Frame) -> np.ndarray:
    """The part to take from one source of pixels where others are known, of the painted frame's size."""
    return _enlarged(np.minimum(one / np.maximum(known, 1e-3), 1), painted)


def _enlarged(part: np.ndarray, painted: Frame) -> np.ndarray:
    return cv2.resize(part, (painted.shape[1], painted.shape[0]))[..., None]


def _sharpened(blended: np.ndarray, painted: Frame) -> Frame:
    """The blended frame, with detail amplified towards the painted one's where it has less, rounded."""
    left, wanted = (_detail(each) for each in (blended, painted.astype(np.float32)))
    factor = np.clip(_DETAIL * wanted / left, 1, _MOST)[..., None]
    soft = cv2.GaussianBlur(blended, (0, 0), _BLUR)
    return np.rint(soft + factor * (blended - soft)).clip(0, 255).astype(np.uint8)


def _detail(picture: np.ndarray) -> np.ndarray:
    """Deviation of luma from its blur around each place, H×W float32, levels."""
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    fine = np.square(luma - cv2.GaussianBlur(luma, (0, 0), _BLUR))
    return np.sqrt(cv2.boxFilter(fine, -1, (_OVER, _OVER)) + 0.2)


def _moved(painted: Frame, places: np.ndarray) -> np.ndarray:
    moved = fetched(painted, enlarged(places, *painted.shape[:2]), cv2.INTER_CUBIC)
    return moved.astype(np.float32)


def _alike(one: Frame, other: Frame) -> np.ndarray:
    """H×W float32: 1 for equal colours, less the more they differ, over 5×5 pixels."""
    apart = cv2.blur(cv2.absdiff(one, other).astype(np.float32).mean(axis=2), (5, 5))
    return np.exp(-apart / _ALIKE)


def _reduced(picture: Frame) -> Frame:
    scale = _SIDE / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
