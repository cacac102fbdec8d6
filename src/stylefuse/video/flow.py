"""Compute the optical flow between two frames, and move pixels along it.

Places are H×W×2 float32: for each pixel the x and y, in px, where it is in the other picture.
"""

import cv2
import numpy as np

from stylefuse.video.pixels import Frame

# Forward and backward flow that differ by more mark places that are hidden in one frame (Sundaram et al. 2010, eq. 5).
_RELATIVE, _ABSOLUTE = 0.01, 0.5


def unmoved(height: int, width: int) -> np.ndarray:
    """The places of a picture in itself."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.dstack([x, y])


def places_in(other: Frame, picture: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Find the places of a picture in another one, by DIS optical flow (Kroeger et al. 2016).

    Returns:
        The places, and H×W float32: 1 where both pictures show the place, 0 where it is hidden or outside in the other.
    """
    forward = flow(picture, other)
    places = unmoved(*forward.shape[:2]) + forward
    back = fetched(flow(other, picture), places)
    apart = np.square(forward + back).sum(axis=2)
    size = np.square(forward).sum(axis=2) + np.square(back).sum(axis=2)
    return places, (apart < _RELATIVE * size + _ABSOLUTE) * inside(places)


def flow(picture: Frame, other: Frame) -> np.ndarray:
    """How far each place of a picture has moved in another one, H×W×2 float32, px."""
    here, there = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (picture, other))
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)  # type: ignore[attr-defined]
    return search.calc(here, there, None)


def inside(places: np.ndarray) -> np.ndarray:
    """H×W float32: 1 where a place lies in a picture of that size."""
    height, width = places.shape[:2]
    x, y = places[..., 0], places[..., 1]
    return ((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)).astype(np.float32)


def fetched(picture: np.ndarray, places: np.ndarray, how: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Return what a picture shows at places in it; beyond its border it is repeated."""
    return cv2.remap(picture, places[..., 0], places[..., 1], how, borderMode=cv2.BORDER_REPLICATE)


def enlarged(places: np.ndarray, height: int, width: int) -> np.ndarray:
    """Convert places to copies of another size; coordinates are those of pixel centres."""
    h, w = places.shape[:2]
    if (h, w) == (height, width):
        return places
    scale = np.array([width / w, height / h], np.float32)
    return (cv2.resize(places, (width, height)) + np.float32(0.5)) * scale - np.float32(0.5)
