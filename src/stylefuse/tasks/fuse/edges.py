"""Edge agreement of a set. Pictures that differ but have the same edges differ in light, focus or noise, not damage."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.networks.pyramid import to_luma_chroma

BLOCK = 16  # px
# Thresholds above noise, in [0, 1] units: of a block's mean difference, and of its root mean square gradient.
DIFFERENT, EDGE = 3 / 255, 1.5 / 255
# A pair needs this many blocks that differ and have edges; otherwise it does not count.
FEWEST = 4


def edge_agreement(x: Tensor) -> Tensor:
    """Correlation of luma gradients of two pictures, in the blocks where they differ; mean over all pairs of a set.

    Blocks that are equal in both are left out: damaged pictures are also equal where both are undamaged.

    Args:
        x: N×n×3×H×W in [-1, 1], n from 2.

    Returns:
        N in [-1, 1]; 0 where no pair differs in four blocks with edges.
    """
    with torch.autocast(x.device.type, enabled=False):  # differences of a few levels need float32
        luma = (to_luma_chroma(x.float())[:, :, 0] + 1) / 2
    across = (luma[..., 1:-1, 2:] - luma[..., 1:-1, :-2]) / 2
    down = (luma[..., 2:, 1:-1] - luma[..., :-2, 1:-1]) / 2
    gradients, inner = torch.stack([across, down], 2), luma[..., 1:-1, 1:-1]
    energy = _blocks(gradients.square().sum(2))
    n = x.shape[1]
    total: Any = 0.0
    count: Any = 0.0
    for step in range(1, n // 2 + 1):
        # Pair each picture with the one `step` further on. All pairs occur; with even n the last step has each twice.
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
    """Means over blocks, N×n×H×W → N×n×h×w. A side shorter than a block is one block."""
    size = [min(BLOCK, side) for side in x.shape[-2:]]
    return F.avg_pool2d(x, size)
