"""Grey pictures of more than 8 bits: their levels, and conversion to 8 bits."""

from collections.abc import Iterator

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from stylefuse.images.files import ImageError

WHITE = 65535
# TIFF 6.0: bits a sample, and photometric interpretation.
_BITS, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0
# Values that are scaled at a time: a whole picture as float64 could take gigabytes.
_PART = 1 << 20


def is_deep_grey(image: Image.Image) -> bool:
    """Whether a picture is grey of 16 or 32 bits (or 12, which Pillow stores as 16)."""
    return image.mode.startswith("I") or image.mode == "F"


def is_grey_16(image: Image.Image) -> bool:
    """Whether a picture is grey of 16 bits unsigned (or 12)."""
    return image.mode.startswith("I;16")


def grey_16(image: Image.Image) -> np.ndarray:
    """Return the levels of a picture for which `is_grey_16`: H×W uint16, white is 65535, transparent pixels white."""
    levels: np.ndarray = np.asarray(image).astype(np.uint16)  # of the machine's byte order
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        levels[levels == clear] = WHITE
    if isinstance(image, TiffImageFile) and image.tag_v2.get(_BITS) == (12,):
        levels = (levels << 4) | (levels >> 8)  # 4095 becomes 65535
    return WHITE - levels if _is_negative(image) else levels


def grey_8(image: Image.Image) -> Image.Image:
    """Scale grey of 16 or 32 bits to 8.

    16-bit files span 0…65535 by definition. 32-bit integers and floats have no fixed white, so it is derived from the
    values: within 0…1 (floats), 0…255 or 0…65535 that range is used, otherwise minimum to maximum. NaN becomes the
    minimum.

    Raises:
        ImageError: no value is a number.
    """
    if is_grey_16(image):
        return Image.fromarray(rounded_8(grey_16(image)))
    values = np.asarray(image)
    low, high = _span(values)
    black, white = _black_and_white(low, high, image.mode == "F")
    levels = np.empty(values.size, np.uint8)
    for part, flat in _parts(values):
        known = np.nan_to_num(flat.astype(np.float64), nan=low, posinf=high, neginf=low)
        scaled = (known - black) * (255.0 / max(white - black, np.finfo(float).tiny))
        levels[part] = np.rint(scaled).clip(0, 255).astype(np.uint8)
    if _is_negative(image):
        levels = 255 - levels
    return Image.fromarray(levels.reshape(values.shape))


def rounded_8(levels: np.ndarray) -> np.ndarray:
    """Round levels of 16 bits to 8: 257 × 255 = 65535."""
    return ((np.arange(WHITE + 1) + 128) // 257).astype(np.uint8)[levels]


def _black_and_white(low: float, high: float, is_float: bool) -> tuple[float, float]:
    if low < 0 or high > WHITE:
        return low, high
    if is_float and high <= 1:
        return 0.0, 1.0
    return 0.0, 255.0 if high <= 255 else float(WHITE)


def _span(values: np.ndarray) -> tuple[float, float]:
    """Return the lowest and the highest finite value."""
    finite = (flat[np.isfinite(flat)] for _, flat in _parts(values))
    ends = [(float(some.min()), float(some.max())) for some in finite if some.size]
    if not ends:
        raise ImageError("damaged", "all pixel values of the picture are NaN or infinite", "export it again")
    return min(low for low, _ in ends), max(high for _, high in ends)


def _parts(values: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    flat = values.reshape(-1)
    for start in range(0, flat.size, _PART):
        yield slice(start, start + _PART), flat[start : start + _PART]


def _is_negative(image: Image.Image) -> bool:
    """Whether 0 is white, which Pillow handles in 8-bit pictures only."""
    return isinstance(image, TiffImageFile) and image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
