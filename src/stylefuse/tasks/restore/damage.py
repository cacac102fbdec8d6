"""Damage photos at random, for training: noise, JPEG, scratches to be found, holes with a given mask."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.tasks.restore.fill import fill_batch
from stylefuse.tasks.restore.holes import blocks, scratches, strokes
from stylefuse.tasks.restore.jpeg import compress

# Shares of the pictures. JPEG seldom joins noise, else few pictures would show JPEG's traces alone. Those with neither
# have scratches or holes, because the U-Net learns nothing from an undamaged picture.
NOISY, BOTH, COMPRESSED = 0.40, 0.06, 0.38
# Of all pictures, and of those with neither noise nor JPEG; the rest of the latter has holes.
SCRATCHED, SCRATCHED_ALONE, HOLED = 0.25, 0.6, 0.12
TWICE = 0.25  # of the pictures saved as JPEG
GREY = 0.05  # of the noisy pictures
MOST_NOISE = 60.0  # standard deviation in levels
QUALITIES = (5.0, 90.0)
# Exponents above 1 make slight noise and low qualities more frequent.
NOISE_BENT, QUALITY_BENT = 1.3, 1.6
# Of a scratch's difference to the picture, in levels from 0 to 255; its mask is where it covers more than this share.
COVERED = 0.25


class Damaged(NamedTuple):
    """Pictures and what was done to them; levels are from 0 to 255.

    seen: N×3×S×S, with scratches; given holes are filled. filled: the same with scratches filled as well. hole:
    N×1×S×S, where `filled` was. scratched: N×1×S×S, what is to be found.
    noise: N, standard deviation in levels. compression: N, 1 less JPEG's quality / 100; 0 for none. grid: N×2, where
    the blocks of the stronger compression lie; see `network.Levels`.
    """

    seen: Tensor
    filled: Tensor
    hole: Tensor
    scratched: Tensor
    noise: Tensor
    compression: Tensor
    grid: Tensor


class Kinds(NamedTuple):
    """Which of N pictures have noise, JPEG's traces, scratches, and holes; N bool each."""

    noisy: np.ndarray
    compressed: np.ndarray
    scratched: np.ndarray
    holed: np.ndarray


def damage(truth: Tensor, random: np.random.Generator, grid: tuple[int, int] = (0, 0)) -> Damaged:
    """Damage photos.

    Args:
        truth: N×3×S×S, whole levels from 0 to 255, on any device.
        grid: by how many rows and columns a block of JPEG's grid begins above and left of the pictures, 0 to 7.
    """
    n, side, device = len(truth), truth.shape[2], truth.device
    kinds = _kinds(n, random)
    x, scratched = truth, torch.zeros_like(truth[:, :1])
    rows = _rows(kinds.scratched, device)
    if len(rows):
        x, scratched = x.clone(), scratched.clone()
        x[rows], scratched[rows] = scratch(truth[rows], random)
    x, noise = _add_noise(x, kinds.noisy, random)
    x, compression, grids = _compress(x, kinds.compressed, random, grid)
    hole = _grown(scratched, random)
    given = torch.zeros_like(hole)
    rows = _rows(kinds.holed, device)
    if len(rows):
        make = strokes if random.random() < 0.5 else blocks
        given[rows] = make(len(rows), side, random, device).float()
    seen = fill_batch(x, given)
    filled = seen.clone()
    rows = hole.flatten(1).any(1)
    filled[rows] = fill_batch(x[rows], given[rows].maximum(hole[rows]))
    return Damaged(seen, filled, given.maximum(hole), scratched, noise, compression, grids)


def _kinds(n: int, random: np.random.Generator) -> Kinds:
    kind, more = random.random(n), random.random((2, n))
    noisy = kind < NOISY + BOTH
    compressed = (kind >= NOISY) & (kind < NOISY + BOTH + COMPRESSED)
    alone = ~noisy & ~compressed
    scratched = more[0] < np.where(alone, SCRATCHED_ALONE, SCRATCHED)
    return Kinds(noisy, compressed, scratched, (more[1] < HOLED) | (alone & ~scratched))


def scratch(x: Tensor, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Scratch every picture: the pictures N×3×S×S, and the scratches' mask N×1×S×S."""
    coverage = scratches(len(x), x.shape[2], random, x.device)
    return painted(x, coverage, random)


def painted(x: Tensor, coverage: Tensor, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Paint k scratches over each of N pictures, bright, dark or tinted; strong or faint.

    Args:
        x: N×3×H×W. coverage: N×k×H×W in [0, 1].

    Returns:
        N×3×H×W whole levels, and the mask N×1×H×W of 0 and 1.
    """
    n, k = coverage.shape[:2]
    bright = random.random((n, k, 1)) < 0.5
    colours = np.where(bright, random.uniform(170, 256, (n, k, 1)), random.uniform(0, 80, (n, k, 1)))
    colours = (colours + random.normal(0, 12, (n, k, 3))).clip(0, 255)
    opacity = random.uniform(0.25, 1.0, (n, k, 1))
    colour, strength = (torch.from_numpy(each).float().to(x.device) for each in (colours, opacity))
    out = x
    for i in range(k):
        cover = coverage[:, i : i + 1] * strength[:, i, :, None, None]
        out = out + cover * (colour[:, i, :, None, None] - out)
    return out.round().clamp(0, 255), (coverage > COVERED).any(1, keepdim=True).float()


def _add_noise(x: Tensor, noisy: np.ndarray, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """White noise, some of it grey; the noisy pictures and the deviations."""
    n, device = len(x), x.device
    deviation = np.where(noisy, 1 + (MOST_NOISE - 1) * random.random(n) ** NOISE_BENT, 0.0)
    source = torch.Generator(device).manual_seed(int(random.integers(2**62)))
    noise = torch.randn(x.shape, generator=source, device=device)
    grey = torch.from_numpy(random.random(n) < GREY).to(device)[:, None, None, None]
    noise = torch.where(grey, noise[:, :1], noise)
    scale = torch.from_numpy(deviation).float().to(device)
    return (x + scale[:, None, None, None] * noise).round().clamp(0, 255), scale


def _compress(
    x: Tensor, compressed: np.ndarray, random: np.random.Generator, grid: tuple[int, int]
) -> tuple[Tensor, Tensor, Tensor]:
    """Save some pictures as JPEG, and some of these twice, with grids apart; the pictures, how strongly, the grids."""
    rows = _rows(compressed, x.device)
    compression = torch.zeros(len(x), device=x.device)
    grids = torch.tensor([grid], device=x.device).repeat(len(x), 1)
    if not len(rows):
        return x, compression, grids
    least, most = QUALITIES
    bent = least + (most - least) * random.random((2, len(rows))) ** QUALITY_BENT
    quality = torch.from_numpy(bent).float().to(x.device)
    subsample = bool(random.random() < 0.8)
    once = compress(x[rows], quality[0], grid, subsample)
    again = torch.from_numpy(random.random(len(rows)) < TWICE).to(x.device)
    other = random_grid(random)
    twice = compress(once, quality[1], other, subsample)
    x = x.clone()
    x[rows] = torch.where(again[:, None, None, None], twice, once)
    worst = torch.where(again, quality.amin(0), quality[0])
    compression[rows] = 1 - worst / 100
    grids[rows[again & (quality[1] < quality[0])]] = grids.new_tensor(other)
    return x, compression, grids


def random_grid(random: np.random.Generator) -> tuple[int, int]:
    """A place of JPEG's grid: rows and columns by which it begins above and left, 0 to 7."""
    down, right = random.integers(8, size=2)
    return int(down), int(right)


def _grown(mask: Tensor, random: np.random.Generator) -> Tensor:
    """The mask, grown by up to two pixels: what is found is not exact."""
    by = int(random.integers(1, 3))
    return F.max_pool2d(mask, 2 * by + 1, 1, by)


def _rows(chosen: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(np.flatnonzero(chosen)).to(device)
