"""Find the XMP packets in picture files by the structure of the file, without a decoder.

PNG: chunk iTXt. JPEG: segment APP1. WebP: chunk "XMP ". TIFF: tag 700.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from stylefuse.images import tiff

PNG_KEYWORD = "XML:com.adobe.xmp"
_JPEG_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"
_TIFF_TAG, _BYTES = 700, 1
_MOST_UNPACKED = 1_000_001  # bytes of a compressed packet: one more than is read
LONGEST_IN_JPEG = 65_502  # bytes: a segment has 65533, the prefix takes 29, with two to spare


def packets_in(data: bytes) -> list[bytes]:
    """Return the XMP packets of a PNG, JPEG, WebP or TIFF file, in their order; of other files, none.

    Args:
        data: the file; where it is damaged, what comes before the damage is read.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return [text for body in png_chunks(data, b"iTXt") if (text := _international_text(body))]
    if data.startswith(b"\xff\xd8"):
        bodies = jpeg_segments(data, 0xE1)
        return [body.removeprefix(_JPEG_PREFIX) for body in bodies if body.startswith(_JPEG_PREFIX)]
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return list(webp_chunks(data, b"XMP "))
    if tiff.is_tiff(data):
        return tiff.contents(data, _TIFF_TAG)
    return []


def saving(packet: bytes) -> dict[str, Any]:
    """Return parameters with which Pillow writes a packet, in any of the four formats."""
    text = PngInfo()
    text.add_itxt(PNG_KEYWORD, packet.decode("utf-8"))
    tags = ImageFileDirectory_v2()
    tags.tagtype[_TIFF_TAG] = _BYTES
    tags[_TIFF_TAG] = packet
    return {"pnginfo": text, "xmp": packet, "tiffinfo": tags}


def png_chunk_body(packet: bytes) -> bytes:
    """Return the content of the iTXt chunk that holds a packet, uncompressed as XMP demands."""
    return PNG_KEYWORD.encode() + b"\0\0\0\0\0" + packet


def png_chunks(data: bytes, wanted: bytes) -> Iterator[bytes]:
    at = 8
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == wanted:
            yield data[at + 8 : at + 8 + length]
        at += 12 + length


def jpeg_segments(data: bytes, wanted: int) -> Iterator[bytes]:
    """Contents of the segments with this marker (0xE1: APP1) before the pixels."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xDA:
            return
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker == wanted:
            yield data[at + 4 : at + 2 + length]
        at += 2 + max(length, 2)


def webp_chunks(data: bytes, wanted: bytes) -> Iterator[bytes]:
    at = 12
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        if name == wanted:
            yield data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _international_text(body: bytes) -> bytes:
    """The packet in an iTXt chunk; b"" if the chunk holds something else."""
    keyword, _, rest = body.partition(b"\0")
    if keyword != PNG_KEYWORD.encode() or len(rest) < 2:
        return b""
    text = rest[2:].split(b"\0", 2)[-1]
    if not rest[0]:
        return text
    try:
        return zlib.decompressobj().decompress(text, _MOST_UNPACKED)
    except zlib.error:
        return b""
