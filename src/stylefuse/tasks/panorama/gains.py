"""Make pictures equally bright and equally tinted: a gain a channel for each picture, from where they overlap.

OpenCV's block gains compare blocks that two pictures share, and leave the others as they are: alone they would leave a
dark picture dark outside the overlap. They follow afterwards, for what differs from place to place.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# Levels that are neither noise nor clipped.
_DARK, _BRIGHT = 12, 243
# Fewest px that two pictures are compared by.
_LEAST = 50
# Weight of "no gain" beside one pair of pictures, so that all gains together change nothing.
_PRIOR = 1e-3


class Piece(NamedTuple):
    """A picture on the canvas: its left and top corner, its pixels, and where it is seen (255, else 0)."""

    corner: tuple[int, int]
    pixels: np.ndarray
    seen: np.ndarray


def find_gains(pieces: Sequence[Piece]) -> np.ndarray:
    """Factors for each picture's channels, n×3: those that make the medians of ratios in all overlaps 1.

    Levels of sRGB are close to a power of light, so a change of exposure is a factor on them too.
    """
    count = len(pieces)
    rows, ratios = [_PRIOR * np.eye(count)], [np.zeros((count, 3))]
    for i in range(count):
        for j in range(i + 1, count):
            a, b = _shared(pieces[i], pieces[j])
            if len(a) < _LEAST:
                continue
            row = np.zeros((1, count))
            row[0, i], row[0, j] = 1, -1
            rows.append(row)
            ratios.append(np.median(np.log(b) - np.log(a), axis=0)[None])
    return np.exp(np.linalg.lstsq(np.concatenate(rows), np.concatenate(ratios), rcond=None)[0])


def brighten(piece: Piece, gain: np.ndarray) -> Piece:
    """Multiply the channels by `gain`, 3 numbers."""
    levels = np.arange(256)[:, None] * gain
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    channels = [table[:, c][piece.pixels[..., c]] for c in range(3)]
    return piece._replace(pixels=np.stack(channels, -1))


def _shared(a: Piece, b: Piece) -> tuple[np.ndarray, np.ndarray]:
    """Levels of both where both are seen and neither is clipped, n×3 each."""
    left, top = np.maximum(a.corner, b.corner)
    right, bottom = np.minimum(*(np.add(each.corner, each.seen.shape[::-1]) for each in (a, b)))
    if right <= left or bottom <= top:
        return np.zeros((0, 3)), np.zeros((0, 3))
    parts = []
    for each in (a, b):
        aside, above = each.corner
        box = np.s_[top - above : bottom - above, left - aside : right - aside]
        parts.append((each.pixels[box].astype(np.float32), each.seen[box] > 0))
    (x, in_x), (y, in_y) = parts
    lowest, highest = np.minimum(x, y).min(-1), np.maximum(x, y).max(-1)
    kept = in_x & in_y & (lowest > _DARK) & (highest < _BRIGHT)
    return x[kept], y[kept]
