"""Smooth fields that the renderings share: noise, and the direction of edges."""

import numpy as np
from PIL import Image
from scipy import ndimage


def smooth_noise(rng: np.random.Generator, side: int, cells: int) -> np.ndarray:
    """Return side×side float32 noise of mean 0 and deviation 1 that varies over about side/cells pixels."""
    coarse = rng.standard_normal((cells + 3, cells + 3)).astype(np.float32)
    fine = np.asarray(
        Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC, (1, 1, cells + 1, cells + 1))
    )
    return (fine - fine.mean()) / (fine.std() + 1e-6)


def edge_direction(tone: np.ndarray, sigma: float, calm: np.ndarray) -> np.ndarray:
    """Return the angle along edges, in radians, of an H×W picture in 0..1.

    The angle is that of the smallest eigenvector of the structure tensor, smoothed over `sigma` pixels
    (Kyprianidis and Döllner, "Image abstraction by structure adaptive filtering", 2008). Where the picture is
    flat and gives no direction, the angle turns to `calm` (H×W, radians).
    """
    dy = ndimage.gaussian_filter(tone, sigma / 3, order=(1, 0))
    dx = ndimage.gaussian_filter(tone, sigma / 3, order=(0, 1))
    # Twice the angle, as a vector: directions θ and θ + π are the same and must not cancel out.
    along_x = ndimage.gaussian_filter(dx * dx - dy * dy, sigma)
    along_y = ndimage.gaussian_filter(2 * dx * dy, sigma)
    # A fraction of the mean: where edges are strong throughout, `calm` must not bend them.
    weight = 0.15 * np.hypot(along_x, along_y).mean() + 1e-8
    # Gradients point across edges, so the direction along them has the opposite doubled vector.
    return 0.5 * np.arctan2(weight * np.sin(2 * calm) - along_y, weight * np.cos(2 * calm) - along_x)


def enlarge(field: np.ndarray, times: int) -> np.ndarray:
    """Return an H×W float32 field `times` as wide and high, interpolated bicubically."""
    size = (field.shape[1] * times, field.shape[0] * times)
    return np.asarray(Image.fromarray(field.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))


def look_up(field: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return `field` (H×W or H×W×C) at the nearest pixels to x, y; positions outside read the border."""
    row = np.clip(np.rint(y), 0, field.shape[0] - 1).astype(np.intp)
    column = np.clip(np.rint(x), 0, field.shape[1] - 1).astype(np.intp)
    return field[row, column]
