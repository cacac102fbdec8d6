"""Compare a panorama with the photo that its views were made of."""

from typing import NamedTuple

import cv2
import numpy as np

# SIFT: features at most, Lowe's ratio.
_FEATURES, _RATIO = 4000, 0.75
# Distance from the smooth map, px, beyond which a match is false; at first, and at last.
_FALSE = (25.0, 10.0)
# Degree of the smooth map: it bends a plane into a cylinder, and is too stiff to follow a step at a seam.
_DEGREE = 3
# Distance, px, over which a step of brightness is taken, and the blur before it.
_ACROSS, _BLUR = 24, 4.0


class Score(NamedTuple):
    """rms: of distances of places in the panorama from the smooth map to the photo, px of the photo.

    step: the largest difference of brightness against the photo between columns 24 px apart, levels of 8 bits.
    matches: that `rms` rests on.
    """

    rms: float
    step: float
    matches: int


def score(panorama: np.ndarray, photo: np.ndarray) -> Score:
    """Score H×W×3 uint8 against H×W×3 uint8; NaN where they have too little in common."""
    a, b = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (panorama, photo))
    here, there = _matches(a, b)
    if len(here) < 30:
        return Score(np.nan, np.nan, len(here))
    middle, scale = np.array(a.shape[::-1]) / 2, max(a.shape) / 2
    terms = _terms((here - middle) / scale)
    kept = _roughly(here, there)
    for limit in (*_FALSE, _FALSE[-1]):
        found = np.linalg.lstsq(terms[kept], there[kept], rcond=None)[0]
        distance = np.linalg.norm(terms @ found - there, axis=1)
        kept = distance < limit
    rms = float(np.sqrt((distance[kept] ** 2).mean()))
    return Score(rms, _step(a, b, lambda points: _terms((points - middle) / scale) @ found), int(kept.sum()))


def _matches(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    sift = cv2.SIFT_create(_FEATURES)
    (x, about_x), (y, about_y) = sift.detectAndCompute(a, None), sift.detectAndCompute(b, None)
    if min(len(x), len(y)) < 30:
        return np.zeros((0, 2)), np.zeros((0, 2))
    pairs = cv2.BFMatcher().knnMatch(about_x, about_y, k=2)
    good = [pair[0] for pair in pairs if pair[0].distance < _RATIO * pair[1].distance]
    here = np.array([x[match.queryIdx].pt for match in good]).reshape(-1, 2)
    return here, np.array([y[match.trainIdx].pt for match in good]).reshape(-1, 2)


def _roughly(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    cv2.setRNGSeed(0)
    _, agreed = cv2.findHomography(here, there, cv2.RANSAC, _FALSE[0])
    return agreed.ravel().astype(bool)


def _terms(points: np.ndarray) -> np.ndarray:
    x, y = points.T
    return np.stack([x**i * y**j for i in range(_DEGREE + 1) for j in range(_DEGREE + 1 - i)], 1)


def _step(a: np.ndarray, b: np.ndarray, to_photo) -> float:
    height, width = a.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    places = to_photo(np.stack([x.ravel(), y.ravel()], 1)).astype(np.float32).reshape(height, width, 2)
    truth = cv2.remap(b, places, None, cv2.INTER_LINEAR)
    inside = ((places > 0) & (places < np.array(b.shape[::-1]) - 1)).all(2) & (a > 0)
    inside = cv2.erode(inside.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(np.float32)
    difference = (a.astype(np.float32) - truth) * inside
    rows = inside.sum(0)
    profile = difference.sum(0) / np.maximum(rows, 1)
    profile = cv2.GaussianBlur(profile[None], (0, 0), _BLUR)[0][rows > height / 3]
    return float(np.abs(profile[_ACROSS:] - profile[:-_ACROSS]).max()) if len(profile) > _ACROSS else np.nan
