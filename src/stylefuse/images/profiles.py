"""Make ICC profiles (ICC.1:2001-04) of colour spaces that files describe in another way.

Pillow has no profile of Adobe RGB (1998), nor of the spaces that PNG chunks or video code points describe.
"""

import struct
from functools import lru_cache
from typing import NamedTuple

import numpy as np

_D65 = (0.3127, 0.3290)
_D50_XYZ = (0.9642, 1.0, 0.8249)  # white of the profile connection space
# Bradford cone responses, for the adaptation of whites (ICC.1:2010, annex E).
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_CURVE_POINTS = 4096
SRGB_CURVE = 0.0


class Space(NamedTuple):
    """A colour space of three primaries.

    red, green, blue, white: chromaticities, CIE xy.
    gamma: exponent that linearises levels, or `SRGB_CURVE` for the piecewise curve of IEC 61966-2-1.
    """

    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]
    white: tuple[float, float] = _D65
    gamma: float = SRGB_CURVE


SRGB = Space((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
# Adobe RGB (1998) Color Image Encoding, 2005-05: gamma is 2 51/256.
ADOBE_RGB = Space((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), gamma=2.19921875)


@lru_cache(maxsize=32)
def profile_of(space: Space, grey: bool = False) -> bytes:
    """Return an ICC profile of a colour space, or a grey profile with its curve.

    Raises:
        ValueError: the primaries span no colours.
    """
    tags = {
        b"desc": _description("made by StyleFuse"),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": _xyz(_D50_XYZ),
    }
    curve = _curve(space.gamma)
    if grey:
        tags[b"kTRC"] = curve
    else:
        for name, column in zip((b"r", b"g", b"b"), to_xyz(space).T, strict=True):
            tags |= {name + b"XYZ": _xyz(column), name + b"TRC": curve}
    table, body, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        padded = value + bytes(-len(value) % 4)
        table += name + struct.pack(">II", start + len(body), len(value))
        body += padded
    head = struct.pack(
        ">I4xI4s4s4s12x4s", start + len(body), 0x02400000, b"mntr", _device(grey), b"XYZ ", b"acsp"
    )
    return (head + bytes(28) + _numbers(_D50_XYZ)).ljust(128, b"\0") + table + body


def to_xyz(space: Space) -> np.ndarray:
    """Return the 3×3 matrix from linear RGB to XYZ of the connection space, whose white is D50.

    Raises:
        ValueError: the primaries span no colours.
    """
    try:
        primaries = np.array([_xyz_of(*each) for each in (space.red, space.green, space.blue)]).T
        white = np.array(_xyz_of(*space.white))
        matrix = primaries * np.linalg.solve(primaries, white)
        cones = (_BRADFORD @ _D50_XYZ) / (_BRADFORD @ white)
        adapted = np.linalg.solve(_BRADFORD, cones[:, None] * _BRADFORD) @ matrix
    except (ZeroDivisionError, np.linalg.LinAlgError) as error:
        raise ValueError("the primaries span no colours") from error
    if not np.isfinite(adapted).all() or np.abs(adapted).max() > 10:
        raise ValueError("the primaries span no colours")
    return adapted


def linear(levels: np.ndarray, gamma: float) -> np.ndarray:
    """Linearise levels in 0…1, by a gamma or by the curve of sRGB."""
    if gamma != SRGB_CURVE:
        return levels**gamma
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def _curve(gamma: float) -> bytes:
    if gamma == 1:
        return b"curv" + bytes(8)
    if gamma != SRGB_CURVE:
        return b"curv\0\0\0\0" + struct.pack(">IH", 1, min(round(gamma * 256), 65535))
    points = np.rint(linear(np.linspace(0, 1, _CURVE_POINTS), gamma) * 65535).astype(">u2")
    return b"curv\0\0\0\0" + struct.pack(">I", _CURVE_POINTS) + points.tobytes()


def _device(grey: bool) -> bytes:
    return b"GRAY" if grey else b"RGB "


def _description(text: str) -> bytes:
    ascii_text = text.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(ascii_text)) + ascii_text + bytes(4 + 4 + 2 + 1 + 67)


def _xyz(values: tuple[float, ...] | np.ndarray) -> bytes:
    return b"XYZ \0\0\0\0" + _numbers(values)


def _numbers(values: tuple[float, ...] | np.ndarray) -> bytes:
    """Encode ICC's fixed-point numbers: 32 bits, 16 of them fractional."""
    return struct.pack(f">{len(values)}i", *(round(float(value) * 65536) for value in values))


def _xyz_of(x: float, y: float) -> tuple[float, float, float]:
    return x / y, 1.0, (1 - x - y) / y
