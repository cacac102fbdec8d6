"""Run the detector and the U-Net on pictures of any size, in tiles; equal to the whole picture up to rounding."""

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse._progress import tell
from stylefuse.tasks.restore.jpeg import BLOCK
from stylefuse.tasks.restore.lattice import read_quality
from stylefuse.tasks.restore.levels import (
    ALIKE,
    FEW,
    GREY,
    OF_CHROMA,
    chroma_roughness,
    grid_of,
    squares_of,
)
from stylefuse.tasks.restore.network import Levels, Restorer
from stylefuse.tasks.restore.options import STRIDE

GRID_SEEN = 2048  # px from the corner that JPEG's grid is looked for in
# The compression of the last saving counts alone if it is at least this; else an earlier one may have been stronger.
STRONG = 0.4
# Side of a tile without its margin, px, a multiple of BLOCK; larger ones take more memory, smaller ones overlap more.
TILE = 768


class Found(NamedTuple):
    """scratches: H×W bool. noise: standard deviation in levels of 255. compression: 1 less JPEG's quality / 100.

    grid: where the blocks of JPEG lie, as in `network.Levels`.
    """

    scratches: np.ndarray
    noise: float
    compression: float
    grid: tuple[int, int] = (0, 0)


class Tile(NamedTuple):
    """A part of a picture: the rows and columns that it answers for, and those it reads; in px.

    share: of all tiles, how many are done with this one, 0 to 1.
    """

    rows: slice
    columns: slice
    seen_rows: slice
    seen_columns: slice
    share: float

    @property
    def inner(self) -> tuple[slice, slice]:
        """The rows and columns that it answers for, within what it reads."""
        top, left = self.seen_rows.start, self.seen_columns.start
        return (
            slice(self.rows.start - top, self.rows.stop - top),
            slice(self.columns.start - left, self.columns.stop - left),
        )


@torch.inference_mode()
def look(restorer: Restorer, picture: np.ndarray, certainty: float = 0.0, tile: int = TILE) -> Found:
    """Find scratches and estimate the damage of a picture.

    Args:
        picture: H×W×3 uint8.
        certainty: logit above which a pixel is a scratch; 0 is even odds.
    """
    height, width = picture.shape[:2]
    scratches = np.zeros((height, width), bool)
    for part in _tiles(height, width, restorer.detector.margin, tile):
        rows, columns = part.inner
        logits = restorer.detector(_read(picture, part, restorer))[0, 0, rows, columns]
        here = scratches[part.rows, part.columns]
        here[:] = (logits > certainty)[: here.shape[0], : here.shape[1]].cpu().numpy()
        tell(0.9 * part.share)
    return Found(scratches, *estimate(restorer, picture))


@torch.inference_mode()
def estimate(restorer: Restorer, picture: np.ndarray) -> tuple[float, float, tuple[int, int]]:
    """Noise, compression and grid of a picture, H×W×3 uint8, as in `Found`."""
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]
    squares = squares_of(pixels).to(_device(restorer)).float().div(127.5).sub(1)
    log_noise, compression = restorer.estimator(squares)
    few, middle = (math.expm1(max(0.0, float(log_noise.quantile(share)))) for share in (FEW, 0.5))
    noise = middle if few >= ALIKE * middle else few
    chroma = float(chroma_roughness(squares).median())
    noise = min(noise, OF_CHROMA * chroma) if chroma > GREY else noise
    down, right = grid_of(pixels[:, :, :GRID_SEEN, :GRID_SEEN])[0].tolist()
    guess = min(max(0.0, float(compression.median())), 0.99)
    for grid in dict.fromkeys([(0, 0), (down, right)]):  # each once
        if quality := read_quality(picture, grid):
            read = 1 - quality / 100
            return noise, read if read >= STRONG else max(guess, read), grid
    return noise, guess, (down, right)


@torch.inference_mode()
def restore(
    restorer: Restorer,
    filled: np.ndarray,
    hole: np.ndarray,
    noise: float,
    compression: float,
    grid: tuple[int, int] = (0, 0),
    tile: int = TILE,
) -> np.ndarray:
    """Restore a picture of any size.

    Args:
        filled: H×W×3 uint8, its holes filled.
        hole: H×W bool, where it was filled.
        noise, compression, grid: see `Found`; where noise and compression are 0, pixels outside the hole stay as they
            are.

    Returns:
        H×W×3 uint8.
    """
    height, width = filled.shape[:2]
    device = _device(restorer)
    strength = (torch.tensor([noise], device=device), torch.tensor([compression], device=device))
    whole = noise > 0 or compression > 0
    out = filled.copy()
    for part in _tiles(height, width, restorer.margin, tile):
        own = hole[part.rows, part.columns]
        if not whole and not own.any():
            continue
        x = _read(filled, part, restorer)
        mask = _read(hole[:, :, None], part, restorer)[:, :1].add(1).div(2)
        rows, columns = part.inner
        corner = (part.seen_rows.start, part.seen_columns.start)
        place = [(offset + at) % BLOCK for offset, at in zip(grid, corner, strict=True)]
        levels = Levels(*strength, grid=torch.tensor([place], device=device))
        made = restorer(x, mask, levels)[0, :, rows, columns]
        levels_made = made.add(1).mul(127.5).round().clamp(0, 255).permute(1, 2, 0).to(torch.uint8)
        here = out[part.rows, part.columns]
        here[:] = levels_made[: here.shape[0], : here.shape[1]].cpu().numpy()
        tell(part.share)
    if not whole:  # rounding must not touch what is outside
        out = np.where(hole[:, :, None], out, filled)
    return out


def _tiles(height: int, width: int, margin: int, tile: int) -> Iterator[Tile]:
    tall, wide = (-(-side // STRIDE) * STRIDE for side in (height, width))
    corners = list(itertools.product(range(0, tall, tile), range(0, wide, tile)))
    for number, (top, left) in enumerate(corners, 1):
        bottom, right = min(top + tile, tall), min(left + tile, wide)
        yield Tile(
            slice(top, bottom),
            slice(left, right),
            slice(max(0, top - margin), min(tall, bottom + margin)),
            slice(max(0, left - margin), min(wide, right + margin)),
            number / len(corners),
        )


def _read(picture: np.ndarray, part: Tile, restorer: Restorer) -> Tensor:
    """What a tile reads, 1×3×h×w in [-1, 1]; of truth values -1 and 1. Border pixels repeat beyond a picture."""
    pixels = picture[part.seen_rows, part.seen_columns]
    x = torch.from_numpy(np.array(pixels)).to(_device(restorer)).permute(2, 0, 1)[None].float()
    x = x.mul(2).sub(1) if picture.dtype == bool else x.div(127.5).sub(1)
    tall, wide = (span.stop - span.start for span in (part.seen_rows, part.seen_columns))
    pad = (0, wide - x.shape[3], 0, tall - x.shape[2])
    x = F.pad(x, pad, mode="replicate") if any(pad) else x
    return x.contiguous(memory_format=torch.channels_last)


def _device(restorer: Restorer) -> torch.device:
    return next(restorer.parameters()).device
