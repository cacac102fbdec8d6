"""Do pictures that differ have the same edges? Then they differ in light, focus or noise, and none is damaged."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.networks.pyramid import to_luma_chroma

BLOCK = 16  # px
# Less than this is noise or nothing: mean difference, and root mean square of gradients, in [0, 1] units.
DIFFERENT, EDGE = 3 / 255, 1.5 / 255
# Blocks of a pair that must be left to say anything of it.
FEWEST = 4


def edge_agreement(x: Tensor) -> Tensor:
    """Correlation of the luma gradients of two pictures of a set in blocks where they differ, mean over all pairs.

    Places that are equal in both say nothing: damaged pictures, too, are equal where both are whole.

    Args:
        x: N×n×3×H×W in [-1, 1], n from 2.

    Returns:
        N in [-1, 1]; 0 where no pair differs in four blocks with edges.
    """
    with torch.autocast(x.device.type, enabled=False):  # differences of a few levels need all bits
        luma = (to_luma_chroma(x.float())[:, :, 0] + 1) / 2
    across = (luma[..., 1:-1, 2:] - luma[..., 1:-1, :-2]) / 2
    down = (luma[..., 2:, 1:-1] - luma[..., :-2, 1:-1]) / 2
    gradients, inner = torch.stack([across, down], 2), luma[..., 1:-1, 1:-1]
    energy = _blocks(gradients.square().sum(2))
    n = x.shape[1]
    total: Any = 0.0
    count: Any = 0.0
    for step in range(1, n // 2 + 1):
        # Each picture beside the one `step` further on: all pairs, the farthest of an even number twice.
        product = _blocks((gradients * gradients.roll(step, 1)).sum(2))
        other = energy.roll(step, 1)
        counts = (
            (energy > EDGE**2)
            & (other > EDGE**2)
            & (_blocks((inner - inner.roll(step, 1)).abs()) > DIFFERENT)
        )
        counts = counts & (counts.sum((2, 3), keepdim=True) >= FEWEST)
        correlation = product / (energy * other).sqrt().clamp_min(1e-12)
        total = total + (correlation * counts).sum((1, 2, 3))
        count = count + counts.sum((1, 2, 3))
    return total / count.clamp_min(1)


def _blocks(x: Tensor) -> Tensor:
    """Means over blocks, N×n×H×W → N×n×h×w; small pictures are one block."""
    size = [min(BLOCK, side) for side in x.shape[-2:]]
    return F.avg_pool2d(x, size)
