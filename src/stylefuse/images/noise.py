"""Estimate the standard deviation of the noise in a picture."""

import numpy as np


def noise_level(picture: np.ndarray) -> float:
    """Standard deviation of a picture's noise, by the median of its diagonal differences (Donoho and Johnstone 1994).

    Args:
        picture: H×W or H×W×3, of any scale, which the result has too.
    """
    height, width = (side // 2 * 2 for side in picture.shape[:2])
    x = picture[:height, :width].astype(np.float32)
    diagonal = (x[::2, ::2] - x[1::2, ::2] - x[::2, 1::2] + x[1::2, 1::2]) / 2
    return float(np.median(np.abs(diagonal)) / 0.6745) if diagonal.size else 0.0
