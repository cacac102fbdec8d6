"""Measure how a result differs from its photo in colours and contrast: as numbers, and as a map of places."""

import numpy as np
from PIL import Image

from stylefuse.images.luma import luma

SIDE = 256  # px, of the numbers: strokes are averaged away, colours of areas stay
MAP_SIDE = 512  # px of a map's longer side at most
FULL = 50.0  # colour difference that a map shows as white; black and white differ by 100


def measured_differences(photo: Image.Image, result: Image.Image) -> dict[str, float]:
    """Differences between two RGB pictures of one scene, of any sizes.

    Returns:
        `colour_difference`: the mean of CIEDE2000 over both pictures at SIDE × SIDE (1 is just visible).
        `contrast_ratio`: the standard deviation of the result's luma over that of the photo's; absent for a flat photo.
    """
    first, second = (_scaled(each, (SIDE, SIDE)) for each in (photo, result))
    found = {"colour_difference": round(float(_colour_difference(first, second).mean()), 2)}
    spread = float(luma(first).std())
    if spread > 0:
        found["contrast_ratio"] = round(float(luma(second).std()) / spread, 3)
    return found


def moved(photo: Image.Image, result: Image.Image) -> np.ndarray:
    """Map how much each place was changed: h×w float32 in [0, 1], CIEDE2000 as a part of `FULL`.

    Args:
        photo, result: RGB of one size. They are scaled down to `MAP_SIDE` first, so that colours of areas are compared,
            not single pixels.
    """
    scale = min(1.0, MAP_SIDE / max(photo.size))
    size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
    difference = _colour_difference(_scaled(photo, size), _scaled(result, size))
    return np.clip(difference / FULL, 0, 1).astype(np.float32)


def _scaled(picture: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """The picture at a size, each pixel the mean of its area: H×W×3 float32 in [0, 1]."""
    return np.asarray(picture.resize(size, Image.Resampling.BOX), np.float32) / 255


def _colour_difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """CIEDE2000 at every place of two sRGB pictures, H×W×3 in [0, 1]."""
    from skimage.color import deltaE_ciede2000, rgb2lab

    return deltaE_ciede2000(rgb2lab(first), rgb2lab(second))
