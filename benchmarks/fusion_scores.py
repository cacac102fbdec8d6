"""How close a fused picture is to its known truth."""

import cv2
import numpy as np

# Rounding to 8 bits alone costs 58.9 dB. What is better is a copy, whose PSNR has no meaning and no bound: a
# single one would swamp the mean.
BEST_PSNR = 60.0


def to_levels(picture: np.ndarray) -> np.ndarray:
    """Round a picture in [0, 1] to uint8 levels, as a file would hold it; values outside are clipped.

    Raises:
        ValueError: a value is not a number.
    """
    if not np.isfinite(picture).all():
        raise ValueError("the fused picture holds values that are not numbers")
    return np.rint(picture * 255).clip(0, 255).astype(np.uint8)


def psnr(picture: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio over RGB in dB, at most `BEST_PSNR`; both H×W×3 uint8."""
    error = np.mean((picture.astype(np.float64) - truth) ** 2)
    return float(min(BEST_PSNR, 10 * np.log10(255**2 / max(error, 1e-12))))


def ssim(picture: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity, -1 to 1, the mean over RGB; both H×W×3 uint8, at least 11×11.

    Wang et al. (2004): 11×11 Gaussian window of deviation 1.5, K1 = 0.01, K2 = 0.03, windows inside the picture.
    """
    x, y = picture.astype(np.float64), truth.astype(np.float64)

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(values, (11, 11), 1.5)[5:-5, 5:-5]

    mx, my = mean(x), mean(y)
    vx, vy, vxy = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(np.mean((2 * mx * my + c1) * (2 * vxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))))
