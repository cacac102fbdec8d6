"""The largest upright rectangle that holds no empty place."""

import numpy as np

Box = tuple[int, int, int, int]
"""left, top, right, bottom in pixels; right and bottom are outside."""

# Longest side, px, of the copy that is searched.
_SIDE = 500


def inner_rectangle(seen: np.ndarray) -> Box:
    """Find the largest rectangle inside `seen`, H×W bool; of large masks, to within a five hundredth of their side.

    Every cell of the copy is full only if all of its pixels are, so the rectangle holds no empty pixel.
    """
    step = -(-max(seen.shape) // _SIDE)
    height, width = (side // step for side in seen.shape)
    blocks = seen[: height * step, : width * step].reshape(height, step, width, step)
    cells = np.asarray(blocks.all((1, 3)))
    left, top, right, bottom = _largest(cells)
    return left * step, top * step, right * step, bottom * step


def _largest(cells: np.ndarray) -> Box:
    """Row by row: the largest rectangle below a skyline, with a stack (the classical algorithm, linear in cells)."""
    heights = np.zeros(cells.shape[1] + 1, int)
    best, area = (0, 0, 0, 0), 0
    for bottom, row in enumerate(cells, 1):
        heights[:-1] = np.where(row, heights[:-1] + 1, 0)
        stack: list[tuple[int, int]] = []  # left, height; heights rise
        for right, height in enumerate(heights.tolist()):
            left = right
            while stack and stack[-1][1] >= height:
                left, tall = stack.pop()
                if tall * (right - left) > area:
                    area, best = tall * (right - left), (left, bottom - tall, right, bottom)
            stack.append((left, height))
    return best
