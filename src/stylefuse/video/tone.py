"""HDR clips: recognise them, and reduce their colours to the range of ordinary screens."""

from functools import cache

import numpy as np

# FFmpeg's numbers of transfer curves.
_KINDS = {16: "PQ", 18: "HLG"}
_WHITE = 203.0  # cd/m² of HDR reference white (ITU-R BT.2408), which becomes nearly white
_PEAK = 1000.0  # cd/m² that becomes white
# Linear BT.2020 to BT.709 (ITU-R BT.2087).
_TO_709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)


def is_hdr(curve: int) -> str:
    """The kind of HDR that a transfer curve is of, "" for none."""
    return _KINDS.get(curve, "")


def to_sdr(picture: np.ndarray, kind: str) -> np.ndarray:
    """Reduce an HDR picture.

    Luminance is compressed by Reinhard's extended curve (Reinhard et al. 2002, eq. 4) on the largest channel, so that
    hues stay.

    Args:
        picture: H×W×3 uint16, BT.2020, with the curve `kind`, "PQ" or "HLG".

    Returns:
        H×W×3 uint8, sRGB.
    """
    linear = _linear(kind)[picture] @ _TO_709.T
    light = np.maximum(linear.max(axis=2, keepdims=True), 1e-6)
    white = _PEAK / _WHITE
    reduced = light * (1 + light / white**2) / (1 + light)
    shown = np.clip(linear * (reduced / light), 0, 1)
    return _srgb()[np.rint(shown * 65535).astype(np.uint16)]


@cache
def _linear(kind: str) -> np.ndarray:
    """Light of each of 65536 levels, 1 at reference white (SMPTE ST 2084; ITU-R BT.2100 for HLG)."""
    x = np.linspace(0, 1, 65536)
    if kind == "PQ":
        power = x ** (1 / 78.84375)
        light = (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)
        return (light * 10000 / _WHITE).astype(np.float32)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(x <= 0.5, x**2 / 3, (np.exp((x - c) / a) + b) / 12)
    return (scene**1.2 * _PEAK / _WHITE).astype(np.float32)


@cache
def _srgb() -> np.ndarray:
    """Level of 8 bits of each of 65536 amounts of light."""
    x = np.linspace(0, 1, 65536)
    return np.rint(255 * np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)).astype(np.uint8)
