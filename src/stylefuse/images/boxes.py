"""Colour coding of the main picture of AVIF and HEIF files, from their boxes (ISO 14496-12, ISO 23008-12)."""

import struct
from collections.abc import Iterator

# Far more than real files have: limits the time that a malicious file can take.
_MOST_BOXES = 10_000
_FULL = 4  # bytes of version and flags at the start of some boxes
_COLOUR_BYTES = 11


def code_points(data: bytes) -> tuple[int, int] | None:
    """Return primaries and transfer function of the main picture by their numbers in ITU-T H.273.

    Other pictures in the file (tiles, depth, gain map, HDR rendition) may be coded differently and are ignored.

    Returns:
        None where the file does not specify them, or is damaged.
    """
    try:
        meta = _first(data, b"meta")[_FULL:]
        properties = list(_boxes(_first(_first(meta, b"iprp"), b"ipco")))
        for number in _properties_of(
            _main_item(_first(meta, b"pitm")), _first(_first(meta, b"iprp"), b"ipma")
        ):
            name, body = properties[number - 1] if 0 < number <= len(properties) else (b"", b"")
            if name == b"colr" and body[:4] == b"nclx" and len(body) >= _COLOUR_BYTES:
                return struct.unpack_from(">HH", body, 4)
    except (struct.error, IndexError):
        pass
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of each box."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at + 8 > len(data):
            return
        length, name = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, start)
            start += 8
        end = at + length if length else len(data)
        if end < start:
            return
        yield name, data[start:end]
        at = end


def _first(data: bytes, name: bytes) -> bytes:
    return next((body for found, body in _boxes(data) if found == name), b"")


def _main_item(pitm: bytes) -> int:
    return struct.unpack_from(">I" if pitm[0] else ">H", pitm, _FULL)[0]


def _properties_of(item: int, ipma: bytes) -> list[int]:
    """Return the numbers of an item's properties, counted from 1."""
    wide_item, wide_number = ipma[0] >= 1, ipma[3] & 1
    (entries,) = struct.unpack_from(">I", ipma, _FULL)
    at = _FULL + 4
    for _ in range(min(entries, _MOST_BOXES)):
        (found,) = struct.unpack_from(">I" if wide_item else ">H", ipma, at)
        at += 4 if wide_item else 2
        count, size = ipma[at], 2 if wide_number else 1
        at += 1
        if found == item:
            numbers = struct.unpack_from(f">{count}{'H' if wide_number else 'B'}", ipma, at)
            return [number & (0x7FFF if wide_number else 0x7F) for number in numbers]
        at += count * size
    return []
