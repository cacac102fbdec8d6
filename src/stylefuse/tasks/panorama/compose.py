"""Draw pictures onto one canvas: warp, compensate brightness, choose seams, blend, crop. OpenCV's stitching stages."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np

from stylefuse._progress import tell
from stylefuse.tasks.panorama.gains import Piece, brighten, find_gains
from stylefuse.tasks.panorama.surfaces import Layout, back

# Pixels of a picture where brightness is compared and seams are sought.
_SEAM_PIXELS = 150_000
# Blocks in which brightness is compared, px of these copies: light falls off towards the corners of a picture.
_BLOCK = 32
# Most bands of the blend; the widest then reaches over 32 px, or a twentieth of the canvas where that is less.
_BANDS, _REACH = 5, 0.05
# Rows of a map that are computed at once.
_ROWS = 256


class Composed(NamedTuple):
    """picture: H×W×3 uint8. seen: H×W bool, where any picture is. weights: of each picture, h×w float in [0, 1]."""

    picture: np.ndarray
    seen: np.ndarray
    weights: list[np.ndarray]


def compose(pictures: Sequence[np.ndarray], layout: Layout) -> Composed:
    """Draw H×W×3 uint8 pictures on the canvas of `layout`. One of them is warped at full size at a time."""
    areas = [np.prod(np.subtract(layout.box(i)[2:], layout.box(i)[:2])) for i in range(len(pictures))]
    factor = min(1.0, float(np.sqrt(_SEAM_PIXELS / np.median(areas))))
    small = layout.scaled(factor)
    pieces = [warp(picture, small, i) for i, picture in enumerate(pictures)]
    gains = find_gains(pieces)
    pieces = [brighten(piece, gain) for piece, gain in zip(pieces, gains, strict=True)]
    blocks = _compensator(pieces)
    pieces = [_compensated(blocks, i, piece) for i, piece in enumerate(pieces)]
    shares = _seams(pieces)
    tell(0.6)
    left, top, right, bottom = layout.bounds
    blender = cv2.detail.MultiBandBlender(0, _bands(right - left, bottom - top))  # type: ignore[call-arg]
    blender.prepare((left, top, right - left, bottom - top))
    for i, picture in enumerate(pictures):
        piece = _compensated(blocks, i, brighten(warp(picture, layout, i), gains[i]))
        size = piece.seen.shape[::-1]
        share = cv2.resize(
            cv2.dilate(shares[i], np.ones((3, 3), np.uint8)), size, interpolation=cv2.INTER_LINEAR
        )
        blender.feed(piece.pixels.astype(np.int16), cv2.bitwise_and(share, piece.seen), piece.corner)
        tell(0.6 + 0.3 * (i + 1) / len(pictures))
    blended, seen = blender.blend(None, None)  # type: ignore[call-overload]
    picture = np.clip(blended, 0, 255).astype(np.uint8)
    return Composed(picture, np.asarray(seen) > 0, _weights(small, pieces, shares))


def warp(picture: np.ndarray, layout: Layout, number: int) -> Piece:
    """Draw one picture, H×W×3 uint8, onto its part of the canvas."""
    left, top, right, bottom = layout.box(number)
    height, width = picture.shape[:2]
    shape = (bottom - top, right - left)
    pixels, seen = np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.uint8)
    # Less than half a pixel of the picture for one of the canvas: an average first, or the copy would alias.
    source, shrunk = _reduced(picture, layout)
    columns = np.arange(left, right, dtype=np.float32)[None]
    for row in range(0, shape[0], _ROWS):
        rows = np.arange(top + row, min(top + row + _ROWS, bottom), dtype=np.float32)[:, None]
        x, y = back(layout, number, columns, rows)
        x, y = np.broadcast_arrays(x, y)
        inside = (np.abs(x) <= (width - 1) / 2) & (np.abs(y) <= (height - 1) / 2)
        x = (x + np.float32(width / 2)) * np.float32(shrunk) - np.float32(0.5)
        y = (y + np.float32(height / 2)) * np.float32(shrunk) - np.float32(0.5)
        part = slice(row, row + len(rows))
        way = cv2.INTER_CUBIC if shrunk == 1 else cv2.INTER_LINEAR
        pixels[part] = cv2.remap(source, x, y, way, borderMode=cv2.BORDER_REPLICATE)
        seen[part] = np.where(inside, 255, 0)
    return Piece((left, top), pixels, seen)


def _reduced(picture: np.ndarray, layout: Layout) -> tuple[np.ndarray, float]:
    factor = min(1.0, layout.pixel_share)
    if factor > 0.7:
        return picture, 1.0
    size = [max(1, round(side * factor)) for side in picture.shape[1::-1]]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA), size[0] / picture.shape[1]


def _compensator(pieces: Sequence[Piece]) -> Any:
    """What makes pictures equally bright in each block that they share, before seams are sought."""
    blocks = cv2.detail.BlocksGainCompensator(_BLOCK, _BLOCK)
    corners, pixels, seen = zip(*pieces, strict=True)
    blocks.feed(corners, [cv2.UMat(each) for each in pixels], [cv2.UMat(each) for each in seen])  # type: ignore[arg-type]
    return blocks


def _compensated(blocks: Any, number: int, piece: Piece) -> Piece:
    return piece._replace(pixels=blocks.apply(number, piece.corner, piece.pixels, piece.seen))


def _seams(pieces: Sequence[Piece]) -> list[np.ndarray]:
    """Which places are taken from which picture, 255 or 0: a graph cut where the pictures differ least.

    So what moved between two pictures is taken from one of them, whole.
    """
    finder = cv2.detail.GraphCutSeamFinder("COST_COLOR_GRAD")
    pixels = [cv2.UMat(each.pixels.astype(np.float32)) for each in pieces]  # type: ignore[call-overload]
    masks = [cv2.UMat(each.seen) for each in pieces]  # type: ignore[call-overload]
    found = finder.find(pixels, [each.corner for each in pieces], masks)  # type: ignore[arg-type]
    return [each.get() for each in found]


def _bands(width: int, height: int) -> int:
    reach = max(1.0, np.sqrt(width * height) * _REACH)
    return int(np.clip(np.ceil(np.log2(reach)) - 1, 1, _BANDS))


def _weights(layout: Layout, pieces: Sequence[Piece], shares: Sequence[np.ndarray]) -> list[np.ndarray]:
    left, top, right, bottom = layout.bounds
    maps = []
    for piece, share in zip(pieces, shares, strict=True):
        canvas = np.zeros((bottom - top, right - left), np.float32)
        x, y = piece.corner[0] - left, piece.corner[1] - top
        canvas[y : y + share.shape[0], x : x + share.shape[1]] = share / np.float32(255)
        maps.append(canvas)
    return maps
