"""Pictures of two styles whose truth is known: a style is a colour cast."""

import torch
from torch import nn

STYLES = ["photo", "blue", "red"]
SIZE = 64


def scenes(count, seed):
    """Grey random scenes, N×3×SIZE×SIZE."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 1, 8, 8, generator=generator) - 0.5
    return nn.functional.interpolate(coarse, size=(SIZE, SIZE), mode="bilinear").expand(-1, 3, -1, -1)


def tint(x, style):
    """The true style: a colour cast. Row 0 leaves the picture alone."""
    casts = torch.tensor([[0.0, 0, 0], [-0.3, -0.3, 0.3], [0.3, -0.3, -0.3]])
    return (x + (style @ casts)[:, :, None, None]).clamp(-1, 1)
