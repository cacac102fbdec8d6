"""Decode and encode picture files; the only place for it, besides `images.deep` for 16 bits.

`Image.convert("RGB")` alone damages valid files silently: 16-bit grey becomes white, float TIFF black, colours under
transparent pixels appear, and EXIF rotation and colour profiles are ignored.
"""

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageCms
from torch import Tensor

from stylefuse._atomic import replacing
from stylefuse.images.colour import file_profile, is_grey, is_srgb, to_srgb
from stylefuse.images.files import (
    DEFAULT_LIMITS,
    WRITTEN,
    ImageError,
    Limits,
    check_pixels,
    opened,
)
from stylefuse.images.levels import grey_8, is_deep_grey, rounded_8
from stylefuse.images.sixteen import is_deep, read_deep
from stylefuse.images.upright import upright_turn

# PNG, header chunk (PNG 1.2, 11.2.2): offset of the bit depth in the file.
_PNG_DEPTH = 24


def decode(source: bytes | Path | Image.Image, limits: Limits = DEFAULT_LIMITS) -> Image.Image:
    """Decode a picture file, or a picture that Pillow has opened or made, to upright 8-bit sRGB.

    The format is recognised by content, not by name. Transparent pixels are blended with white. Animations, bursts and
    multi-page files give their first frame, HEIF its main picture. Colour information is applied (see `images.colour`);
    unreadable profiles and EXIF are ignored. 16-bit grey is divided by 257; 32-bit pixels are scaled by the range that
    they use (see `images.levels`).

    Returns:
        A PIL image of mode "RGB" with no metadata.

    Raises:
        ImageError: the file is not a picture, is damaged or exceeds the limits. Codes: unreadable, empty, too_large,
            too_many_pixels, not_a_picture, unsupported_format, damaged.
    """
    with opened(source, limits) as (image, data):
        return decode_opened(image, data, limits)


def decode_opened(image: Image.Image, data: bytes, limits: Limits = DEFAULT_LIMITS) -> Image.Image:
    """Decode a picture from `images.files.opened`, with the bytes of its file if known; see `decode`."""
    image.load()
    check_pixels(image.size, limits)  # HEIF decoders know the final size only now
    profile = file_profile(image, data)
    if profile and (deep := _from_16_bits(image, data, profile)):
        return deep
    clear = image.info.get("transparency")
    if image.format == "PNG" and clear is not None and data:
        # Pillow scales pixels to 8 bits but not the level that is transparent.
        depth = data[_PNG_DEPTH]
        if image.mode == "L" and depth < 8:
            image.info["transparency"] = clear * 255 // (2**depth - 1)
        elif image.mode == "RGB" and depth == 16:
            image.info["transparency"] = tuple(level >> 8 for level in clear)
    return _opaque_srgb(_upright(image), profile, is_grey(image, data))


def encode_png(image: Image.Image) -> bytes:
    """Encode a picture as the bytes of a PNG file, without metadata."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def save(image: Image.Image, path: Path) -> None:
    """Write a picture to `path` atomically. The suffix determines the format.

    Raises:
        ValueError: the suffix is not that of a supported format.
    """
    file_format = Image.registered_extensions().get(path.suffix.lower())
    if file_format not in WRITTEN:
        raise ValueError(f"cannot write a picture named {path.name}: use the suffix .png or .jpg")
    with replacing(path) as partial:
        image.save(partial, file_format, **({"quality": 95} if file_format in ("JPEG", "WEBP") else {}))


def to_tensor(picture: Image.Image | np.ndarray) -> Tensor:
    """Convert an RGB picture (PIL, or H×W×3 uint8) to 3×H×W float32 in [-1, 1]."""
    pixels = np.array(picture, copy=True)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"expected H×W×3 uint8, got {pixels.dtype} {pixels.shape}")
    return torch.from_numpy(pixels).permute(2, 0, 1).float().div_(127.5).sub_(1).contiguous()


def to_image(tensor: Tensor) -> Image.Image:
    """Convert 3×H×W in [-1, 1] to an RGB picture, rounding to the nearest level; values outside are clipped.

    `to_image(to_tensor(x))` gives exactly x.

    Raises:
        ValueError: not 3×H×W, or a value is not a number.
    """
    if tensor.ndim != 3 or tensor.shape[0] != 3:
        raise ValueError(f"expected 3×H×W, got {tuple(tensor.shape)}")
    levels = tensor.detach().float().cpu().add(1).mul(127.5)
    if not torch.isfinite(levels).all():
        raise ValueError("the picture holds values that are not numbers (NaN or infinite)")
    return Image.fromarray(levels.round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous().numpy())


def _from_16_bits(image: Image.Image, data: bytes, profile: bytes) -> Image.Image | None:
    """Convert a 16-bit file to sRGB before rounding to 8 bits, which keeps dark levels of a linear profile apart.

    Returns:
        None where the file has fewer bits, is sRGB already, or cannot be converted at 16 bits.
    """
    if not is_deep(image, data) or is_srgb(profile):
        return None
    try:
        levels = read_deep(image, data)
    except ImageError:  # of a kind that can only be read at 8 bits
        return None
    return Image.fromarray(rounded_8(levels.pixels)).convert("RGB") if levels.are_srgb else None


def _upright(image: Image.Image) -> Image.Image:
    turn = upright_turn(image)
    if turn is None:
        return image
    turned = image.transpose(turn)
    turned.info = dict(image.info)  # the colour profile and the transparent colour are still needed
    return turned


def _opaque_srgb(image: Image.Image, profile: bytes | None, grey: bool) -> Image.Image:
    """Convert any mode to opaque sRGB "RGB", by the picture's colour profile."""
    alpha = None
    if is_deep_grey(image):
        image = grey_8(image)
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        # A profile of greys does not fit three channels.
        image = image.getchannel("R") if grey else image.convert("RGB")
    elif image.mode in ("P", "1", "HSV", "YCbCr", "RGBX"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    rgb = to_srgb(image, profile)
    if rgb is None:
        rgb = _lab_to_rgb(image) if image.mode == "LAB" else image.convert("RGB")
    if alpha is None:
        alone = rgb.copy() if rgb is image else rgb
        alone.info = {}
        return alone
    opaque = Image.new("RGB", rgb.size, "white")
    opaque.paste(rgb, mask=alpha)
    return opaque


def _lab_to_rgb(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert converted is not None  # it is without `inPlace`
    return converted
