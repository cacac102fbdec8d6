"""Pictures for fusion, where depth and greyness carry meaning: 8 or 16 bit, grey or colour.

The 65536 levels that scanners, microscopes and infrared cameras write are kept from file to file. What has no
such depth and is no plain grey goes through `images.io` and comes out as 8-bit RGB.
"""

import warnings
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stylefuse.images.colour import described, is_srgb
from stylefuse.images.files import DEFAULT_LIMITS, ImageError, Limits, opened, write_whole
from stylefuse.images.io import decode_opened, encode_png, save, upright_turn
from stylefuse.images.levels import WHITE, grey_16, is_grey_16
from stylefuse.images.matrix import to_srgb_16
from stylefuse.images.png import only_pixels

# The formats that are written here and hold 16 bits.
_DEEP_SUFFIXES = (".png", ".tif", ".tiff")
# PNG, header chunk (PNG 1.2, 11.2.2): where the bit depth and the colour type stand in the file.
_PNG_DEPTH, _PNG_COLOUR = 24, 25
_PNG_GREY_ALPHA = 4
# TIFF 6.0: bits a sample, how channels are stored, what a fourth channel means.
_BITS, _PLANAR, _EXTRA = 258, 284, 338
_PLANES_APART, _PREMULTIPLIED, _STRAIGHT = 2, 1, 2
# Pixels that are laid on white at a time: as 64 bits a picture at the limit would take gigabytes.
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


def decode_deep(source: bytes | Path, limits: Limits = DEFAULT_LIMITS) -> np.ndarray:
    """Decode a picture file, upright and opaque, with the levels and channels it has.

    16-bit PNG and TIFF, grey or RGB, keep every level as stored, but for what shines through: transparent
    pixels are laid on white, as 16 bits. Colour profiles of primaries and curves are applied at 16 bits. One that
    holds tables is **not** (no colour engine at hand converts 16 bits of RGB): the levels are taken as sRGB, with
    a warning. All else, HEIF and AVIF of any depth too, is decoded by `images.io.decode` to 8 bits.

    Returns:
        H×W if the file is grey (modes L, LA, 1 and 16-bit grey), else H×W×3 RGB; uint16 or uint8. Colour files
        whose channels happen to be equal stay RGB.

    Raises:
        ImageError: as `images.io.decode`.
    """
    with opened(source, limits) as (image, data):
        if is_grey_16(image):
            pixels = _deep_grey(image, data)
        elif _is_deep_colour(image, data):
            pixels = _deep_colour(image, data)
        else:
            eight = decode_opened(image, data, limits)
            # The three channels are equal, and Pillow's luma of equal channels is their level exactly.
            return np.array(eight.convert("L") if image.mode in ("1", "L", "LA", "La") else eight)
    return np.ascontiguousarray(pixels)


def encode_deep(pixels: np.ndarray) -> bytes:
    """Return H×W or H×W×3, uint8 or uint16, as a PNG file of the same depth and channels.

    Raises:
        ValueError: it is no such picture.
    """
    _check(pixels)
    return encode_png(Image.fromarray(pixels)) if pixels.dtype == np.uint8 else _encode_16(pixels, ".png")


def save_deep(pixels: np.ndarray, path: Path) -> None:
    """Write H×W or H×W×3 to `path`, all or nothing. The suffix chooses the format.

    Raises:
        ValueError: it is no such picture, or the format of that suffix is not ours or cannot hold 16 bits.
    """
    _check(pixels)
    if pixels.dtype == np.uint8:
        return save(Image.fromarray(pixels), path)
    if path.suffix.lower() not in _DEEP_SUFFIXES:
        raise ValueError(f"{path.name} cannot hold 16 bits: use the suffix .png or .tif")
    write_whole(path, _encode_16(pixels, path.suffix.lower()))


def deep_to_tensor(pixels: np.ndarray) -> Tensor:
    """Turn H×W or H×W×3, uint8 or uint16, into 3×H×W float32 in [-1, 1]; grey three times.

    Float32 tells 65536 levels in [-1, 1] apart more than 250 times over: `tensor_to_deep` gives them back.

    Raises:
        ValueError: it is no such picture.
    """
    _check(pixels)
    levels = torch.from_numpy(pixels.astype(np.float32))
    tensor = levels.div_(np.iinfo(pixels.dtype).max / 2).sub_(1)
    return (tensor.expand(3, -1, -1) if pixels.ndim == 2 else tensor.permute(2, 0, 1)).contiguous()


def tensor_to_deep(tensor: Tensor, dtype: type | np.dtype, grey: bool) -> np.ndarray:
    """Turn 3×H×W in [-1, 1] into levels of uint8 or uint16, rounding to the nearest; values outside are clipped.

    Args:
        dtype: np.uint8 or np.uint16.
        grey: return H×W, the luma (ITU-R BT.601) of the channels, else H×W×3.

    Raises:
        ValueError: not 3×H×W, a value is not a number, or another dtype.
    """
    dtype = np.dtype(dtype)
    if dtype not in (np.uint8, np.uint16):
        raise ValueError(f"a picture has levels of uint8 or uint16, not {dtype}")
    if tensor.ndim != 3 or tensor.shape[0] != 3:
        raise ValueError(f"expected 3×H×W, got {tuple(tensor.shape)}")
    values = tensor.detach().float().cpu()
    if not torch.isfinite(values).all():
        raise ValueError("the picture holds values that are not numbers (NaN or infinite)")
    values = 0.299 * values[0] + 0.587 * values[1] + 0.114 * values[2] if grey else values.permute(1, 2, 0)
    top = int(np.iinfo(dtype).max)
    levels = values.add(1).mul_(top / 2).round_().clamp_(0, top)
    return np.ascontiguousarray(levels.numpy().astype(dtype))


def _check(pixels: np.ndarray) -> None:
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.shape[2:] not in ((), (3,)) or pixels.ndim < 2:
        raise ValueError(f"expected H×W or H×W×3, uint8 or uint16, got {pixels.dtype} {pixels.shape}")
    if 0 in pixels.shape:
        raise ValueError(f"the picture has no pixels: {pixels.shape}")


def _deep_grey(image: Image.Image, data: bytes) -> np.ndarray:
    image.load()
    return _turned(_in_srgb(grey_16(image), described(image, data)), image)


def _is_deep_colour(image: Image.Image, data: bytes) -> bool:
    """Whether a file holds 16 bits a channel that Pillow would cut to 8. Of PNG, also grey with alpha."""
    if image.format == "PNG":
        return data[_PNG_DEPTH] == 16
    return (
        image.format == "TIFF" and image.mode.startswith("RGB") and set(image.tag_v2.get(_BITS, ())) == {16}
    )


def _deep_colour(image: Image.Image, data: bytes) -> np.ndarray:
    tags = dict(image.tag_v2) if image.format == "TIFF" else {}
    if tags.get(_PLANAR) == _PLANES_APART:
        remedy = "export it with interleaved channels, or as PNG"
        raise ImageError("damaged", "16-bit TIFF files with each channel stored apart cannot be read", remedy)
    image.load()  # finds damage, where OpenCV would hand out half a picture
    alone = data if tags else only_pixels(data)
    pixels = cv2.imdecode(np.frombuffer(alone, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.shape[:2] != (image.height, image.width):
        raise ImageError(
            "damaged", "the file's 16-bit pixels cannot be read", "export it again as 16-bit PNG"
        )
    grey = image.format == "PNG" and data[_PNG_COLOUR] == _PNG_GREY_ALPHA
    levels = pixels[..., 2] if grey else pixels[..., 2::-1]  # OpenCV's are blue, green, red, alpha
    levels = _in_srgb(levels, described(image, data)).reshape(*pixels.shape[:2], -1)
    alpha = tags.get(_EXTRA, (_STRAIGHT,))[0]
    if pixels.shape[2] == 4 and alpha in (_STRAIGHT, _PREMULTIPLIED):
        levels = _on_white(levels, pixels[..., 3:], alpha == _STRAIGHT)
    return _turned(levels[..., 0] if grey else levels, image)


def _in_srgb(levels: np.ndarray, profile: bytes | None) -> np.ndarray:
    """Convert 16-bit levels by a colour profile."""
    if not profile or is_srgb(profile):
        return levels
    converted = to_srgb_16(levels, profile)
    if converted is None:
        # To those who called: what they show or fuse has other colours than its maker saw.
        warnings.warn(
            "a 16-bit picture's colour profile was not applied; its levels are taken as sRGB", stacklevel=4
        )
        return levels
    return converted


def _on_white(levels: np.ndarray, alpha: np.ndarray, straight: bool) -> np.ndarray:
    """Lay H×W×C on white by alpha, H×W×1, both uint16; levels that are not straight were multiplied by it."""
    flat, cover = levels.reshape(-1, levels.shape[2]), alpha.reshape(-1, 1)  # a picture may be one row long
    laid = np.empty(flat.shape, np.uint16)
    for start in range(0, len(flat), _PART):
        part = slice(start, start + _PART)
        over = cover[part].astype(np.int64)
        inked = flat[part].astype(np.int64) * (over if straight else WHITE) + WHITE * (WHITE - over)
        laid[part] = ((inked + WHITE // 2) // WHITE).clip(0, WHITE)
    return laid.reshape(levels.shape)


def _turned(pixels: np.ndarray, image: Image.Image) -> np.ndarray:
    """Turn upright what PNG's EXIF says lies; TIFF is turned by Pillow and by OpenCV as they load it."""
    turn = upright_turn(image)
    return pixels if turn is None else _TURNS[turn](pixels)


def _encode_16(pixels: np.ndarray, suffix: str) -> bytes:
    stored = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., ::-1])
    done, data = cv2.imencode(suffix, stored)
    if not done:
        raise ValueError(f"a picture of {pixels.shape[1]}×{pixels.shape[0]} px cannot be written as {suffix}")
    return data.tobytes()
