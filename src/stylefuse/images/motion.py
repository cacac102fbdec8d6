"""The motion between two pictures of one scene: found by ECC or by features, measured, undone.

A motion is a 2×3 matrix: what lies at (x, y) in the first picture lies at matrix · (x, y, 1) in the other, in px.
"""

from typing import NamedTuple

import cv2
import numpy as np

from stylefuse.images.alignment_check import Box, edges, shrink

STILL = np.eye(2, 3)
# From the simplest on. A richer motion must agree better by `_GAIN` than the best before it.
_MODELS = (
    (cv2.MOTION_TRANSLATION, "translation"),
    (cv2.MOTION_EUCLIDEAN, "rotation"),
    (cv2.MOTION_AFFINE, "affine"),
)
_GAIN = 1.03
# A motion that moves no corner by this many px is measurement: pictures in register stay untouched.
_LEAST = 0.5
# Nothing that one would fuse is scaled or sheared by more than this share against the other.
_DISTORTION = 0.25
# Motions are sought in copies of at most these many px a side, coarse to fine, and compared at one of them.
_SIDES, _COMPARED_SIDE = (128, 256, 512, 1024), 512
_CRITERIA = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)
_ECC_BLUR = 5  # px, odd
# Lowe's ratio (2004, section 7.1), and how many features must agree on one motion, within how many px.
_FEATURES, _RATIO, _MIN_MATCHES, _RANSAC_PX = 2000, 0.75, 12, 2.0
# Two pictures that share less than this of each side cannot be compared.
_MIN_COMMON = 0.25


class Found(NamedTuple):
    """A motion, what found it, and how well the edges agree under it (see `agreement`)."""

    method: str
    matrix: np.ndarray
    agreement: float


def by_ecc(first: np.ndarray, other: np.ndarray, shift: tuple[float, float]) -> Found | None:
    """The motion of luma `other` against `first` that maximises the correlation of their edges.

    Enhanced correlation coefficient (Evangelidis and Psarakis 2008) of normalised gradient magnitudes, coarse to
    fine: a translation, then with a rotation, then affine, each only if it agrees clearly better.

    Args:
        first, other: H×W float32.
        shift: dx, dy in px to start from, if that agrees better than no shift.

    Returns:
        None where it does not converge, does not agree better than no motion, or moves nothing by half a pixel.
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
    """The affine motion that most matched SIFT features (Lowe 2004) of two lumas agree on, by RANSAC.

    It needs no start and finds large motions and rotations, but not infrared beside visible.

    Returns:
        None where too few agree, where the edges do not agree better than under no motion, or nothing moves.
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
    cv2.setRNGSeed(0)  # RANSAC draws from OpenCV's own stream: the same pictures give the same motion
    matrix, agreed = cv2.estimateAffine2D(here, there, method=cv2.RANSAC, ransacReprojThreshold=_RANSAC_PX)
    if matrix is None or agreed.sum() < _MIN_MATCHES:
        return None
    matrix = _scaled(matrix, small[0].shape, first.shape)
    found = Found("SIFT", matrix, agreement(first, other, matrix))
    better = found.agreement > max(agreement(first, other, STILL) * _GAIN, 0)
    return found if better and _is_plausible(matrix) and _moves(matrix, first.shape) else None


def agreement(first: np.ndarray, other: np.ndarray, matrix: np.ndarray) -> float:
    """Correlation, -1…1, of the edges of two lumas under a motion, where both are; -1 if they share too little."""
    a, b = shrink(first, _COMPARED_SIDE), shrink(other, _COMPARED_SIDE)
    small = _scaled(matrix, first.shape, a.shape)
    box = common_box(a.shape, [small])
    if not shares_enough(box, a.shape):
        return -1.0
    left, top, right, bottom = box
    p, q = (edges(each[top:bottom, left:right]) for each in (a, warp(b, small)))
    return float((p.conj() * q).real.sum() / np.sqrt((np.abs(p) ** 2).sum() * (np.abs(q) ** 2).sum() + 1e-12))


def warp(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Undo a motion of H×W or H×W×3 of any depth. Places that lay outside get the border's pixels: cut them off."""
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, matrix, picture.shape[1::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)


def shares_enough(box: Box, shape: tuple[int, ...]) -> bool:
    """Whether a common box is large enough to say anything about the whole."""
    left, top, right, bottom = box
    return right - left >= _MIN_COMMON * shape[1] and bottom - top >= _MIN_COMMON * shape[0]


def common_box(shape: tuple[int, ...], matrices: list[np.ndarray]) -> Box:
    """A box of the first picture whose places lie inside all others under their motions; may be empty.

    A motion is affine, so a box lies inside if its corners do. From the whole frame on, the side over which they
    lie out furthest is moved inward until none does.
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
    """The same motion between copies of another size; pixels are counted from the middle of the first."""
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
