"""Find places that two pictures share: SIFT features, matched twice, the second time where a motion expects them."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import cv2
import numpy as np

from stylefuse.images.alignment_check import shrink

Verdict = Literal["matched", "unsure", "unrelated"]

# Longest side, px, of the copies in which features are found.
_SIDE = 1000
# SIFT: features at most; contrast below OpenCV's default of 0.04, because overlaps are narrow and skies are plain.
_FEATURES, _CONTRAST = 4000, 0.015
# Lowe's ratio (2004, section 7.1): of clear matches, and where these are too few.
_RATIOS = (0.8, 0.9)
# Largest distance of a match from the motion; and where matches are looked for again, first and then. Px of the copies.
_NEAR, _SEARCHED = 3.0, (20.0, 8.0)
_TRIALS = 5000  # of RANSAC
# Smallest likeness (cosine) of two features at an expected place.
_ALIKE = 0.75
# Fewest matches that a motion of eight numbers may rest on.
LEAST_MATCHES = 8
# Largest change of a picture's area between two pictures, as a factor.
_ZOOM = 6.0
# Correlation of details in the overlap: the same place from the first on, another below the second. Of 234 pairs of
# overlapping views of one photo all but one have 0.64 or more, of 380 pairs of different photos none more than 0.1.
_SAME, _OTHER = 0.4, 0.2
# Fewest px of an overlap that can be compared.
_LEAST_OVERLAP = 400


class Features(NamedTuple):
    """Of one picture.

    luma: h×w uint8, a copy at most `_SIDE` px a side. points: n×2, x and y in px of the picture itself, from its
    centre. about: n×128 float32, of length 1. scale: px of the picture for one px of the copy.
    """

    luma: np.ndarray
    points: np.ndarray
    about: np.ndarray
    scale: float


class Pair(NamedTuple):
    """How two pictures lie on each other.

    first, second: numbers of the pictures, from 0.
    verdict: "matched"; "unrelated", nothing in common; "unsure", too little to tell.
    matrix: 3×3, maps centred px of the first to those of the second; None where nothing matches.
    here, there: n×2, the matches in centred px of the first and of the second.
    """

    first: int
    second: int
    verdict: Verdict
    matrix: np.ndarray | None
    here: np.ndarray
    there: np.ndarray
    correlation: float = 0.0


def find_features(picture: np.ndarray) -> Features:
    """Find features of H×W×3 uint8."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    small = shrink(grey, _SIDE)
    sift = cv2.SIFT_create(_FEATURES, contrastThreshold=_CONTRAST)  # type: ignore[attr-defined]
    found, about = sift.detectAndCompute(small, None)
    scale = max(grey.shape) / max(small.shape)
    middle = (np.array(small.shape[::-1]) - 1) / 2
    points = np.array([each.pt for each in found]).reshape(-1, 2)
    about = np.zeros((0, 128), np.float32) if about is None else about
    about = np.sqrt(about / np.maximum(about.sum(1, keepdims=True), 1e-9))  # RootSIFT (Arandjelović 2012)
    return Features(small, (points - middle) * scale, about, scale)


def match(first: int, second: int, a: Features, b: Features) -> Pair:
    """Match the features of two pictures and say whether these show the same place."""
    best = Pair(first, second, "unrelated", None, np.zeros((0, 2)), np.zeros((0, 2)))
    if min(len(a.points), len(b.points)) < LEAST_MATCHES:
        return best._replace(verdict="unsure")
    likeness = a.about @ b.about.T
    for start in _starts(a, b, likeness):
        refined = _refined(a, b, likeness, start)
        if refined is None:
            continue
        matrix, here, there = refined
        correlation = _correlation(a, b, matrix)
        if correlation > best.correlation:
            verdict: Verdict = "unrelated" if correlation < _OTHER else "unsure"
            if correlation >= _SAME and len(here) >= LEAST_MATCHES:
                verdict = "matched"
            if verdict != "unrelated":
                best = Pair(first, second, verdict, matrix, a.points[here], b.points[there], correlation)
        if best.verdict == "matched":
            break
    return best


def _starts(a: Features, b: Features, likeness: np.ndarray) -> Iterator[np.ndarray]:
    """First motions to try: exact where there are many matches, then coarse ones that few matches can carry."""
    scale = max(a.scale, b.scale)
    for ratio in _RATIOS:
        here, there = _distinct(likeness, ratio)
        if len(here) >= 5:
            for method in (cv2.USAC_MAGSAC, cv2.RANSAC):
                cv2.setRNGSeed(0)  # equal pictures must give equal panoramas
                limits = (_NEAR * scale, None, _TRIALS, 0.999)
                matrix, _ = cv2.findHomography(a.points[here], b.points[there], method, *limits)
                if matrix is not None:
                    yield matrix
        if len(here) >= 3:
            cv2.setRNGSeed(0)
            similar, _ = cv2.estimateAffinePartial2D(
                a.points[here], b.points[there], method=cv2.RANSAC, ransacReprojThreshold=2 * _NEAR * scale
            )
            if similar is not None:
                yield np.vstack([similar, [0, 0, 1]])


def _refined(
    a: Features, b: Features, likeness: np.ndarray, matrix: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Match again near where a motion takes the features, twice: the motion, and the numbers of the matches."""
    for searched in _SEARCHED:
        if not _is_plausible(matrix, a, b):
            return None
        here, there = _expected(a, b, likeness, matrix, searched)
        if len(here) < LEAST_MATCHES:
            return None
        cv2.setRNGSeed(0)
        near = _NEAR * max(a.scale, b.scale)
        found, agreed = cv2.findHomography(a.points[here], b.points[there], cv2.USAC_MAGSAC, near)
        if found is None:
            return None
        matrix, kept = found, agreed.ravel().astype(bool)
        here, there = here[kept], there[kept]
    return (matrix, here, there) if len(here) >= LEAST_MATCHES and _is_plausible(matrix, a, b) else None


def apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Map n×2 points by a 3×3 matrix; points behind the camera become NaN."""
    x, y, z = matrix @ np.column_stack([points, np.ones(len(points))]).T
    z = np.where(z > 1e-6, z, np.nan)
    return np.column_stack([x / z, y / z])


def _distinct(likeness: np.ndarray, ratio: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs that are each other's nearest, and clearly nearer than the next."""
    best = likeness.argmax(1)
    rows = np.arange(len(likeness))
    top = likeness[rows, best]
    rest = np.partition(likeness, -2, axis=1)[:, -2]
    # Of vectors of length 1: distance² = 2 - 2 · likeness.
    clear = (2 - 2 * top) < ratio**2 * (2 - 2 * rest)
    mutual = likeness.argmax(0)[best] == rows
    kept = np.flatnonzero(clear & mutual)
    return kept, best[kept]


def _expected(
    a: Features, b: Features, likeness: np.ndarray, matrix: np.ndarray, searched: float
) -> tuple[np.ndarray, np.ndarray]:
    """For each feature of the first the most alike of the second near where the motion takes it."""
    x, y = apply(matrix, a.points).T.astype(np.float32)[..., None]
    u, v = b.points.T.astype(np.float32)
    near = (x - u) ** 2 + (y - v) ** 2 < (searched * max(a.scale, b.scale)) ** 2
    masked = np.where(near, likeness, -1)
    best = masked.argmax(1)
    rows = np.arange(len(masked))
    kept = np.flatnonzero((masked[rows, best] > _ALIKE) & (masked.argmax(0)[best] == rows))
    return kept, best[kept]


def _is_plausible(matrix: np.ndarray, a: Features, b: Features) -> bool:
    half = np.array(a.luma.shape[::-1]) * a.scale / 2
    corners = apply(matrix, np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half)
    if np.isnan(corners).any():
        return False
    area = cv2.contourArea(corners.astype(np.float32), True) / (4 * half.prod())
    return 1 / _ZOOM < area < _ZOOM and bool(cv2.isContourConvex(corners.astype(np.float32)))


def _correlation(a: Features, b: Features, matrix: np.ndarray) -> float:
    """Correlation of details where the pictures overlap."""
    (h, w), middle = a.luma.shape, np.array(b.luma.shape[::-1])
    to_a = np.array([[1 / a.scale, 0, (w - 1) / 2], [0, 1 / a.scale, (h - 1) / 2], [0, 0, 1]])
    to_b = np.array([[1 / b.scale, 0, (middle[0] - 1) / 2], [0, 1 / b.scale, (middle[1] - 1) / 2], [0, 0, 1]])
    move = to_b @ matrix @ np.linalg.inv(to_a)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpPerspective(b.luma, move, (w, h), flags=flags)
    seen = cv2.warpPerspective(np.full_like(b.luma, 255), move, (w, h), flags=flags) == 255
    seen = cv2.erode(seen.astype(np.uint8), np.ones((13, 13), np.uint8)).astype(bool)
    if seen.sum() < _LEAST_OVERLAP:
        return 0.0
    x, y = _details(a.luma)[seen], _details(moved)[seen]
    return float((x * y).mean() / (np.sqrt((x * x).mean() * (y * y).mean()) + 1e-6))


def _details(luma: np.ndarray) -> np.ndarray:
    """Band of details, each place divided by the strength around it, so that one strong edge does not decide."""
    values = luma.astype(np.float32)
    band = cv2.GaussianBlur(values, (0, 0), 1.0) - cv2.GaussianBlur(values, (0, 0), 6.0)
    return band / np.sqrt(cv2.GaussianBlur(band * band, (0, 0), 6.0) + 4)
