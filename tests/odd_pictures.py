"""Valid files that are often read wrong: rare modes, turned pictures, several frames, extreme sizes.

All of one scene (but for the sizes): four quarters of four colours, which tell every turn apart, or their greys.
"""

import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms

from raw_files import GREY, RGB, RGB_ALPHA, file_of, png, png_of, tiff, tiff_of

WIDTH, HEIGHT = 48, 32
# What is stored for EXIF's orientation 1 … 8, so that the scene comes out upright.
STORED = dict(
    enumerate(
        [
            None,
            Image.Transpose.FLIP_LEFT_RIGHT,
            Image.Transpose.ROTATE_180,
            Image.Transpose.FLIP_TOP_BOTTOM,
            Image.Transpose.TRANSPOSE,
            Image.Transpose.ROTATE_90,
            Image.Transpose.TRANSVERSE,
            Image.Transpose.ROTATE_270,
        ],
        start=1,
    )
)


class Odd(NamedTuple):
    """expected: H×W×3 uint8; grey: whether `decode_deep` gives H×W; deep: whether as uint16.

    within: levels by which the median pixel may differ, for what lossy formats and other colour spaces round.
    """

    make: Callable[[], bytes]
    expected: Callable[[], np.ndarray]
    grey: bool = False
    deep: bool = False
    within: int = 0


def scene() -> Image.Image:
    colours = np.array([[[200, 40, 30], [30, 180, 40]], [[40, 60, 200], [220, 210, 40]]], np.uint8)
    return Image.fromarray(colours.repeat(HEIGHT // 2, axis=0).repeat(WIDTH // 2, axis=1))


def colours() -> np.ndarray:
    return np.asarray(scene())


def greys() -> np.ndarray:
    return np.asarray(scene().convert("L").convert("RGB"))


def grey_levels(factor: int = 1) -> np.ndarray:
    return np.asarray(scene().convert("L")).astype(np.int32) * factor


def half_clear(levels: np.ndarray) -> np.ndarray:
    """The same with its left half white, as what is transparent there comes out."""
    levels = levels.copy()
    levels[:, : WIDTH // 2] = 255
    return levels


def mask() -> Image.Image:
    return Image.fromarray(np.repeat([[0] * (WIDTH // 2) + [255] * (WIDTH // 2)], HEIGHT, 0).astype(np.uint8))


def with_mask(mode: str) -> Image.Image:
    """The scene with its left half transparent; its colours are still there, hidden."""
    image = scene().convert(mode)
    image.putalpha(mask())
    return image


def black_and_white() -> Image.Image:
    return scene().convert("L").point(lambda level: 255 * (level > 90)).convert("1", dither=Image.Dither.NONE)


def palette(clear: bool) -> bytes:
    """PNG of four colours; with `clear` the first, the top left quarter, is transparent."""
    image = scene().quantize(4, dither=Image.Dither.NONE)
    return file_of(image, **({"transparency": image.getpixel((0, 0))} if clear else {}))


def quarter_clear() -> np.ndarray:
    levels = colours().copy()
    levels[: HEIGHT // 2, : WIDTH // 2] = 255
    return levels


def lab() -> Image.Image:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    return ImageCms.profileToProfile(scene(), srgb, lab, outputMode="LAB")


def turned(orientation: int, file_format: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turn = STORED[orientation]
    options = {"quality": 95, "subsampling": 0} if file_format == "JPEG" else {}
    return file_of(scene() if turn is None else scene().transpose(turn), file_format, exif=exif, **options)


def frames(file_format: str, **options: object) -> bytes:
    """The scene, and after it other pictures."""
    others = [Image.new("RGB", (WIDTH, HEIGHT), colour) for colour in ("black", "white")]
    return file_of(scene(), file_format, save_all=True, append_images=others, **options)


def deep_animation() -> bytes:
    """APNG of 16 bits whose picture is none of its frames, which are black."""
    levels = np.asarray(scene().convert("RGBA")).astype(np.uint16) * 257
    black = zlib.compress(b"\0" * (HEIGHT * (1 + WIDTH * 8)))
    control = struct.pack(">IIIIIHHBB", 0, WIDTH, HEIGHT, 0, 0, 1, 10, 0, 0)
    still = png(levels, RGB_ALPHA, (b"acTL", struct.pack(">II", 1, 0)))
    frame = [(b"fcTL", control), (b"fdAT", struct.pack(">I", 1) + black)]
    tail = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in frame
    )
    return still[:-12] + tail + still[-12:]


def interlaced() -> bytes:
    """PNG whose pixels come in the seven passes of Adam7."""
    passes = (
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    )
    rows = b"".join(
        b"\0" + row.tobytes() for y, x, down, right in passes for row in colours()[y::down, x::right]
    )
    data = bytearray(png_of(WIDTH, HEIGHT, 8, RGB, pixels=zlib.compress(rows)))
    data[28] = 1
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


def packed_grey(bits: int, clear: int | None) -> bytes:
    """PNG of 2 or 4 bits whose rows are a ramp over all levels, one of them transparent."""
    levels = np.arange(2**bits, dtype=np.uint8).repeat(8 // bits)
    byte = [
        sum(int(v) << (8 - bits * (i + 1)) for i, v in enumerate(part))
        for part in levels.reshape(-1, 8 // bits)
    ]
    extra = [] if clear is None else [(b"tRNS", struct.pack(">H", clear))]
    return png_of(len(levels), 1, bits, GREY, *extra, pixels=zlib.compress(b"\0" + bytes(byte)))


def packed_ramp(bits: int, clear: int | None) -> np.ndarray:
    levels = np.arange(2**bits).repeat(8 // bits)
    ramp = np.where(levels == clear, 255, levels * 255 // (2**bits - 1)).astype(np.uint8)
    return ramp[None, :, None].repeat(3, axis=2)


def deep_clear() -> bytes:
    """16-bit RGB PNG whose top left colour is transparent."""
    levels = colours().astype(np.uint16) * 257
    return png(levels, RGB, (b"tRNS", struct.pack(">HHH", *(int(v) for v in levels[0, 0]))))


def twelve_bits() -> bytes:
    """TIFF of 12 bits a pixel, two in three bytes."""
    pairs = (grey_levels() * 4095 // 255).reshape(-1, 2)
    body = b"".join((int(a) << 12 | int(b)).to_bytes(3, "big") for a, b in pairs)
    sides = [(256, 4, 1, WIDTH), (257, 4, 1, HEIGHT), (258, 3, 1, 12), (259, 3, 1, 1), (262, 3, 1, 1)]
    return tiff_of(
        [*sides, (273, 4, 1, (0,)), (277, 3, 1, 1), (278, 4, 1, HEIGHT), (279, 4, 1, len(body))], body
    )


def tiled() -> bytes:
    """TIFF of six tiles of 16×16."""
    tiles = [colours()[y : y + 16, x : x + 16].tobytes() for y in (0, 16) for x in (0, 16, 32)]
    sides = [(256, 4, 1, WIDTH), (257, 4, 1, HEIGHT), (258, 3, 3, (0,)), (259, 3, 1, 1), (262, 3, 1, 2)]
    starts = struct.pack("<6I", *(54 + 768 * i for i in range(6)))
    tags = [*sides, (277, 3, 1, 3), (322, 3, 1, 16), (323, 3, 1, 16), (324, 4, 6, (6,)), (325, 4, 6, (30,))]
    start = 8 + 2 + 12 * len(tags) + 4
    starts = struct.pack("<6I", *(start + 54 + 768 * i for i in range(6)))
    return tiff_of(
        tags, struct.pack("<3H", 8, 8, 8) + starts + struct.pack("<6I", *[768] * 6) + b"".join(tiles)
    )


def runs() -> bytes:
    """BMP in run lengths, grey, rows from the bottom."""
    rows = b""
    for row in grey_levels()[::-1]:
        rows += bytes([WIDTH // 2, row[0], WIDTH // 2, row[-1], 0, 0])
    body = bytes(v for level in range(256) for v in (level, level, level, 0)) + rows + b"\0\1"
    head = struct.pack("<2sIHHI", b"BM", 54 + len(body), 0, 0, 54 + 1024)
    return head + struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 8, 1, len(rows) + 2, 0, 0, 256, 0) + body


def ramp(width: int, height: int) -> np.ndarray:
    """A picture of that size that is no other when turned or shifted."""
    y, x = np.arange(height)[:, None], np.arange(width)
    return np.stack(
        np.broadcast_arrays(x * 255 // max(width - 1, 1), y * 255 // max(height - 1, 1), 90), 2
    ).astype(np.uint8)


def sized(width: int, height: int, file_format: str) -> Odd:
    expected = partial(ramp, width, height)
    options = {"quality": 95, "subsampling": 0} if file_format == "JPEG" else {}
    make = lambda: file_of(Image.fromarray(expected()), file_format, **options)  # noqa: E731
    return Odd(make, expected, within=2 if file_format == "JPEG" else 0)


JPEG = {"quality": 95, "subsampling": 0}
ODD = {
    "1": Odd(
        lambda: file_of(black_and_white()), lambda: np.asarray(black_and_white().convert("RGB")), grey=True
    ),
    "L": Odd(lambda: file_of(scene().convert("L")), greys, grey=True),
    "LA": Odd(lambda: file_of(with_mask("L")), lambda: half_clear(greys()), grey=True),
    "P": Odd(lambda: palette(False), colours, within=1),
    "P, one colour transparent": Odd(lambda: palette(True), quarter_clear, within=1),
    "RGB": Odd(lambda: file_of(scene()), colours),
    "RGBA": Odd(lambda: file_of(with_mask("RGB")), lambda: half_clear(colours())),
    "RGBX": Odd(lambda: file_of(scene().convert("RGBX"), "TIFF"), colours),
    "CMYK": Odd(lambda: file_of(scene().convert("CMYK"), "TIFF"), colours),
    "YCbCr": Odd(lambda: file_of(scene().convert("YCbCr"), "TIFF"), colours, within=2),
    "LAB": Odd(lambda: file_of(lab(), "TIFF"), colours, within=4),
    "I": Odd(lambda: file_of(Image.fromarray(grey_levels()), "TIFF"), greys),
    "I;16": Odd(lambda: png(grey_levels(257), GREY), greys, grey=True, deep=True),
    "I;16B": Odd(lambda: tiff(grey_levels(257), ">"), greys, grey=True, deep=True),
    "F": Odd(lambda: file_of(Image.fromarray((grey_levels() / 255).astype(np.float32)), "TIFF"), greys),
    **{
        f"{file_format} stored as orientation {orientation}": Odd(
            partial(turned, orientation, file_format), colours, within=3 * (file_format != "PNG")
        )
        for file_format in ("JPEG", "PNG")
        for orientation in STORED
    },
    "progressive JPEG": Odd(lambda: file_of(scene(), "JPEG", progressive=True, **JPEG), colours, within=3),
    "interlaced PNG": Odd(interlaced, colours),
    "animated GIF": Odd(partial(frames, "GIF"), colours, within=1),
    "animated WebP": Odd(partial(frames, "WEBP", lossless=True), colours),
    "animated PNG": Odd(partial(frames, "PNG"), colours),
    "burst of a camera (MPO)": Odd(partial(frames, "MPO", **JPEG), colours, within=3),
    "PNG 1×1": sized(1, 1, "PNG"),
    "PNG 1×2000": sized(1, 2000, "PNG"),
    "JPEG 3×5000": sized(3, 5000, "JPEG"),
    "JPEG 4000×3000": sized(4000, 3000, "JPEG"),
    "TIFF of several pages": Odd(partial(frames, "TIFF"), colours),
    "animated PNG of 16 bits": Odd(deep_animation, colours, deep=True),
    "RGB of 16 bits, one colour transparent": Odd(deep_clear, quarter_clear, deep=True),
    "grey of 2 bits": Odd(partial(packed_grey, 2, None), partial(packed_ramp, 2, None), grey=True),
    "grey of 2 bits, a level transparent": Odd(
        partial(packed_grey, 2, 1), partial(packed_ramp, 2, 1), grey=True
    ),
    "grey of 4 bits, a level transparent": Odd(
        partial(packed_grey, 4, 9), partial(packed_ramp, 4, 9), grey=True
    ),
    "TIFF of 12 bits": Odd(twelve_bits, greys, grey=True, deep=True, within=1),
    "TIFF of 16 bits, 0 is white": Odd(
        lambda: tiff(65535 - grey_levels(257), photometric=0), greys, grey=True, deep=True
    ),
    "TIFF of tiles": Odd(tiled, colours),
    "TIFF of a fax": Odd(
        lambda: file_of(black_and_white(), "TIFF", compression="group4"),
        lambda: np.asarray(black_and_white().convert("RGB")),
        grey=True,
    ),
    "BigTIFF": Odd(lambda: file_of(scene(), "TIFF", big_tiff=True), colours),
    "CMYK JPEG": Odd(lambda: file_of(scene().convert("CMYK"), "JPEG", **JPEG), colours, within=4),
    "BMP in run lengths": Odd(runs, greys, grey=True),
}
