"""Patches without colour and tone: what is left to tell a painting by is the brush."""

import torch
from torch import Generator, Tensor

from stylefuse.metrics.content import standardised_luma

# Deviations of luma that stand for the ends of the range; beyond lies 0.3 % of a normal distribution.
REACH = 3.0


def luma_patches(x: Tensor, side: int, count: int, generator: Generator) -> Tensor:
    """Random squares of x as grey pictures whose luma has zero mean and a fixed deviation.

    Args:
        x: N×3×H×W in [-1, 1], H, W ≥ `side`.
        count: patches a picture.
        generator: source of the places, on the CPU.

    Returns:
        (N·count)×3×side×side in [-1, 1], those of a picture in a row; three equal channels, ±3 deviations of the
        patch at the ends of the range, what lies beyond clipped.

    Raises:
        ValueError: the pictures are smaller than the patches.
    """
    height, width = x.shape[2:]
    if min(height, width) < side:
        raise ValueError(f"patches of {side} px need larger pictures than {height}×{width}")
    tops = torch.randint(height - side + 1, (len(x), count), generator=generator).tolist()
    lefts = torch.randint(width - side + 1, (len(x), count), generator=generator).tolist()
    patches = [
        picture[:, top : top + side, left : left + side]
        for picture, rows, columns in zip(x, tops, lefts, strict=True)
        for top, left in zip(rows, columns, strict=True)
    ]
    return as_luma_patches(torch.stack(patches))


def as_luma_patches(patches: Tensor) -> Tensor:
    """Patches N×3×side×side in [-1, 1] as `luma_patches` gives those that it chose."""
    grey = (standardised_luma(patches) / REACH).clamp(-1, 1)
    return grey.expand(-1, 3, -1, -1).contiguous()
