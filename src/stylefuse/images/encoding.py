"""Pictures as the files that are handed out: PNG, JPEG or WebP."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from stylefuse.images.deep import encode_deep
from stylefuse.images.files import DEFAULT_LIMITS, ImageError, Limits
from stylefuse.images.io import encode_png
from stylefuse.images.metadata import SRGB_ALONE, kept_exif
from stylefuse.images.png import with_chunks

FORMATS = ("png", "jpeg", "webp")
SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
MIME_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
# Pixels of a side: libjpeg's JPEG_MAX_DIMENSION, and the 14 bits of WebP. PNG has no limit that a picture reaches.
LONGEST_SIDE = {"jpeg": 65_500, "webp": 16_383}
# Quality 95 keeps the strokes of a painting; full colour resolution (4:4:4) keeps thin coloured lines
# in JPEG; WebP always halves it.
_OPTIONS = {"jpeg": {"quality": 95, "subsampling": 0}, "webp": {"quality": 95}}
_PERCEPTUAL = b"\0"  # the content of PNG's chunk sRGB: how colours are rendered that a device lacks

Picture = Image.Image | np.ndarray


def encode(
    picture: Picture,
    file_format: str = "png",
    exif_of: bytes | Path | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[bytes, str]:
    """Return a picture as the bytes of a file.

    PNG keeps every level. JPEG and WebP have quality 95 and 8 bits: 16-bit levels are rounded to the nearest.

    Args:
        picture: RGB, upright, in sRGB; or H×W or H×W×3, uint8 or uint16, as `images.deep` has them.
        file_format: one of `FORMATS`.
        exif_of: the file that the picture was made of. Its EXIF is kept as `images.metadata.kept_exif` does,
            and the file says that its colours are sRGB. None: the file says nothing but its pixels.
        limits: of that file.

    Returns:
        The file; and what of the EXIF was lost because it is damaged, "" if nothing was.

    Raises:
        ImageError: the picture has a longer side than the format can hold (code "too_long").
        ValueError: no such format, or no such picture.
    """
    if file_format not in FORMATS:
        raise ValueError(f"{file_format!r} is no format of a result: use one of {', '.join(FORMATS)}")
    check_sides(picture.size if isinstance(picture, Image.Image) else picture.shape[1::-1], file_format)
    exif, remark = (b"", "") if exif_of is None else kept_exif(exif_of, limits)
    if file_format == "png":
        data = encode_png(picture) if isinstance(picture, Image.Image) else encode_deep(picture)
        if exif_of is not None:
            data = with_chunks(data, {b"sRGB": _PERCEPTUAL} | ({b"eXIf": exif} if exif else {}))
        return data, remark
    options: dict[str, Any] = dict(_OPTIONS[file_format])
    if exif_of is not None:
        # JPEG and WebP name sRGB in EXIF: there is no other place for it but a whole colour profile.
        options["exif"] = b"Exif\0\0" + (exif or SRGB_ALONE)
    buffer = io.BytesIO()
    _eight_bits(picture).save(buffer, file_format.upper(), **options)
    return buffer.getvalue(), remark


def _eight_bits(picture: Picture) -> Image.Image:
    if isinstance(picture, Image.Image):
        return picture
    if picture.dtype == np.uint16:
        # 65535 = 255 × 257, so v / 257 spreads the levels evenly; + 128 rounds to the nearest.
        picture = ((picture.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return Image.fromarray(picture)


def check_sides(size: tuple[int, int], file_format: str) -> None:
    """Check a width and a height before the work that makes the picture.

    Raises:
        ImageError: the format cannot hold such a picture (code "too_long").
    """
    width, height = size
    longest = LONGEST_SIDE.get(file_format)
    if longest and max(width, height) > longest:
        raise ImageError(
            "too_long",
            f"the result has {width}×{height} pixels, and {file_format} holds {longest} a side at most",
            "use the format png",
        )
