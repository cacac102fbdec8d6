"""Measure how a result differs from its photo in colours and contrast, at a small size."""

import numpy as np
from PIL import Image

from stylefuse.images.luma import luma

SIDE = 256  # px: strokes are averaged away, colours of areas stay


def measured_differences(photo: Image.Image, result: Image.Image) -> dict[str, float]:
    """Differences between two RGB pictures of one scene, of any sizes.

    Returns:
        `colour_difference`: the mean of CIEDE2000 over both pictures at SIDE × SIDE (1 is just visible).
        `contrast_ratio`: the standard deviation of the result's luma over that of the photo's; absent for a flat photo.
    """
    from skimage.color import deltaE_ciede2000, rgb2lab

    first, second = (
        np.asarray(each.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32) / 255
        for each in (photo, result)
    )
    found = {"colour_difference": round(float(deltaE_ciede2000(rgb2lab(first), rgb2lab(second)).mean()), 2)}
    spread = float(luma(first).std())
    if spread > 0:
        found["contrast_ratio"] = round(float(luma(second).std()) / spread, 3)
    return found
