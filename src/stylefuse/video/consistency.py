"""Keep painted frames of one shot alike: blend each with the frame before, moved along the flow of the source."""

from collections.abc import Mapping

import cv2
import numpy as np

from stylefuse.video.pixels import Frame

# Share of the frame before where it fits; see docs/video.md for what other shares cost.
DEFAULT_STEADY = 0.6
# Colour difference of the source frames, levels, at which the share falls to 1/e.
_ALIKE = 12.0
# Forward and backward flow that differ by more mark places that are hidden in one frame (Sundaram et al. 2010, eq. 5).
_RELATIVE, _ABSOLUTE = 0.01, 0.5


class Steady:
    """Blends the frames of one shot, one after the other.

    Args:
        share: of the frame before in places that both frames show, 0 to below 1; 0 leaves frames as they are.
        state: of an earlier `state()`, to go on from there.
    """

    def __init__(self, share: float = DEFAULT_STEADY, state: Mapping[str, np.ndarray] | None = None):
        self.share = share
        self._source: Frame | None = state["source"] if state else None
        self._painted: Frame | None = state["painted"] if state else None

    def __call__(self, source: Frame, painted: Frame) -> Frame:
        """Return the painted frame, blended.

        Args:
            source: the frame that was painted, H×W×3 uint8.
            painted: h×w×3 uint8, which may be larger.
        """
        if self.share and self._source is not None and self._painted is not None:
            flow, seen = flow_to(source, self._source)
            alike = np.exp(-_distance(source, warp(self._source, flow)) / _ALIKE)
            painted = _blended(painted, self._painted, flow, self.share * seen * alike)
        self._source, self._painted = source, painted
        return painted

    def state(self) -> dict[str, np.ndarray]:
        """What a new object needs to go on after the last frame."""
        if self._source is None or self._painted is None:
            return {}
        return {"source": self._source, "painted": self._painted}


def flow_to(picture: Frame, other: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Find where each place of a picture is in another one.

    Returns:
        The flow, H×W×2 float32 in px: (x, y) of the picture is at (x, y) + flow[y, x] in the other. And H×W float32, 1
        where both show the place, 0 where it is hidden in the other.
    """
    a, b = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (picture, other))
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)  # type: ignore[attr-defined]
    forward = search.calc(a, b, None)
    back = warp(search.calc(b, a, None), forward)
    apart = np.square(forward + back).sum(axis=2)
    size = np.square(forward).sum(axis=2) + np.square(back).sum(axis=2)
    return forward, (apart < _RELATIVE * size + _ABSOLUTE).astype(np.float32)


def warp(picture: np.ndarray, flow: np.ndarray, how: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Return what a picture shows at each place + flow; beyond its border it is repeated."""
    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(picture, x + flow[..., 0], y + flow[..., 1], how, borderMode=cv2.BORDER_REPLICATE)


def _blended(painted: Frame, before: Frame, flow: np.ndarray, share: np.ndarray) -> Frame:
    height, width = painted.shape[:2]
    if flow.shape[:2] != (height, width):
        scale = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
        flow = cv2.resize(flow, (width, height)) * scale
        share = cv2.resize(share, (width, height))
    moved = warp(before, flow, cv2.INTER_CUBIC).astype(np.float32)
    mixed = painted + share[..., None] * (moved - painted)
    return np.rint(mixed).clip(0, 255).astype(np.uint8)


def _distance(one: Frame, other: Frame) -> np.ndarray:
    """Mean difference of the channels, smoothed over some pixels, H×W float32 in levels."""
    return cv2.blur(cv2.absdiff(one, other).astype(np.float32).mean(axis=2), (5, 5))
