"""Files that people take for pictures and that are none, damaged ones, and ones made to exhaust a decoder.

Each has its verdict: the code of the `ImageError`, or, where the pixels are sound, the colour of the picture's
top left corner. What is decided by purpose and not by nature:

- What a file holds decides, not its name.
- PNG: a wrong checksum means damage, but for that of the pixels, which have a second one of zlib's; colours that
  the palette lacks are black, as in browsers.
- BMP: a negative height means rows from the top, as its format says.
- EXIF and colour profiles that cannot be read are as good as none: their pixels are sound.
- Animations give their first frame, whatever follows it.
"""

import struct
import zlib
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image

from raw_files import chunk, file_of, packed_zeros, png_of, tiff_of

RED = (200, 40, 30)
SIDE = 64
ENTIRE = 19_000_000  # bytes: what may be sent, nearly


class Bad(NamedTuple):
    """verdict: the error's code, or the level of red in the top left corner (within 8)."""

    make: Callable[[], bytes]
    verdict: str | int


def picture() -> Image.Image:
    """Noise, so that no byte of a file can be missing unnoticed, with a red corner."""
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    pixels[:16, :16] = RED
    return Image.fromarray(pixels)


def cut(file_format: str, share: float) -> bytes:
    data = file_of(picture(), file_format)
    return data[: int(len(data) * share)]


def flipped(file_format: str) -> bytes:
    """A byte in the middle of the pixels with all its bits turned."""
    data = bytearray(file_of(picture(), file_format))
    data[len(data) // 2] ^= 0xFF
    return bytes(data)


def wrong_checksum(name: bytes) -> bytes:
    data = bytearray(file_of(picture()))
    at = data.index(name)
    (length,) = struct.unpack_from(">I", data, at - 4)
    data[at + 4 + length] ^= 0xFF
    return bytes(data)


def grey_rows(side: int) -> bytes:
    return b"".join(b"\0" + bytes([RED[0]] * side) for _ in range(side))


def palette_png(*chunks: tuple[bytes, bytes]) -> bytes:
    return png_of(4, 4, 8, 3, *chunks, pixels=zlib.compress(b"\0\1\1\1\1" * 4))


def bmp(width: int, height: int, body: bytes, bits: int = 24, compression: int = 0) -> bytes:
    """BMP with a header of 40 bytes; 8 bits have a palette of zeros."""
    start = 54 + (1024 if bits == 8 else 0)
    head = struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start)
    head += struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(body), 0, 0, 0, 0)
    return head + bytes(start - 54) + body


def twelve_bits() -> bytes:
    data = bytearray(file_of(picture(), "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    return bytes(data)


def with_segments(*segments: bytes, copies: int = 1) -> bytes:
    """JPEG with segments of its header repeated."""
    data = file_of(picture(), "JPEG", quality=95, subsampling=0)
    return data[:2] + b"".join(segments) * copies + data[2:]


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def many_scans(copies: int) -> bytes:
    """Progressive JPEG whose last scan comes again and again."""
    data = file_of(Image.new("RGB", (512, 512), RED), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    tables = data.rindex(b"\xff\xc4", 0, last)
    return data[:-2] + data[tables:-2] * copies + data[-2:]


def entries_of(tag: int, kind: int, numbers: int, value: int | tuple[int]) -> list[tuple]:
    """Tags of a TIFF of 64×64 grey pixels, one of them as given."""
    sides = [(256, 4, 1, SIDE), (257, 4, 1, SIDE), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    strip = [(273, 4, 1, (0,)), (277, 3, 1, 1), (278, 4, 1, SIDE), (279, 4, 1, SIDE * SIDE)]
    return sorted({entry[0]: entry for entry in [*sides, *strip, (tag, kind, numbers, value)]}.values())


def huge_tile() -> bytes:
    side = 7_000
    tile = packed_zeros(side * side)
    sides = [
        (256, 4, 1, SIDE),
        (257, 4, 1, SIDE),
        (258, 3, 1, 8),
        (259, 3, 1, 8),
        (262, 3, 1, 1),
        (277, 3, 1, 1),
    ]
    return tiff_of(
        [*sides, (322, 4, 1, side), (323, 4, 1, side), (324, 4, 1, (0,)), (325, 4, 1, len(tile))], tile
    )


def looped_tiff() -> bytes:
    """A TIFF whose list of pages comes back to the first."""
    data = bytearray(tiff_of(entries_of(305, 2, 4, 0), bytes(SIDE * SIDE)))
    (entries,) = struct.unpack_from("<H", data, 8)
    struct.pack_into("<I", data, 10 + 12 * entries, 8)
    return bytes(data)


def gif_of(frames: int) -> bytes:
    """GIF of red frames: the last one of two repeated."""
    two = file_of(
        Image.new("RGB", (4, 4), RED), "GIF", save_all=True, append_images=[Image.new("RGB", (4, 4))]
    )
    second = two.rindex(b"\x21\xf9")
    return two[:second] + two[second:-1] * (frames - 1) + two[-1:]


def gif_with_comments(count: int) -> bytes:
    data = file_of(Image.new("L", (8, 8)), "GIF")
    at = 13 + 3 * (2 << (data[10] & 7))
    return data[:at] + b"\x21\xfe\1a\0" * count + data[at:]


def nested_icon() -> bytes:
    """ICO that holds a PNG that names itself an ICO inside."""
    inner = file_of(picture())
    icon = struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 64, 64, 0, 0, 1, 32, len(inner) + 22, 22)
    return icon + icon + inner


def archive() -> bytes:
    """A zip archive with a picture in it."""
    import zipfile

    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.png", file_of(picture()))
    return buffer.getvalue()


def big_exif() -> bytes:
    """EXIF of 60000 entries, each claiming the same 18 MB: a terabyte."""
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", 60_000)
    entries = b"".join(struct.pack("<HHII", 1_000 + i, 7, 18_000_000, 100) for i in range(60_000))
    return png_of(
        SIDE, SIDE, 8, 0, (b"eXIf", head + entries + bytes(18_000_000)), pixels=zlib.compress(grey_rows(SIDE))
    )


BAD = {
    "empty": Bad(lambda: b"", "empty"),
    "one byte": Bad(lambda: b"\xff", "not_a_picture"),
    "text": Bad(lambda: b"ein Brief, kein Bild", "not_a_picture"),
    "html": Bad(lambda: b"<!doctype html><img src=x>", "not_a_picture"),
    "svg": Bad(lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "not_a_picture"),
    "javascript": Bad(lambda: b"fetch('http://example.org')", "not_a_picture"),
    "zip": Bad(archive, "not_a_picture"),
    "pdf": Bad(lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "not_a_picture"),
    "program": Bad(lambda: b"MZ\x90\0\3\0\0\0\4\0\0\0" + bytes(500), "not_a_picture"),
    **{
        f"{file_format} cut at {share:.0%}": Bad(partial(cut, file_format, share), "damaged")
        for file_format in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP")
        for share in (0.1, 0.5, 0.9)
    },
    "JPEG of its signature alone": Bad(lambda: b"\xff\xd8\xff", "damaged"),
    "PNG, byte flipped": Bad(partial(flipped, "PNG"), "damaged"),
    "JPEG, byte flipped": Bad(partial(flipped, "JPEG"), RED[0]),  # Huffman codes have no checksum
    "BMP, byte flipped": Bad(partial(flipped, "BMP"), RED[0]),
    "TIFF, byte flipped": Bad(partial(flipped, "TIFF"), RED[0]),
    "PNG, wrong checksum of the header": Bad(partial(wrong_checksum, b"IHDR"), "damaged"),
    "PNG, wrong checksum of the pixels": Bad(partial(wrong_checksum, b"IDAT"), RED[0]),
    "PNG without its palette": Bad(palette_png, "damaged"),
    "PNG, palette too long": Bad(partial(palette_png, (b"PLTE", bytes(900))), "damaged"),
    "PNG, palette too short": Bad(partial(palette_png, (b"PLTE", bytes([9, 9, 9]))), 0),
    "PNG 0 wide": Bad(lambda: png_of(0, 8, 8, 2), "damaged"),
    "PNG 0 high": Bad(lambda: png_of(8, 0, 8, 2), "damaged"),
    "PNG of 3 bits": Bad(lambda: png_of(8, 8, 3, 0), "damaged"),
    "GIF 0 wide": Bad(lambda: b"GIF89a\0\0\x08\0\0\0\0;", "damaged"),
    "BMP, negative width": Bad(lambda: bmp(-4, 4, bytes(48)), "too_many_pixels"),  # 4294967292
    "BMP, negative height": Bad(lambda: bmp(4, -4, bytes([*RED[::-1]] * 4) + bytes(36)), RED[0]),
    "PNG 65535×1": Bad(
        lambda: png_of(65535, 1, 8, 0, pixels=zlib.compress(b"\0" + bytes([200] * 65535))), 200
    ),
    "JPEG of 12 bits": Bad(twelve_bits, "damaged"),
    "icon in an icon": Bad(nested_icon, "unsupported_format"),
    "EXIF that is none": Bad(lambda: with_segments(segment(0xE1, b"Exif\0\0" + bytes(range(200)))), RED[0]),
    "EXIF cut short": Bad(lambda: with_segments(segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\xff\xff")), RED[0]),
    "EXIF of 19 MB in 300 segments": Bad(
        lambda: with_segments(segment(0xE1, b"Exif\0\0" + bytes(65_500)), copies=300)[: ENTIRE + 10**6],
        RED[0],
    ),
    "EXIF that claims a terabyte": Bad(big_exif, RED[0]),
    "colour profile that is none": Bad(lambda: file_of(picture(), icc_profile=b"no profile"), RED[0]),
    "colour profile cut short": Bad(lambda: file_of(picture(), icc_profile=bytes(200)), RED[0]),
    "GIF of 10000 frames": Bad(partial(gif_of, 10_000), RED[0]),
    "TIFF whose pages go in circles": Bad(looped_tiff, 0),
    "PNG of 100 megapixels in 12 kB": Bad(lambda: png_of(10_000, 10_000, 1, 0), "too_many_pixels"),
    "PNG of 196 megapixels": Bad(lambda: png_of(14_000, 14_000, 1, 0), "too_many_pixels"),
    "PNG of 10 gigapixels": Bad(lambda: png_of(100_000, 100_000, 8, 2, pixels=b""), "too_many_pixels"),
    "PNG of 2147483647 a side": Bad(
        lambda: png_of(2**31 - 1, 2**31 - 1, 8, 2, pixels=b""), "too_many_pixels"
    ),
    "GIF of 65535 a side": Bad(
        lambda: b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\0;", "too_many_pixels"
    ),
    **{
        f"PNG, {name.decode()} of 100 MB": Bad(
            lambda name=name, head=head: png_of(8, 8, 8, 2, (name, head + packed_zeros(10**8))), "damaged"
        )
        for name, head in ((b"zTXt", b"a\0\0"), (b"iTXt", b"a\0\1\0\0\0"), (b"iCCP", b"a\0\0"))
    },
    "file of 20.1 MB": Bad(lambda: file_of(picture()) + bytes(20_100_000), "too_large"),
    "PNG of 1.5 million chunks": Bad(
        lambda: png_of(8, 8, 8, 2, tail=chunk(b"abCd", b"") * (ENTIRE // 12)), "damaged"
    ),
    "JPEG of 4 million segments": Bad(
        lambda: with_segments(segment(0xFE, b""), copies=ENTIRE // 4), "damaged"
    ),
    "JPEG, 19 MB between two segments": Bad(lambda: with_segments(b"\xff" * ENTIRE), "damaged"),
    "JPEG of 10000 scans": Bad(partial(many_scans, 10_000), "damaged"),
    "GIF of 3 million comments": Bad(partial(gif_with_comments, ENTIRE // 5), "damaged"),
    "TIFF of 4 million strips": Bad(
        lambda: tiff_of(entries_of(273, 4, ENTIRE // 4, (0,)), bytes(ENTIRE)), "damaged"
    ),
    "TIFF of 2 million widths": Bad(
        lambda: tiff_of(entries_of(282, 5, ENTIRE // 8, (0,)), bytes(ENTIRE)), "damaged"
    ),
    "TIFF, tile of 49 megapixels": Bad(huge_tile, "damaged"),
    "BMP, 19 MB of run lengths": Bad(lambda: bmp(6000, 6000, b"\2\1" * (ENTIRE // 2), 8, 1), "damaged"),
}
