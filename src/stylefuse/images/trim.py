"""Find plain margins of reproductions: white, grey or black mats and letterbox bars.

A margin counts only if it ends in a straight, sharp edge along most of its length. The white background of an ink
painting, or a plain sky, ends in strokes or in a gradient and is kept.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

# Longest side, px, of the copy in which margins are searched.
_WORKING_SIDE = 768
# Largest difference of equal colours, in levels of a channel: more than JPEG noise on a plain mat.
_TOLERANCE = 10
# A line belongs to the margin if this share of it has the margin's colour: specks may differ.
_PLAIN_SHARE = 0.99
# Share of the line after the margin that must differ from it: an edge of a picture, not a few strokes.
_EDGE_SHARE = 0.7
# Lines between margin and picture that belong to neither, because of JPEG's ringing: at most a 16-px colour block.
_RINGING = 16
# Largest margin as a share of the side: of each of two opposite margins, and of a single one.
_MAX_PAIRED, _MAX_SINGLE = 0.45, 0.10
# Nested margins (paper in a frame on a wall): how many to remove.
_ROUNDS = 3
# Smallest margin as a share of the side: a thinner line is part of the picture, such as an outline or lead.
_MIN_SHARE = 0.015
# Smallest side, px, that may be left.
_MIN_SIDE = 32


class Margins(NamedTuple):
    """Pixels to cut from each side."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0


class _Border(NamedTuple):
    depth: int
    colour: np.ndarray


def find_margins(picture: Image.Image) -> Margins:
    """Find the plain margins around an RGB picture.

    Returns:
        Pixels to cut from each side, at most 45 % of it; all 0 where no margin is certain.
    """
    scale = max(picture.size) / _WORKING_SIDE
    small = picture
    if scale > 1:
        size = (max(1, round(picture.width / scale)), max(1, round(picture.height / scale)))
        small = picture.resize(size, Image.Resampling.BOX)
    pixels = np.asarray(small).astype(np.int16)
    height, width = pixels.shape[:2]
    left = top = right = bottom = 0
    for _ in range(_ROUNDS):
        found = _peel(pixels[top : height - bottom, left : width - right])
        if not any(found):
            break
        deeper = Margins(left + found.left, top + found.top, right + found.right, bottom + found.bottom)
        if not _is_credible(deeper, width, height):
            break
        left, top, right, bottom = deeper
    if not any((left, top, right, bottom)):
        return Margins()
    ratio = (picture.width / width, picture.height / height) * 2
    # Rounded inward: half a pixel of margin would leave a line along the whole picture.
    return Margins(*(int(np.ceil(m * r)) for m, r in zip((left, top, right, bottom), ratio, strict=True)))


def cut(picture: Image.Image, margins: Margins) -> Image.Image:
    """Cut `margins` off a picture."""
    return picture.crop(
        (margins.left, margins.top, picture.width - margins.right, picture.height - margins.bottom)
    )


def _is_credible(margins: Margins, width: int, height: int) -> bool:
    rest = (width - margins.left - margins.right, height - margins.top - margins.bottom)
    deepest = max(max(margins.left, margins.right) / width, max(margins.top, margins.bottom) / height)
    return deepest <= _MAX_PAIRED and min(rest) >= _MIN_SIDE


def _peel(pixels: np.ndarray) -> Margins:
    """Find one layer of margins around H×W×3 int16 pixels."""
    if min(pixels.shape[:2]) < _MIN_SIDE:
        return Margins()
    sideways = pixels.transpose(1, 0, 2)
    # Each view's first axis leads from its border inward.
    views = (sideways, pixels, sideways[::-1], pixels[::-1])  # left, top, right, bottom
    borders = [_plain_border(lines) for lines in views]
    left, top, right, bottom = (border.depth for border in borders)
    columns, rows = slice(left, pixels.shape[1] - right), slice(top, pixels.shape[0] - bottom)
    along = (rows, columns, rows, columns)
    edges = [_edge(views[i], borders[i], along[i]) for i in range(4)]
    return Margins(*(_accepted(len(views[i]), borders, edges, i) for i in range(4)))


def _plain_border(lines: np.ndarray) -> _Border:
    """Count the lines from the border inward that all have the border's colour."""
    colour = np.median(lines[0], axis=0)
    reach = int(len(lines) * _MAX_PAIRED) + 1
    same = np.abs(lines[:reach] - colour).max(axis=2) <= _TOLERANCE
    plain = same.mean(axis=1) >= _PLAIN_SHARE
    # Plain up to the limit: part of the picture, not a margin.
    depth = 0 if plain.all() else int(np.argmin(plain))
    return _Border(depth, colour)


def _edge(lines: np.ndarray, border: _Border, along: slice) -> int:
    """Return the line, soon after the border, at which the picture starts along most of its length; 0 if none."""
    if border.depth == 0:
        return 0
    for line in range(border.depth, min(border.depth + _RINGING, len(lines))):
        here, before = lines[line, along], lines[max(line - 3, 0), along]
        # Compare with the border and with three lines before: a gradient differs only from the border.
        differs = np.minimum(np.abs(here - border.colour).max(axis=1), np.abs(here - before).max(axis=1))
        if differs.size and (differs > _TOLERANCE).mean() >= _EDGE_SHARE:
            return line
    return 0


def _accepted(length: int, borders: Sequence[_Border], edges: Sequence[int], side: int) -> int:
    """Return how many lines to cut from a side: its margin and the blurred line behind it, or 0."""
    partner = (side + 2) % 4
    if edges[side] < max(_MIN_SHARE * length, 3):
        return 0
    colour = borders[side].colour
    paired = edges[partner] and np.abs(colour - borders[partner].colour).max() <= _TOLERANCE
    if not paired:
        paper_or_black = colour.min() >= 235 or colour.max() <= 20
        if not paper_or_black or edges[side] > _MAX_SINGLE * length:
            return 0
    return edges[side] + 1
