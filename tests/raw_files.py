"""Picture files packed by hand, as no library at hand writes them all."""

import io
import struct
import zlib

from PIL import Image

GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6


def chunk(name, body):
    """A chunk of PNG with its checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(width, height, bits, colour_type, *extra, pixels=None, tail=b""):
    """Pack a PNG; `extra` are further chunks, (name, body), `pixels` is all of IDAT (zeros), `tail` follows it."""
    if pixels is None:
        channels = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}[colour_type]
        pixels = packed_zeros(height * (1 + (width * bits * channels + 7) // 8))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0))
    chunks = b"".join(chunk(*each) for each in extra)
    return b"\x89PNG\r\n\x1a\n" + header + chunks + chunk(b"IDAT", pixels) + tail + chunk(b"IEND", b"")


def packed_zeros(count):
    """So many zeros as zlib packs them: a thousandth."""
    packer, block = zlib.compressobj(9), bytes(1 << 20)
    parts = [packer.compress(block[: min(count - start, 1 << 20)]) for start in range(0, count, 1 << 20)]
    return b"".join(parts) + packer.flush()


def png(levels, colour_type, *extra):
    """Pack a 16-bit PNG; `extra` are further chunks, (name, body)."""
    height, width = levels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    return png_of(width, height, 16, colour_type, *extra, pixels=zlib.compress(rows))


def tiff_of(entries, body=b""):
    """Pack a TIFF of tags, (tag, type, count, value); a value in brackets is a place in `body`, which follows."""
    start = 8 + 2 + 12 * len(entries) + 4
    head = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    for tag, kind, count, value in entries:
        head += struct.pack(
            "<HHII", tag, kind, count, start + value[0] if isinstance(value, tuple) else value
        )
    return head + struct.pack("<I", 0) + body


def tiff(levels, order="<", **tags):
    """Pack an uncompressed 16-bit TIFF by hand; `tags` overrule, by name."""
    height, width = levels.shape[:2]
    channels = levels.shape[2] if levels.ndim == 3 else 1
    data = levels.astype(order + "u2").tobytes()
    after = 8 + len(data)
    fields = {"width": (256, width), "height": (257, height), "bits": (258, (16,) * channels)}
    fields |= {"compression": (259, 1), "photometric": (262, 2 if channels > 1 else 1), "offset": (273, 8)}
    fields |= {
        "samples": (277, channels),
        "rows": (278, height),
        "bytes": (279, len(data)),
        "planar": (284, 1),
    }
    fields |= {"orientation": (274, 1)} | ({"extra": (338, 2)} if channels == 4 else {})
    fields = sorted((tag, tags.get(name, value)) for name, (tag, value) in fields.items())
    bits = struct.pack(f"{order}{channels}H", *(16,) * channels)
    entries = b""
    for tag, value in fields:
        if isinstance(value, tuple) and len(value) > 2:
            entries += struct.pack(order + "HHII", tag, 3, len(value), after)
        elif isinstance(value, tuple):
            entries += struct.pack(order + "HHIHH", tag, 3, 1, value[0], 0)
        else:
            entries += struct.pack(order + "HHII", tag, 4, 1, value)
    start = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, after + len(bits))
    return start + data + bits + struct.pack(order + "H", len(fields)) + entries + struct.pack(order + "I", 0)


def file_of(image, file_format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def exif(orientation):
    found = Image.Exif()
    found[0x0112] = orientation
    return found.tobytes()[6:]


def same(found, expected):
    return found.dtype == expected.dtype and found.shape == expected.shape and bool((found == expected).all())
