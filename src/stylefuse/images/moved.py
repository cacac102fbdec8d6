"""Map how much each place of a picture was changed."""

import cv2
import numpy as np
from PIL import Image

SIDE = 512  # px of the map's longer side at most
FULL = 50.0  # ΔE of white; black and white differ by 100, a just visible change is about 2


def moved(before: Image.Image, after: Image.Image) -> np.ndarray:
    """Return h×w float32 in [0, 1]: the colour difference ΔE (CIE 1976) of every place, as a part of `FULL`.

    Args:
        before, after: RGB of one size, in sRGB. They are scaled down to `SIDE` first, so that it is colours that are
            compared, not single pixels.
    """
    difference = _lab(after) - _lab(before)
    return np.clip(np.linalg.norm(difference, axis=2) / FULL, 0, 1).astype(np.float32)


def _lab(picture: Image.Image) -> np.ndarray:
    """CIE L*a*b* of the picture at `SIDE`, white point D65."""
    scale = min(1.0, SIDE / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = picture.resize(size, Image.Resampling.BOX, reducing_gap=1.0) if scale < 1 else picture
    return cv2.cvtColor(np.asarray(small, np.float32) / 255, cv2.COLOR_RGB2Lab)
