"""How close a fused picture is to its known truth."""

import numpy as np

from stylefuse.metrics import fusion_similarity

# Rounding to 8 bits alone limits PSNR to 58.9 dB. A higher value means a copy; it has no upper bound, and a single
# one would dominate the mean.
BEST_PSNR = 60.0


def to_levels(picture: np.ndarray) -> np.ndarray:
    """Round a picture in [0, 1] to uint8 levels, as a file holds it; values outside are clipped.

    Raises:
        ValueError: a value is not a number.
    """
    if not np.isfinite(picture).all():
        raise ValueError("the fused picture holds values that are not numbers")
    return np.rint(picture * 255).clip(0, 255).astype(np.uint8)


def psnr(picture: np.ndarray, truth: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio over RGB in dB, at most `BEST_PSNR`; both H×W×3 uint8."""
    return min(BEST_PSNR, fusion_similarity.psnr(picture, truth))
