"""Reject files whose structure would take a decoder far more time or memory than their pixels.

Pillow creates Python objects for every segment, chunk, strip and number in a file, and libjpeg processes the whole
picture for every scan: a file of 20 MB can take half a minute and gigabytes for a picture of 64×64.
"""

import re
import struct
from itertools import count

# Each limit is many times what real files have, and takes a decoder a second or two at most.
MOST_SCANS = 64  # progressive JPEG has about 10
MOST_SEGMENTS = 5_000  # JPEG; each of up to 64 kB
MOST_FILL = 1_000  # bytes between two segments of JPEG
MOST_CHUNKS = 100_000  # PNG
MOST_COMMENTS = 10_000  # GIF; pixels contain their mark by chance every 65 kB
MOST_RUNS = 5_000_000  # bytes of run-length BMP, which Pillow decodes in Python
MOST_NUMBERS = 200_000  # of one TIFF tag; a palette of 16 bits has 196608

# A marker within a JPEG's coded pixels: not a stuffed zero, a restart or a fill byte.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_SCAN, _END, _START = 0xDA, 0xD9, 0xD8
# TIFF 6.0: types that are read as one block of bytes; bytes a number of the types of a tile's sides.
_BLOCKS, _WIDTHS = (1, 2, 7), {3: 2, 4: 4, 16: 8}
_TILE_WIDTH, _TILE_LENGTH = 322, 323
# BMP: offset of the compression, and its values for run lengths.
_BMP_COMPRESSION, _RUN_LENGTHS = 30, (1, 2)


def excess(data: bytes, max_pixels: int) -> str:
    """Return what a file has too much of; "" if nothing, or if it is truncated, which decoders report better.

    Args:
        data: the bytes of a file of any format.
        max_pixels: largest tile of a TIFF.
    """
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data.startswith(b"\x89PNG"):
            return _png(data)
        if data.startswith((b"II", b"MM")):
            return _tiff(data, max_pixels)
    except (struct.error, OverflowError):  # an offset beyond the end of the file
        return ""
    if data.startswith(b"BM") and len(data) > MOST_RUNS:
        (compression,) = struct.unpack_from("<I", data, _BMP_COMPRESSION)
        return f"run lengths of more than {MOST_RUNS / 1e6:g} MB" if compression in _RUN_LENGTHS else ""
    if data.startswith(b"GIF8") and data.count(b"\x21\xfe") > MOST_COMMENTS:
        return f"more than {MOST_COMMENTS} comments"
    return ""


def _jpeg(data: bytes) -> str:
    at, scans = 2, 0
    for segment in count():
        found = _JPEG_MARKER.search(data, at)
        if not scans and (found.start() if found else len(data)) - at > MOST_FILL:
            return "long gaps between its segments"
        if found is None:
            return ""
        marker, at = data[found.end() - 1], found.end()
        if marker == _END and scans:
            return ""  # further pictures of a burst may follow
        if marker == _SCAN:
            scans += 1
        if scans > MOST_SCANS:
            return f"more than {MOST_SCANS} scans"
        if segment > MOST_SEGMENTS:
            return f"more than {MOST_SEGMENTS} segments"
        if marker not in (_START, _END):
            at += struct.unpack_from(">H", data, at)[0]
    return ""


def _png(data: bytes) -> str:
    at = 8
    for _ in range(MOST_CHUNKS):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"IEND":
            return ""
        at += 12 + length
    return f"more than {MOST_CHUNKS} chunks"


def _tiff(data: bytes, max_pixels: int) -> str:
    little, big = data[:2] == b"II", data[2:3] == b"\x2b"
    order = "<" if little else ">"
    (at,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    (entries,) = struct.unpack_from(order + ("Q" if big else "H"), data, at)
    at += 8 if big else 2
    entry = struct.Struct(order + ("HHQ8s" if big else "HHI4s"))
    tile = dict.fromkeys((_TILE_WIDTH, _TILE_LENGTH), 0)
    if entries > MOST_NUMBERS:
        return f"more than {MOST_NUMBERS} tags"
    for _ in range(entries):
        tag, kind, numbers, value = entry.unpack_from(data, at)
        at += entry.size
        if kind not in _BLOCKS and numbers > MOST_NUMBERS:
            return f"a tag (number {tag}) of {numbers} numbers"
        if tag in tile and kind in _WIDTHS:
            tile[tag] = int.from_bytes(value[: _WIDTHS[kind]], "little" if little else "big")
    if tile[_TILE_WIDTH] * tile[_TILE_LENGTH] > max_pixels:
        return f"tiles of {tile[_TILE_WIDTH]}×{tile[_TILE_LENGTH]} pixels"
    return ""
