"""Read the pixels of 16-bit files, grey or colour, with all levels."""

from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from stylefuse.images.colour import file_profile, is_srgb
from stylefuse.images.files import ImageError
from stylefuse.images.levels import WHITE, grey_16, is_grey_16
from stylefuse.images.matrix import to_srgb_16
from stylefuse.images.png import only_pixels
from stylefuse.images.upright import upright_turn

# PNG, header chunk (PNG 1.2, 11.2.2): offsets of bit depth and colour type in the file.
_PNG_DEPTH, _PNG_COLOUR = 24, 25
_PNG_GREY_ALPHA = 4
# TIFF 6.0: bits a sample, storage of channels, meaning of a fourth channel.
_BITS, _PLANAR, _EXTRA = 258, 284, 338
_PLANES_APART, _PREMULTIPLIED, _STRAIGHT = 2, 1, 2
# Pixels that are blended with white at a time: a whole picture as int64 could take gigabytes.
_PART = 1 << 20
_TURNS = {
    Image.Transpose.FLIP_LEFT_RIGHT: lambda pixels: pixels[:, ::-1],
    Image.Transpose.FLIP_TOP_BOTTOM: lambda pixels: pixels[::-1],
    Image.Transpose.ROTATE_90: lambda pixels: np.rot90(pixels),
    Image.Transpose.ROTATE_180: lambda pixels: pixels[::-1, ::-1],
    Image.Transpose.ROTATE_270: lambda pixels: np.rot90(pixels, -1),
    Image.Transpose.TRANSPOSE: lambda pixels: pixels.swapaxes(0, 1),
    Image.Transpose.TRANSVERSE: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
}


class Levels(NamedTuple):
    """Pixels of 16 bits, upright and opaque.

    pixels: H×W grey or H×W×3 RGB, uint16.
    are_srgb: False where the file has a profile that cannot be applied.
    """

    pixels: np.ndarray
    are_srgb: bool


def is_deep(image: Image.Image, data: bytes) -> bool:
    """Whether a file holds 16 bits a channel (or 12 of grey)."""
    return is_grey_16(image) or _is_colour(image, data)


def read_deep(image: Image.Image, data: bytes) -> Levels:
    """Read the pixels of a file for which `is_deep`.

    Raises:
        ImageError: the file is damaged, or stores its channels in separate planes.
    """
    if not is_grey_16(image):
        return _colour(image, data)
    image.load()
    pixels, fits = _in_srgb(grey_16(image), file_profile(image, data))
    return Levels(_turned(pixels, image), fits)


def _is_colour(image: Image.Image, data: bytes) -> bool:
    """Whether a file has 16 bits a channel that Pillow would reduce to 8; for PNG also grey with alpha."""
    if not data:  # Pillow has reduced it already
        return False
    if image.format == "PNG":
        return data[_PNG_DEPTH] == 16
    return (
        isinstance(image, TiffImageFile)
        and image.mode.startswith("RGB")
        and set(image.tag_v2.get(_BITS, ())) == {16}
    )


def _colour(image: Image.Image, data: bytes) -> Levels:
    tags = dict(image.tag_v2) if isinstance(image, TiffImageFile) else {}
    if tags.get(_PLANAR) == _PLANES_APART:
        remedy = "export it with interleaved channels, or as PNG"
        raise ImageError("damaged", "16-bit TIFF files with each channel stored apart cannot be read", remedy)
    image.load()  # finds damage; OpenCV would return half a picture
    alone = data if tags else only_pixels(data)
    pixels = cv2.imdecode(np.frombuffer(alone, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.shape[:2] != (image.height, image.width):
        raise ImageError(
            "damaged", "the file's 16-bit pixels cannot be read", "export it again as 16-bit PNG"
        )
    grey = image.format == "PNG" and data[_PNG_COLOUR] == _PNG_GREY_ALPHA
    levels = pixels[..., 2] if grey else pixels[..., 2::-1]  # OpenCV's order is blue, green, red, alpha
    levels, fits = _in_srgb(levels, file_profile(image, data))
    levels = levels.reshape(*pixels.shape[:2], -1)
    alpha = tags.get(_EXTRA, (_STRAIGHT,))[0]
    if pixels.shape[2] == 4 and alpha in (_STRAIGHT, _PREMULTIPLIED):
        levels = _on_white(levels, pixels[..., 3:], alpha == _STRAIGHT)
    return Levels(_turned(levels[..., 0] if grey else levels, image), fits)


def _in_srgb(levels: np.ndarray, profile: bytes | None) -> tuple[np.ndarray, bool]:
    """Convert levels to sRGB by a profile; return them unchanged, and False, where it cannot be applied."""
    if not profile or is_srgb(profile):
        return levels, True
    converted = to_srgb_16(levels, profile)
    return (levels, False) if converted is None else (converted, True)


def _on_white(levels: np.ndarray, alpha: np.ndarray, straight: bool) -> np.ndarray:
    """Blend H×W×C with white by alpha, H×W×1, both uint16.

    straight: whether levels are not yet multiplied by alpha.
    """
    flat, cover = (
        levels.reshape(-1, levels.shape[2]),
        alpha.reshape(-1, 1),
    )  # parts of pixels: rows may be long
    laid = np.empty(flat.shape, np.uint16)
    for start in range(0, len(flat), _PART):
        part = slice(start, start + _PART)
        over = cover[part].astype(np.int64)
        inked = flat[part].astype(np.int64) * (over if straight else WHITE) + WHITE * (WHITE - over)
        laid[part] = ((inked + WHITE // 2) // WHITE).clip(0, WHITE)
    return laid.reshape(levels.shape)


def _turned(pixels: np.ndarray, image: Image.Image) -> np.ndarray:
    """Rotate a PNG upright by its EXIF; Pillow and OpenCV rotate TIFF when they load it."""
    turn = upright_turn(image)
    return pixels if turn is None else _TURNS[turn](pixels)
