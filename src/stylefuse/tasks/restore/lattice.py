"""Read JPEG's quality off a picture: coefficients of its blocks are multiples of the steps of quantisation."""

import numpy as np
import torch

from stylefuse.images.luma import luma
from stylefuse.tasks.restore.jpeg import BLOCK, cosines, quantisation

QUALITIES = np.arange(2, 93)  # finer steps than those of 92 are lost in the rounding of pixels
SIDE = 1024  # px from the corner that are looked at
FREQUENCIES = 4  # rows and columns of the coefficients that are looked at: finer ones are mostly zero
SMALLEST = 1.5  # coefficients below this many levels are zero but for rounding
FEWEST = 40  # coefficients that a quality is read from
# Mean fit of the coefficients: 1 where all are multiples of the steps, 0 or less without JPEG.
CERTAIN = 0.5
# Half steps fit as well: of the qualities that fit nearly as well as the best one, the lowest is the right one.
NEARLY = 0.85


def read_quality(picture: np.ndarray, grid: tuple[int, int]) -> int | None:
    """Return the quality that a picture was last saved with, 2 to 92, or None where the coefficients show none.

    They show it after rounding and clipping, but not after any other change, such as noise or scaling.

    Args:
        picture: H×W×3 uint8.
        grid: by how many rows and columns a block of JPEG's grid begins above and left of the picture, 0 to 7.
    """
    found = [values[np.abs(values) > SMALLEST] for values in _coefficients(picture, grid)]
    count = sum(map(len, found))
    if count < FEWEST:
        return None
    steps = quantisation(torch.from_numpy(QUALITIES).float())[0]
    steps = steps[:, :FREQUENCIES, :FREQUENCIES].reshape(len(QUALITIES), -1).T[1:]
    fits = (
        np.sum([_fit(values, step[:, None]) for values, step in zip(found, steps.numpy(), strict=True)], 0)
        / count
    )
    if fits.max() < CERTAIN:
        return None
    lowest = int(np.argmax(fits >= NEARLY * fits.max()))
    return int(QUALITIES[lowest + fits[lowest : lowest + 4].argmax()])


def _fit(values: np.ndarray, step: np.ndarray) -> np.ndarray:
    """For each step, the sum over values: 1 for a multiple, -1 for one in the middle or one that had become zero."""
    return np.where(np.abs(values) < step / 2, -1, np.cos(2 * np.pi * values / step)).sum(1)


def _coefficients(picture: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Those of low frequencies but the mean, 15×N, of N whole blocks that are not clipped."""
    top, left = (-offset % BLOCK for offset in grid)
    seen = picture[top : top + SIDE, left : left + SIDE]
    rows, columns = (side // BLOCK for side in seen.shape[:2])
    cut = seen[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK, 3)
    blocks = cut.swapaxes(1, 2).reshape(rows * columns, BLOCK, BLOCK, 3)
    blocks = blocks[((blocks > 0) & (blocks < 255)).all((1, 2, 3))]
    waves = cosines(torch.zeros(1))[:FREQUENCIES].numpy()
    return (waves @ luma(blocks) @ waves.T).reshape(len(blocks), FREQUENCIES**2)[:, 1:].T
