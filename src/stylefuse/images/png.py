"""Read and write chunks of PNG files (PNG 1.2, chapter 3)."""

import struct
import zlib

_SIGNATURE = 8  # bytes
_HEADER = 25  # bytes, of the first chunk


def only_pixels(png: bytes) -> bytes:
    """Return a PNG with only the chunks that pixels without a palette need, and with correct checksums.

    OpenCV would read frames of an animation as the picture, and never returns on a truncated chunk.

    Args:
        png: a file that Pillow can decode; the part after the pixels may be damaged.
    """
    head, pixels, at = [], [], _SIGNATURE
    while at + 12 <= len(png):
        length, name = struct.unpack_from(">I4s", png, at)
        body = png[at + 8 : at + 8 + length]
        if name == b"IDAT":
            pixels.append(body)
        elif pixels:
            break
        elif name in (b"IHDR", b"tRNS"):
            head.append(_chunk(name, body))
        at += 12 + length
    return b"".join([png[:_SIGNATURE], *head, _chunk(b"IDAT", b"".join(pixels)), _chunk(b"IEND", b"")])


def chunk_of(png: bytes, wanted: bytes) -> bytes:
    """Return the content of a chunk before the pixels; empty if there is none."""
    at = _SIGNATURE
    while at + 12 <= len(png):
        length, name = struct.unpack_from(">I4s", png, at)
        if name == wanted:
            return png[at + 8 : at + 8 + length]
        if name == b"IDAT":
            break
        at += 12 + length
    return b""


def with_chunks(png: bytes, chunks: dict[bytes, bytes]) -> bytes:
    """Insert chunks, content by name, after the header of a PNG."""
    start = _SIGNATURE + _HEADER
    return png[:start] + b"".join(_chunk(*each) for each in chunks.items()) + png[start:]


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
