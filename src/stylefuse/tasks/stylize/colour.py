"""Give a restyled picture the photo's colours.

Gatys et al. 2016, "Preserving Color in Neural Artistic Style Transfer". In the paper,
"match" recolours the painting before the transfer. A feed-forward network has already learned the painting's colours,
so here the restyled picture is recoloured.
"""

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from stylefuse.images.luma import luma
from stylefuse.tasks.stylize.params import LUMA, MATCH

# Pixels that are held as float32 at a time.
_BAND = 1_000_000
# Levels. Smaller standard deviations are rounding to 8 bits; enlarging them would show noise.
_LEAST_DEVIATION = 1.0


def preserve_color(restyled: Image.Image, photo: Image.Image, how: str) -> Image.Image:
    """Give a restyled picture the photo's colours; both RGB, of one size.

    Args:
        how: "none": keep the restyled colours. "luma": the restyled luma with the photo's chroma, in YCbCr of Rec. 601
            (Gatys et al., 4.2). "match": map the restyled colours so that their mean and covariance over the picture
            are the photo's (4.1). Levels outside 0 to 255 are clipped.
    """
    if how == LUMA:
        # Cb and Cr depend on differences of R, G and B only, so adding one number to all three changes luma alone.
        return _banded(restyled, photo, lambda new, old: old + np.rint(luma(new - old))[..., None])
    if how == MATCH:
        matrix, shift = matching(*colours(restyled), *colours(photo))
        matrix, shift = matrix.astype(np.float32), shift.astype(np.float32)
        return _banded(restyled, photo, lambda new, old: np.rint(new @ matrix.T + shift))
    return restyled


def colours(picture: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """Return mean (3) and covariance (3×3) of a picture's R, G, B levels."""
    count, total, products = 0, np.zeros(3), np.zeros((3, 3))
    for box in _bands(picture):
        levels = np.asarray(picture.crop(box)).reshape(-1, 3).astype(np.float64) - 127.5
        count += len(levels)
        total += levels.sum(axis=0)
        products += levels.T @ levels
    mean = total / count
    return mean + 127.5, products / count - np.outer(mean, mean)


def matching(
    mean: np.ndarray,
    covariance: np.ndarray,
    wanted_mean: np.ndarray,
    wanted_covariance: np.ndarray,
    least_deviation: float = _LEAST_DEVIATION,
) -> tuple[np.ndarray, np.ndarray]:
    """Return matrix and shift of the affine map v ↦ matrix · v + shift from one mean and covariance to others.

    Gatys et al. fix the map up to a rotation, and some rotations exchange hues. This map moves colours least
    (Pitié and Kokaram 2007, "The linear Monge-Kantorovitch linear colour mapping").
    """
    root = _power(covariance, 0.5, least_deviation**2)
    inverse = _power(covariance, -0.5, least_deviation**2)
    matrix = inverse @ _power(root @ wanted_covariance @ root, 0.5) @ inverse
    return matrix, wanted_mean - matrix @ mean


def _power(covariance: np.ndarray, exponent: float, least: float = 0.0) -> np.ndarray:
    """Power of a symmetric matrix; eigenvalues below `least` count as `least`."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.maximum(values, least) ** exponent) @ vectors.T


def _banded(
    restyled: Image.Image, photo: Image.Image, change: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Image.Image:
    out = Image.new("RGB", restyled.size)
    for box in _bands(restyled):
        new, old = (np.asarray(each.crop(box)).astype(np.float32) for each in (restyled, photo))
        levels = change(new, old).clip(0, 255).astype(np.uint8)
        out.paste(Image.fromarray(levels), box[:2])
    return out


def _bands(picture: Image.Image) -> Iterator[tuple[int, int, int, int]]:
    """Yield boxes (left, top, right, bottom) that cover the picture from top to bottom."""
    rows = max(1, _BAND // picture.width)
    for top in range(0, picture.height, rows):
        yield 0, top, picture.width, min(top + rows, picture.height)
