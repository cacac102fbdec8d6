"""Apply matrix profiles (three primaries and curves; ICC.1:2010, annex F.3) at 16 bits.

Pillow's colour engine converts 8 bits a channel only. Matrix profiles, which cameras, screens and raw developers use,
are a curve for each channel and a matrix. Profiles with colour tables are not supported here.
"""

import struct

import numpy as np

from stylefuse.images.profiles import SRGB, to_xyz

WHITE = 65535
# Pixels that are converted at a time: a whole picture as floats could take gigabytes.
_PART = 1 << 20
# Largest difference between curves of sRGB, of 65535 levels: 2 of 255.
_SAME = 514
_MOST_TAGS = 100
_TABLES = {b"A2B0", b"A2B1", b"A2B2", b"D2B0", b"D2B1"}
# Parametric curves: number of parameters of each kind.
_PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}


def to_srgb_16(pixels: np.ndarray, profile: bytes) -> np.ndarray | None:
    """Convert H×W grey or H×W×3, uint16, to sRGB; None where the profile is not a matrix profile.

    Colours outside sRGB are clipped in each channel.
    """
    tags = _tags(profile)
    if profile[20:24] != b"XYZ " or _TABLES & tags.keys():
        return None
    try:
        if pixels.ndim == 2:
            return _grey(pixels, tags, profile)
        if profile[16:20] != b"RGB ":
            return None
        curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
        matrix = np.linalg.inv(to_xyz(SRGB)) @ np.stack(
            [_xyz(tags[n]) for n in (b"rXYZ", b"gXYZ", b"bXYZ")], 1
        )
    except (KeyError, ValueError, IndexError, struct.error):
        return None
    flat = pixels.reshape(-1, 3)
    found = np.empty(flat.shape, np.uint16)
    for start in range(0, len(flat), _PART):
        part = flat[start : start + _PART]
        light = np.stack([curve[part[:, channel]] for channel, curve in enumerate(curves)], axis=1)
        found[start : start + _PART] = _levels(light @ matrix.T.astype(np.float32))
    return found.reshape(pixels.shape)


def _grey(pixels: np.ndarray, tags: dict[bytes, bytes], profile: bytes) -> np.ndarray | None:
    if profile[16:20] != b"GRAY":
        return None
    levels = _levels(_curve(tags[b"kTRC"]))
    if np.abs(levels.astype(int) - np.arange(WHITE + 1)).max() <= _SAME:
        return pixels
    return levels[pixels]


def _levels(light: np.ndarray) -> np.ndarray:
    """Convert linear light, clipped to 0…1, to 16-bit levels of sRGB."""
    light = light.clip(0, 1)
    coded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(coded * WHITE).astype(np.uint16)


def _tags(profile: bytes) -> dict[bytes, bytes]:
    """Return the tags of a profile by name; none if its table is damaged."""
    try:
        (count,) = struct.unpack_from(">I", profile, 128)
        found = [struct.unpack_from(">4sII", profile, 132 + 12 * i) for i in range(min(count, _MOST_TAGS))]
    except struct.error:
        return {}
    return {name: profile[start : start + length] for name, start, length in found}


def _xyz(tag: bytes) -> np.ndarray:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes) -> np.ndarray:
    """Return the linear light of each of 65536 levels, float32, 0…1."""
    levels = np.linspace(0, 1, WHITE + 1)
    if tag[:4] == b"para":
        light = _parametric(tag, levels)
    elif tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        points = np.frombuffer(tag, ">u2", count, 12)
        if count == 0:
            light = levels
        elif count == 1:
            light = levels ** (points[0] / 256)
        else:
            light = np.interp(levels, np.linspace(0, 1, count), points / WHITE)
    else:
        raise ValueError("no curve")
    if not np.isfinite(light).all():
        raise ValueError("a curve of values that are no numbers")
    return light.clip(0, 1).astype(np.float32)


def _parametric(tag: bytes, levels: np.ndarray) -> np.ndarray:
    (kind,) = struct.unpack_from(">H", tag, 8)
    if kind not in _PARAMETERS:
        raise ValueError("no parametric curve that is known")
    numbers = np.array(struct.unpack_from(f">{_PARAMETERS[kind]}i", tag, 12)) / 65536
    g, a, b, c, d, e, f = numbers.tolist() + [0.0] * (7 - len(numbers))
    if kind == 0:
        return levels**g
    with np.errstate(all="ignore"):
        powered = (a * levels + b).clip(0, None) ** g
        if kind in (1, 2):  # below the zero of the power it is constant
            return np.where(a * levels + b >= 0, powered, 0) + (c if kind == 2 else 0)
        return np.where(levels >= d, powered + e, c * levels + f)
