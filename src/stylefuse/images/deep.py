"""Pictures for fusion, with the bit depth and the channels of their files: 8 or 16 bits, grey or colour.

The 65536 levels of scanners, microscopes and infrared cameras are kept from file to file. Other pictures are decoded by
`images.io` to 8 bits.
"""

import warnings
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stylefuse._atomic import write_whole
from stylefuse.images.dicom import is_dicom, read_dicom
from stylefuse.images.files import DEFAULT_LIMITS, Limits, contents, opened
from stylefuse.images.io import decode_opened, encode_png, save
from stylefuse.images.luma import batch_luma
from stylefuse.images.sixteen import is_deep, read_deep

# Written formats that can hold 16 bits.
_DEEP_SUFFIXES = (".png", ".tif", ".tiff")


def decode_deep(source: bytes | Path | Image.Image, limits: Limits = DEFAULT_LIMITS) -> np.ndarray:
    """Decode a picture file, or Pillow's picture, upright and opaque, with the levels and channels it has.

    16-bit PNG and TIFF, grey or RGB, keep every level; transparent pixels are blended with white at 16 bits. Colour
    profiles of primaries and curves are applied at 16 bits. Profiles with tables are not, since Pillow's colour engine
    has 8 bits only: the levels are taken as sRGB, with a warning. All other files, also HEIF and AVIF of any depth, are
    decoded by `images.io.decode` to 8 bits. DICOM files are read by `images.dicom`.

    Returns:
        H×W if the file is grey (modes L, LA, 1 and 16-bit grey), else H×W×3 RGB; uint16 or uint8. Colour files with
        three equal channels stay RGB.

    Raises:
        ImageError: as `images.io.decode`.
    """
    if not isinstance(source, Image.Image):
        source = contents(source, limits)
        if is_dicom(source):
            return read_dicom(source, limits)
    with opened(source, limits) as (image, data):
        if not is_deep(image, data):
            eight = decode_opened(image, data, limits)
            # Pillow's luma of three equal channels is exactly their level.
            return np.array(eight.convert("L") if image.mode in ("1", "L", "LA", "La") else eight)
        pixels, are_srgb = read_deep(image, data)
    if not are_srgb:
        # Callers must know that the colours differ from those that the picture's maker saw.
        warnings.warn(
            "a 16-bit picture's colour profile was not applied; its levels are taken as sRGB", stacklevel=2
        )
    return np.ascontiguousarray(pixels)


def encode_deep(pixels: np.ndarray) -> bytes:
    """Return H×W or H×W×3, uint8 or uint16, as a PNG file of the same depth and channels.

    Raises:
        ValueError: another shape or dtype.
    """
    _check(pixels)
    return encode_png(Image.fromarray(pixels)) if pixels.dtype == np.uint8 else _encode_16(pixels, ".png")


def save_deep(pixels: np.ndarray, path: Path) -> None:
    """Write H×W or H×W×3, uint8 or uint16, to `path` atomically. The suffix determines the format.

    Raises:
        ValueError: another shape or dtype, or the format of the suffix is not supported or cannot hold 16 bits.
    """
    _check(pixels)
    if pixels.dtype == np.uint8:
        return save(Image.fromarray(pixels), path)
    if path.suffix.lower() not in _DEEP_SUFFIXES:
        raise ValueError(f"{path.name} cannot hold 16 bits: use the suffix .png or .tif")
    write_whole(path, _encode_16(pixels, path.suffix.lower()))


def deep_to_tensor(pixels: np.ndarray) -> Tensor:
    """Turn H×W or H×W×3, uint8 or uint16, into 3×H×W float32 in [-1, 1]; grey three times.

    Float32 keeps all 65536 levels in [-1, 1] apart: `tensor_to_deep` restores them exactly.

    Raises:
        ValueError: another shape or dtype.
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
    values = batch_luma(values[None])[0, 0] if grey else values.permute(1, 2, 0)
    top = int(np.iinfo(dtype).max)
    levels = values.add(1).mul_(top / 2).round_().clamp_(0, top)
    return np.ascontiguousarray(levels.numpy().astype(dtype))


def _check(pixels: np.ndarray) -> None:
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.shape[2:] not in ((), (3,)) or pixels.ndim < 2:
        raise ValueError(f"expected H×W or H×W×3, uint8 or uint16, got {pixels.dtype} {pixels.shape}")
    if 0 in pixels.shape:
        raise ValueError(f"the picture has no pixels: {pixels.shape}")


def _encode_16(pixels: np.ndarray, suffix: str) -> bytes:
    stored = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., ::-1])
    done, data = cv2.imencode(suffix, stored)
    if not done:
        raise ValueError(f"a picture of {pixels.shape[1]}×{pixels.shape[0]} px cannot be written as {suffix}")
    return data.tobytes()
