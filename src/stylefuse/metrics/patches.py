"""Random patches of standardised luma: without colour and tone, only strokes are left to recognise a style by."""

import torch
from torch import Generator, Tensor

from stylefuse.metrics.content import standardised_luma

# Deviations of luma at the ends of the range [-1, 1]; 0.3 % of a normal distribution lie beyond and are clipped.
REACH = 3.0


def luma_patches(x: Tensor, side: int, count: int, generator: Generator) -> Tensor:
    """Cut random squares out of x, as grey pictures whose luma has zero mean and a fixed deviation.

    Args:
        x: N×3×H×W in [-1, 1], H, W ≥ `side`.
        count: patches a picture.
        generator: source of randomness, on the CPU.

    Returns:
        (N·count)×3×side×side in [-1, 1], the patches of a picture in a row; three equal channels, in which -1 and 1
        are ±3 deviations of the patch. Values beyond are clipped.

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
    """Turn given patches, N×3×side×side in [-1, 1], into grey pictures as `luma_patches` does."""
    grey = (standardised_luma(patches) / REACH).clamp(-1, 1)
    return grey.expand(-1, 3, -1, -1).contiguous()
