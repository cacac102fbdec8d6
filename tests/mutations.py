"""Damage to files as disks, networks and attackers do it, seeded so that every failure can be repeated."""

import struct
import zlib
from collections.abc import Iterator

import numpy as np

# Values at which sizes and counts overflow, in one to four bytes of either order.
_EDGES = [
    number.to_bytes(width, order, signed=number < 0)
    for width, numbers in ((1, (0, 1, 127, 255)), (2, (0, 1, 0x7FFF, 0xFFFF)), (4, (0, 1, 0x7FFFFFFF, -1)))
    for number in numbers
    for order in ("big", "little")
]
_PNG = b"\x89PNG\r\n\x1a\n"
# A decoder's decisions depend on the header; most bytes of a file are pixels.
_HEADER = 256


def damaged_copies(
    name: str, data: bytes, count: int, random: np.random.Generator
) -> Iterator[tuple[str, bytes]]:
    """Yield so many damaged copies of a file, each with a name; none of an empty one."""
    for number in range(count if data else 0):
        yield f"{name}, damaged #{number}", mutated(data, random)


def mutated(data: bytes, random: np.random.Generator) -> bytes:
    """Return a damaged copy of a file: one to four changes, half of them near its beginning."""
    broken = bytearray(data)
    for _ in range(random.integers(1, 5)):
        end = min(len(broken), _HEADER) if random.random() < 0.5 else len(broken)
        if end == 0:
            break
        at, kind = int(random.integers(end)), random.integers(6)
        span = int(random.integers(1, 64))
        if kind == 0:
            broken[at] ^= 1 << int(random.integers(8))
        elif kind == 1:
            broken[at] = int(random.integers(256))
        elif kind == 2:
            edge = _EDGES[random.integers(len(_EDGES))]
            broken[at : at + len(edge)] = edge
        elif kind == 3:
            del broken[at : at + span]
        elif kind == 4:
            broken[at:at] = broken[at : at + span]
        else:
            del broken[at + span :]
    damaged = bytes(broken)
    # With wrong checksums a PNG is refused before its damage reaches the decoder.
    return with_checksums(damaged) if damaged.startswith(_PNG) and random.random() < 0.7 else damaged


def with_checksums(png: bytes) -> bytes:
    """Return the PNG with right checksums of its chunks, as far as chunks can be followed."""
    parts, at = [png[:8]], 8
    while at + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, at)
        body = png[at + 4 : at + 8 + length]
        if at + 12 + length > len(png):
            break
        parts += [png[at : at + 4], body, struct.pack(">I", zlib.crc32(body))]
        at += 12 + length
    return b"".join(parts) + png[at:]
