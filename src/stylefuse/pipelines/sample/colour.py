"""sRGB, CIELAB and luma, in plain elementwise arithmetic.

Not from a library that multiplies matrices: BLAS may sum in another order with another number of threads, and the
sample must be the same to the byte.
"""

import numpy as np

from stylefuse.images.luma import BLUE, GREEN, RED

# IEC 61966-2-1 primaries to XYZ, divided by the D65 white.
TO_XYZ = (
    (0.412453 / 0.95047, 0.357580 / 0.95047, 0.180423 / 0.95047),
    (0.212671, 0.715160, 0.072169),
    (0.019334 / 1.08883, 0.119193 / 1.08883, 0.950227 / 1.08883),
)
FROM_XYZ = tuple(tuple(row) for row in np.linalg.inv(TO_XYZ).tolist())


def luma(picture: np.ndarray) -> np.ndarray:
    """Return the Rec. 601 luma of a …×3 picture as float32, in the picture's own range."""
    red, green, blue = np.moveaxis(picture.astype(np.float32), -1, 0)
    return RED * red + GREEN * green + BLUE * blue


def rgb_to_lab(picture: np.ndarray) -> np.ndarray:
    """Return a …×3 uint8 sRGB picture as float32 CIELAB (D65; L 0..100)."""
    levels = np.arange(256) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4).astype(np.float32)
    x, y, z = (
        np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116) for t in _mix(linear[picture], TO_XYZ)
    )
    return np.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), -1)


def lab_to_rgb(lab: np.ndarray) -> np.ndarray:
    """Return …×3 CIELAB as float32 sRGB in 0..255; colours outside sRGB are clipped."""
    y = (lab[..., 0] + 16) / 116
    roots = np.stack((y + lab[..., 1] / 500, y, y - lab[..., 2] / 200), -1).astype(np.float32)
    xyz = np.where(roots > 0.2068966, roots**3, (roots - 16 / 116) / 7.787)
    linear = np.clip(np.stack(_mix(xyz, FROM_XYZ), -1), 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _mix(picture: np.ndarray, rows: tuple[tuple[float, float, float], ...]) -> list[np.ndarray]:
    first, second, third = np.moveaxis(picture, -1, 0)
    return [a * first + b * second + c * third for a, b, c in rows]
