"""Check whether the pictures of a set are aligned, by phase correlation of their edges.

Fusion takes each place from one input or another, so shifted inputs give double edges and inputs of different scenes
give nonsense. Where the measurement is not clear, the verdict is "unsure".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2
import numpy as np

from stylefuse.images.luma import luma

Verdict = Literal["registered", "shifted", "unsure", "unrelated"]
Box = tuple[int, int, int, int]
"""left, top, right, bottom in pixels; right and bottom are outside."""

# Longest side, px, of the copies that are compared: eight of them take a second.
_WORKING_SIDE = 512
# Shortest side, px, to compare: smaller pictures have too few edges.
_MIN_SIDE = 32
# Blur before gradients are taken, px: finer gradients are noise in most infrared and night pictures.
_BLUR = 1.0
# Gradients around this size count half, weaker ones less, as they are noise on plain areas: a share of the root mean
# square of all gradients, plus a share of the tonal range per pixel.
_PLAIN_SHARE, _PLAIN = 0.3, 0.004
# Width of the low-pass on the whitened spectrum, cycles a pixel. It makes the peak 1.6 px wide, so that edges which two
# sensors see 1 px apart still correlate, and removes most of the power of JPEG's grid of 8 px.
_LOW_PASS = 0.1
# Largest shift to look for, as a share of the side: beyond it the pictures overlap too little.
_REACH = 0.25
# Half the side, px, of the square around the peak that belongs to the peak.
_PEAK = 7
# Agreement, in robust standard deviations of the correlation surface. Of 350 pairs of different scenes 95 % are below
# the first value and all below the second; of 105 aligned pairs (photos, infrared, exposures) 3 are.
_CHANCE, _SURE = 5.5, 8.0
# Pictures with this agreement within this many px of no shift are not called unrelated. One in 30 pairs of different
# scenes reaches it by chance; nearly all scans of different kinds, which agree little anywhere, reach it.
_NEAR, _NEAR_AGREEMENT = 3, 4.2
# "shifted" needs a shift of more than 1 px plus this divided by the agreement: weak peaks are imprecise, and edges of
# bone lie some px apart in aligned scans of two kinds.
_VAGUE = 20.0
# ... and an agreement without shift below this share of the peak's.
_IN_PLACE = 0.72


class SizesDifferError(ValueError):
    """The pictures have different sizes and cannot be compared."""


class Finding(NamedTuple):
    """How one picture lies on the first one.

    Attributes:
        verdict: "registered" (aligned); "shifted", certainly and by more than about 1 px; "unrelated", no agreement at
            any shift; "unsure", too little agreement to decide.
        dx, dy: the shift in px: the place (x, y) of the first picture is at (x + dx, y + dy) in this one. Reliable only
            for the verdicts "registered" and "shifted".
        agreement: height of the peak in robust standard deviations over all shifts. Chance gives 4 to 6.
        in_place: the same without a shift.
    """

    verdict: Verdict
    dx: float
    dy: float
    agreement: float
    in_place: float


class Motion(NamedTuple):
    """How a picture was moved onto the first one.

    Attributes:
        method: "unchanged", or how the motion was found, such as "ECC translation" or "SIFT".
        matrix: 2×3, row by row, in px: maps (x, y, 1) in the first picture to the place in this one, after it was
            resized to the first one's size.
    """

    method: str
    matrix: tuple[tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True)
class Alignment:
    """How the pictures of a set lie on the first one.

    Attributes:
        findings: one for each picture, the first included; after `align`, of the returned pictures.
        motions: one for each picture; empty if `align` was not called.
        crop: the box of the first picture that all pictures cover, if `align` cropped them to it.
    """

    findings: tuple[Finding, ...]
    motions: tuple[Motion, ...] = ()
    crop: Box | None = None

    @property
    def registered(self) -> bool:
        """Whether every picture is certainly aligned with the first."""
        return all(finding.verdict == "registered" for finding in self.findings)


def check_alignment(pictures: Sequence[np.ndarray]) -> Alignment:
    """Measure how each picture lies on the first.

    Phase correlation (Kuglin and Hines 1975) of the gradient in double-angle form (its magnitude, and twice its angle),
    in which an edge is the same whichever side of it is bright. This works across exposures, focus, noise, fills, and
    between infrared and visible light. Only shifts are measured: a picture that is rotated by more than 2° or scaled by
    more than 3 % tends to be "unsure" or "unrelated".

    Args:
        pictures: at least one, H×W or H×W×3, uint8 or uint16, all of one size.

    Raises:
        SizesDifferError: a picture has another size than the first.
        ValueError: no picture at all, or one that is no picture.
    """
    if not pictures:
        raise ValueError("no picture to compare: give at least one")
    for number, picture in enumerate(pictures, 1):
        if picture.shape[:2] != pictures[0].shape[:2]:
            raise SizesDifferError(
                f"picture {number} is {size_of(picture)}, the first {size_of(pictures[0])}: bring them to one size"
            )
    first = stretched_luma(pictures[0])
    same = Finding("registered", 0.0, 0.0, float("inf"), float("inf"))
    return Alignment((same, *(compare(first, stretched_luma(picture)) for picture in pictures[1:])))


def stretched_luma(picture: np.ndarray) -> np.ndarray:
    """Return the luma, H×W float32, stretched so that nearly all of it lies in 0…1.

    Stretching makes pictures comparable that use a part of the range: 12 bits in a 16-bit file, or underexposed ones.

    Raises:
        ValueError: not H×W or H×W×3 of uint8 or uint16.
    """
    if (
        picture.dtype not in (np.uint8, np.uint16)
        or picture.ndim not in (2, 3)
        or picture.shape[2:] not in ((), (3,))
    ):
        raise ValueError(f"expected H×W or H×W×3, uint8 or uint16, got {picture.dtype} {picture.shape}")
    values = picture.astype(np.float32)
    if picture.ndim == 3:
        values = luma(values)
    low, high = np.percentile(values[:: 1 + len(values) // 512], (0.5, 99.5))
    return (values - np.float32(low)) / np.float32(max(high - low, 1.0))


def compare(first: np.ndarray, other: np.ndarray) -> Finding:
    """Measure how `other` lies on `first`, both stretched lumas H×W."""
    a, b = shrink(first, _WORKING_SIDE), shrink(other, _WORKING_SIDE)
    scale = max(first.shape) / max(a.shape)
    surface = _correlation(edges(a), edges(b)) if min(a.shape) >= _MIN_SIDE else np.zeros((1, 1))
    spread = 1.4826 * np.median(np.abs(surface - np.median(surface)))  # σ of a normal distribution
    if spread <= 0:  # a plain or tiny picture
        return Finding("unsure", 0.0, 0.0, 0.0, 0.0)
    surface = (surface - np.median(surface)) / spread
    middle = surface.shape[0] // 2, surface.shape[1] // 2
    row, column = np.unravel_index(surface.argmax(), surface.shape)
    dy = float(row - middle[0] + _between(surface[:, column], row))
    dx = float(column - middle[1] + _between(surface[row], column))
    agreement, in_place = float(surface[row, column]), float(surface[middle])
    near = surface[middle[0] - _NEAR : middle[0] + _NEAR + 1, middle[1] - _NEAR : middle[1] + _NEAR + 1].max()
    distance = float(np.hypot(dx, dy))
    if agreement < _CHANCE and near < _NEAR_AGREEMENT:
        verdict: Verdict = "unrelated"
    elif agreement < _SURE:
        verdict = "unsure"
    elif distance > 1 + _VAGUE / agreement and in_place < _IN_PLACE * agreement:
        verdict = "shifted"
    else:
        verdict = "registered"
    return Finding(verdict, dx * scale, dy * scale, agreement, in_place)


def shrink(picture: np.ndarray, side: int) -> np.ndarray:
    """Scale H×W down to at most `side` pixels a side."""
    scale = side / max(picture.shape)
    if scale >= 1:
        return picture
    width, height = (max(1, round(length * scale)) for length in picture.shape[::-1])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def edges(values: np.ndarray) -> np.ndarray:
    """Return the gradients of luma H×W in double-angle form, complex, magnitudes between 0 and 1, mean 0.

    The magnitude is g / (g + plain), so that all strong edges count alike, whatever the exposure or the sensor.
    """
    smooth = cv2.GaussianBlur(values, (0, 0), _BLUR)
    gradient = cv2.Sobel(smooth, cv2.CV_32F, 1, 0) + 1j * cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    size = np.abs(gradient)
    plain = _PLAIN_SHARE * np.sqrt(np.mean(size**2)) + 8 * _PLAIN  # Sobel's sum is 8 times the slope
    doubled = gradient * gradient / ((size + 1e-9) * (size + plain))
    return doubled - doubled.mean()


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Phase correlation of complex H×W for shifts up to `_REACH`; the middle is no shift."""
    height, width = a.shape
    window = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1])
    cross = np.fft.fft2(a * window).conj() * np.fft.fft2(b * window)
    size = np.abs(cross)
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)
    low_pass = np.exp(-(fx**2 + fy**2) / (2 * _LOW_PASS**2))
    surface = np.fft.fftshift(np.fft.ifft2(cross * low_pass / (size + 1e-3 * size.mean() + 1e-30)).real)
    y, x = height // 2, width // 2
    up, left = max(_NEAR + 1, int(height * _REACH)), max(_NEAR + 1, int(width * _REACH))
    return surface[y - up : y + up + 1, x - left : x + left + 1]


def _between(line: np.ndarray, place: int) -> float:
    """Sub-pixel position of a peak: the vertex of a parabola through three logarithms (a Gaussian)."""
    if not 0 < place < len(line) - 1:
        return 0.0
    before, top, after = np.log(np.maximum(line[place - 1 : place + 2], 1e-3))
    bend = before - 2 * top + after
    return float(0.5 * (before - after) / bend) if bend < 0 else 0.0


def size_of(picture: np.ndarray) -> str:
    """Return "width×height px", for messages."""
    return f"{picture.shape[1]}×{picture.shape[0]} px"
