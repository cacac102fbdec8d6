"""Find and undo the motion between two pictures of one scene, by ECC or by features.

A motion is a 2×3 matrix: the place (x, y) of the first picture is at matrix · (x, y, 1) in the other, in px.
"""

from typing import NamedTuple

import cv2
import numpy as np

from stylefuse.images.alignment_check import Box, edges, shrink

STILL = np.eye(2, 3)
# Motion models, simplest first. A richer one is used only if its agreement is better by the factor `_GAIN`.
_MODELS = (
    (cv2.MOTION_TRANSLATION, "translation"),
    (cv2.MOTION_EUCLIDEAN, "rotation"),
    (cv2.MOTION_AFFINE, "affine"),
)
_GAIN = 1.03
# Smallest motion of a corner, px: smaller ones are measurement error, and the picture is left as it is.
_LEAST = 0.5
# Largest plausible scaling or shear, as a share (logarithm).
_DISTORTION = 0.25
# Sides, px, of the copies in which motions are searched, coarse to fine; and of the copy in which they are compared.
_SIDES, _COMPARED_SIDE = (128, 256, 512, 1024), 512
_CRITERIA = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)
_ECC_BLUR = 5  # px, odd
# SIFT: features at most, Lowe's ratio (2004, section 7.1), matches that must agree on a motion, within how many px.
_FEATURES, _RATIO, _MIN_MATCHES, _RANSAC_PX = 2000, 0.75, 12, 2.0
# Smallest overlap, as a share of each side, for a comparison.
_MIN_COMMON = 0.25


class Found(NamedTuple):
    """A motion, the method that found it, and how well the edges agree after it (see `agreement`)."""

    method: str
    matrix: np.ndarray
    agreement: float


def by_ecc(first: np.ndarray, other: np.ndarray, shift: tuple[float, float]) -> Found | None:
    """Find the motion of luma `other` against `first` that maximises the correlation of their edges.

    Enhanced correlation coefficient (Evangelidis and Psarakis 2008) of normalised gradient magnitudes, coarse to fine:
    translation, then rotation, then affine; each richer model only if it agrees clearly better.

    Args:
        first, other: H×W float32.
        shift: dx, dy in px to start from, if it agrees better than no shift.

    Returns:
        None where ECC does not converge, agrees no better than no motion, or moves no corner by half a pixel.
    """
    sides = sorted({min(side, max(first.shape)) for side in _SIDES})
    pyramid = [(_strength(first, side), _strength(other, side)) for side in sides]
    in_place = best = Found("", STILL, agreement(first, other, STILL))
    guess = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
    if agreement(first, other, guess) <= in_place.agreement:
        guess = STILL
    for model, name in _MODELS:
        matrix = _ecc(pyramid, first.shape, guess, model)
        if matrix is not None and _is_plausible(matrix):
            found = Found(f"ECC {name}", matrix, agreement(first, other, matrix))
            if found.agreement > max(best.agreement * _GAIN, 0):
                best, guess = found, matrix
    return best if best is not in_place and _moves(best.matrix, first.shape) else None


def by_features(first: np.ndarray, other: np.ndarray) -> Found | None:
    """Find the affine motion of matched SIFT features (Lowe 2004) of two lumas, by RANSAC.

    It needs no starting point and finds large shifts and rotations, but cannot match infrared with visible light.

    Returns:
        None where too few features agree, edges agree no better than without motion, or nothing moves.
    """
    small = [shrink(each, _SIDES[-1]) for each in (first, other)]
    sift = cv2.SIFT_create(_FEATURES)  # type: ignore[attr-defined]
    (a, about_a), (b, about_b) = (
        sift.detectAndCompute(np.rint(each.clip(0, 1) * 255).astype(np.uint8), None) for each in small
    )
    if min(len(a), len(b)) < _MIN_MATCHES:
        return None
    pairs = cv2.BFMatcher().knnMatch(about_a, about_b, k=2)
    good = [pair[0] for pair in pairs if pair[0].distance < _RATIO * pair[1].distance]
    if len(good) < _MIN_MATCHES:
        return None
    here = np.array([a[match.queryIdx].pt for match in good])
    there = np.array([b[match.trainIdx].pt for match in good])
    cv2.setRNGSeed(0)  # RANSAC uses OpenCV's random numbers; equal pictures must give equal motions
    matrix, agreed = cv2.estimateAffine2D(here, there, method=cv2.RANSAC, ransacReprojThreshold=_RANSAC_PX)
    if matrix is None or agreed.sum() < _MIN_MATCHES:
        return None
    matrix = _scaled(matrix, small[0].shape, first.shape)
    found = Found("SIFT", matrix, agreement(first, other, matrix))
    better = found.agreement > max(agreement(first, other, STILL) * _GAIN, 0)
    return found if better and _is_plausible(matrix) and _moves(matrix, first.shape) else None


def agreement(first: np.ndarray, other: np.ndarray, matrix: np.ndarray) -> float:
    """Correlation, -1…1, of the edges of two lumas after a motion, where they overlap; -1 for too little overlap."""
    a, b = shrink(first, _COMPARED_SIDE), shrink(other, _COMPARED_SIDE)
    small = _scaled(matrix, first.shape, a.shape)
    box = common_box(a.shape, [small])
    if not shares_enough(box, a.shape):
        return -1.0
    left, top, right, bottom = box
    p, q = (edges(each[top:bottom, left:right]) for each in (a, warp(b, small)))
    return float((p.conj() * q).real.sum() / np.sqrt((np.abs(p) ** 2).sum() * (np.abs(q) ** 2).sum() + 1e-12))


def warp(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Undo a motion of H×W or H×W×3 of any depth. Places outside the picture repeat its border: crop them."""
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, matrix, picture.shape[1::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)


def shares_enough(box: Box, shape: tuple[int, ...]) -> bool:
    """Whether a common box is large enough for a comparison."""
    left, top, right, bottom = box
    return right - left >= _MIN_COMMON * shape[1] and bottom - top >= _MIN_COMMON * shape[0]


def common_box(shape: tuple[int, ...], matrices: list[np.ndarray]) -> Box:
    """Return a box of the first picture that all others cover after their motions; may be empty.

    Motions are affine, so a box is covered if its corners are. Starting with the whole frame, the side with the corner
    that is furthest outside is moved inward until no corner is outside.
    """
    height, width = shape[:2]
    left, top, right, bottom = 0, 0, width - 1, height - 1
    while left < right and top < bottom:
        corners = np.array([[left, top, 1], [right, top, 1], [left, bottom, 1], [right, bottom, 1]])
        places = np.concatenate([corners @ matrix.T for matrix in matrices])
        (x0, y0), (x1, y1) = places.min(0), places.max(0)
        over = np.array([-x0, -y0, x1 - (width - 1), y1 - (height - 1)])
        if over.max() < 0.01:
            return left, top, right + 1, bottom + 1
        inward = max(1, int(over.max())) * (np.arange(4) == over.argmax())
        left, top, right, bottom = (int(v) for v in (left, top, right, bottom) + inward * (1, 1, -1, -1))
    return 0, 0, 0, 0


def _ecc(pyramid: list, shape: tuple[int, ...], guess: np.ndarray, model: int) -> np.ndarray | None:
    """Maximise ECC from `guess` up the pyramid; None where it converges at no scale."""
    matrix, converged = guess, False
    for a, b in pyramid:
        start = _scaled(matrix, shape, a.shape).astype(np.float32)
        try:
            _, found = cv2.findTransformECC(a, b, start, model, _CRITERIA, None, _ECC_BLUR)  # type: ignore[call-overload]
        except cv2.error:  # not at this scale; a finer one may
            continue
        if np.isfinite(found).all():
            matrix, converged = _scaled(found.astype(np.float64), a.shape, shape), True
    return matrix if converged else None


def _strength(values: np.ndarray, side: int) -> np.ndarray:
    return np.abs(edges(shrink(values, side))).astype(np.float32)


def _scaled(matrix: np.ndarray, old: tuple[int, ...], new: tuple[int, ...]) -> np.ndarray:
    """Convert a motion to copies of another size; coordinates are those of pixel centres."""
    y, x = new[0] / old[0], new[1] / old[1]
    grow = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
    return (grow @ np.vstack([matrix, [0, 0, 1]]) @ np.linalg.inv(grow))[:2]


def _is_plausible(matrix: np.ndarray) -> bool:
    stretch = np.linalg.svd(matrix[:, :2], compute_uv=False)
    return bool(np.linalg.det(matrix[:, :2]) > 0 and (np.abs(np.log(stretch)) < _DISTORTION).all())


def _moves(matrix: np.ndarray, shape: tuple[int, ...]) -> bool:
    height, width = shape
    corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]])
    return bool(np.abs(corners @ matrix.T - corners[:, :2]).max() >= _LEAST)
