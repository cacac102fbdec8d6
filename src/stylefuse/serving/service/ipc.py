"""Frames between server and worker through pipes: a small JSON header and raw bytes."""

import asyncio
import json
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

_LENGTHS = struct.Struct(">IQ")


class Frame(NamedTuple):
    """header: plain values; body: bytes, perhaps none."""

    header: dict[str, Any]
    body: bytes = b""


def head(header: Mapping[str, Any], body: bytes | bytearray = b"") -> bytes:
    """All of a frame but its body, which follows it and is not copied."""
    text = json.dumps(header).encode()
    return _LENGTHS.pack(len(text), len(body)) + text


def write_frame(file: BinaryIO, header: Mapping[str, Any], body: bytes = b"") -> None:
    file.write(head(header, body))
    file.write(body)
    file.flush()


def read_frame(file: BinaryIO) -> Frame | None:
    """The next frame; None when the other side has closed the pipe, or died while it wrote."""
    lengths = file.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    header, body = _LENGTHS.unpack(lengths)
    text, data = file.read(header), file.read(body)
    return Frame(json.loads(text), data) if len(text) == header and len(data) == body else None


async def receive_frame(reader: asyncio.StreamReader) -> Frame:
    """The next frame.

    Raises:
        asyncio.IncompleteReadError: the other side has closed the pipe, or died while it wrote.
    """
    header, body = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
    text = await reader.readexactly(header)
    return Frame(json.loads(text), await reader.readexactly(body))
