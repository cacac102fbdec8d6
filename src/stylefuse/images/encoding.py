"""Encode result pictures as PNG, JPEG or WebP files."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from stylefuse.images.deep import encode_deep
from stylefuse.images.files import DEFAULT_LIMITS, ImageError, Limits
from stylefuse.images.io import encode_png
from stylefuse.images.metadata import SRGB_ALONE, kept_exif
from stylefuse.images.packets import png_chunk_body
from stylefuse.images.png import with_chunks

FORMATS = ("png", "jpeg", "webp")
SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
MIME_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
# Longest side, px: libjpeg's JPEG_MAX_DIMENSION, and WebP's 14 bits. PNG's limit is beyond any picture here.
LONGEST_SIDE = {"jpeg": 65_500, "webp": 16_383}
# Quality 95 keeps the strokes of a painting. JPEG keeps thin coloured lines by full colour resolution (4:4:4); WebP
# always halves it.
_OPTIONS = {"jpeg": {"quality": 95, "subsampling": 0}, "webp": {"quality": 95}}
_PERCEPTUAL = b"\0"  # content of PNG's sRGB chunk: the rendering intent

Picture = Image.Image | np.ndarray


def encode(
    picture: Picture,
    file_format: str = "png",
    exif_of: bytes | Path | None = None,
    limits: Limits = DEFAULT_LIMITS,
    packet: bytes = b"",
) -> tuple[bytes, str]:
    """Encode a picture as the bytes of a file.

    PNG keeps every level. JPEG and WebP have quality 95 and 8 bits; 16-bit levels are rounded.

    Args:
        picture: RGB, upright, in sRGB; or H×W or H×W×3, uint8 or uint16, see `images.deep`.
        file_format: one of `FORMATS`.
        exif_of: the file that the picture was made from. Its EXIF is copied by `images.metadata.kept_exif`, and the
            result is marked as sRGB. None: the file has no metadata.
        limits: for reading that file.
        packet: XMP to write into the file.

    Returns:
        The file; and a remark on EXIF that was lost because it is damaged, "" if nothing was lost.

    Raises:
        ImageError: a side is longer than the format can hold (code "too_long").
        ValueError: unknown format, or another shape or dtype.
    """
    if file_format not in FORMATS:
        raise ValueError(f"{file_format!r} is no format of a result: use one of {', '.join(FORMATS)}")
    check_sides(picture.size if isinstance(picture, Image.Image) else picture.shape[1::-1], file_format)
    exif, remark = (b"", "") if exif_of is None else kept_exif(exif_of, limits)
    if file_format == "png":
        data = encode_png(picture) if isinstance(picture, Image.Image) else encode_deep(picture)
        chunks = {} if exif_of is None else {b"sRGB": _PERCEPTUAL} | ({b"eXIf": exif} if exif else {})
        if packet:
            chunks[b"iTXt"] = png_chunk_body(packet)
        return with_chunks(data, chunks), remark
    options: dict[str, Any] = dict(_OPTIONS[file_format])
    if exif_of is not None:
        # JPEG and WebP mark sRGB in EXIF; the only other way is a whole colour profile.
        options["exif"] = b"Exif\0\0" + (exif or SRGB_ALONE)
    if packet:
        options["xmp"] = packet
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
    """Check a width and a height before the picture is computed.

    Raises:
        ImageError: a side is longer than the format can hold (code "too_long").
    """
    width, height = size
    longest = LONGEST_SIDE.get(file_format)
    if longest and max(width, height) > longest:
        raise ImageError(
            "too_long",
            f"the result has {width}×{height} pixels, and {file_format} holds {longest} a side at most",
            "use the format png",
        )
