"""Align the pictures of a set with the first one and crop them to what all of them show."""

from collections.abc import Sequence

import cv2
import numpy as np

from stylefuse.images.alignment_check import (
    Alignment,
    Finding,
    Motion,
    SizesDifferError,
    check_alignment,
    compare,
    size_of,
    stretched_luma,
)
from stylefuse.images.motion import STILL, Found, by_ecc, by_features, common_box, shares_enough, warp

__all__ = ["AlignError", "Alignment", "SizesDifferError", "align", "check_alignment"]

# Largest relative difference of the aspect ratio from the first picture's.
_ASPECT = 0.02
_MAX_SIDE = 32_000  # OpenCV's warp uses 16-bit coordinates


class AlignError(ValueError):
    """A picture cannot be aligned with the first; the message gives its number (the first is 1) and the remedy."""


def align(pictures: Sequence[np.ndarray]) -> tuple[list[np.ndarray], Alignment]:
    """Align all pictures with the first one.

    Pictures of another size are scaled to the first one's. The motion of each is found by ECC (see
    `images.motion.by_ecc`), starting from phase correlation, and where that fails by features. A motion is used only if
    the edges agree better after it. Moved pictures do not cover the whole frame, so all are cropped to a box that every
    picture covers.

    Args:
        pictures: at least one, H×W or H×W×3, uint8 or uint16.

    Returns:
        The pictures, all of one size, each with its own dtype and channels (the same arrays where nothing moved); and
        their alignment now, with motions and crop.

    Raises:
        AlignError: a picture has another aspect ratio than the first, shows another scene, or no affine motion aligns
            it.
        ValueError: there is no picture, or an array is not a picture.
    """
    if not pictures:
        raise ValueError("no picture to align: give at least one")
    first, lightness = pictures[0], stretched_luma(pictures[0])
    moved, motions = [first], [Motion("unchanged", _rows(STILL))]
    for number, picture in enumerate(pictures[1:], 2):
        picture, resized = _resized(picture, first, number)
        found = _find(lightness, stretched_luma(picture), number)
        method = (
            " + ".join((["resized"] if resized else []) + ([found.method] if found else [])) or "unchanged"
        )
        moved.append(warp(picture, found.matrix) if found else picture)
        motions.append(Motion(method, _rows(found.matrix if found else STILL)))
    box = common_box(first.shape, [np.array(motion.matrix) for motion in motions])
    if not shares_enough(box, first.shape):
        raise AlignError("the pictures have too little in common: take out those that show another part")
    left, top, right, bottom = box
    crop = None if (bottom, right) == first.shape[:2] and (left, top) == (0, 0) else box
    if crop:
        moved = [np.ascontiguousarray(each[top:bottom, left:right]) for each in moved]
    return moved, Alignment(check_alignment(moved).findings, tuple(motions), crop)


def _find(first: np.ndarray, other: np.ndarray, number: int) -> Found | None:
    """Find the motion of luma `other` against `first`; None where it is aligned already, or seems to be.

    Raises:
        AlignError: they are not aligned, and no motion aligns them.
    """
    if max(first.shape) > _MAX_SIDE:
        raise AlignError(
            f"picture {number} is {size_of(other)}, too large to be aligned: scale the pictures down"
        )
    before = compare(first, other)
    seek = {
        "ecc": lambda: by_ecc(first, other, (before.dx, before.dy)),
        "features": lambda: by_features(first, other),
    }
    tried = []
    for method in seek.values():
        found = method()
        if found is not None:
            after = _after(first, other, found)
            tried.append((found, after))
            if after.verdict == "registered":
                return found
        elif before.verdict == "registered":
            return None
    helpful = [found for found, after in tried if after.verdict == "unsure" and before.verdict != "unrelated"]
    if helpful:
        return max(helpful, key=lambda found: found.agreement)
    if before.verdict in ("registered", "unsure"):
        return None
    if before.verdict == "unrelated":
        raise AlignError(
            f"picture {number} shows another scene than the first: take it out, or give pictures of one scene"
        )
    raise AlignError(
        f"picture {number} is shifted by about {before.dx:.0f}, {before.dy:.0f} px against the first, and no "
        "single motion undoes that: align it by hand, or take it out"
    )


def _after(first: np.ndarray, other: np.ndarray, found: Found) -> Finding:
    left, top, right, bottom = common_box(first.shape, [found.matrix])
    return compare(first[top:bottom, left:right], warp(other, found.matrix)[top:bottom, left:right])


def _resized(picture: np.ndarray, first: np.ndarray, number: int) -> tuple[np.ndarray, bool]:
    if picture.shape[:2] == first.shape[:2]:
        return picture, False
    (height, width), (own_height, own_width) = first.shape[:2], picture.shape[:2]
    if abs(own_width * height / (own_height * width) - 1) > _ASPECT:
        raise AlignError(
            f"picture {number} ({size_of(picture)}) has another aspect ratio than the first ({size_of(first)}): crop it"
        )
    way = cv2.INTER_AREA if own_width > width else cv2.INTER_CUBIC
    return cv2.resize(picture, (width, height), interpolation=way), True


def _rows(matrix: np.ndarray) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    (a, b, c), (d, e, f) = matrix.tolist()
    return (a, b, c), (d, e, f)
