"""Laplacian pyramids (Burt and Adelson 1983), and conversion of RGB to luma and chroma."""

import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.images.luma import WEIGHTS

# Rec. 601, full range: Y in [-1, 1], Cb and Cr in [-1, 1], for RGB in [-1, 1].
_TO_LUMA_CHROMA = torch.tensor(
    [WEIGHTS, [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], dtype=torch.float64
)
_TO_RGB = torch.linalg.inv(_TO_LUMA_CHROMA)


def to_luma_chroma(x: Tensor) -> Tensor:
    """Convert RGB in [-1, 1], …×3×H×W, to luma Y and chroma Cb, Cr, each in [-1, 1]."""
    return torch.einsum("ij,...jhw->...ihw", _TO_LUMA_CHROMA.to(x), x)


def from_luma_chroma(x: Tensor) -> Tensor:
    """The inverse of `to_luma_chroma`."""
    return torch.einsum("ij,...jhw->...ihw", _TO_RGB.to(x), x)


def down(x: Tensor) -> Tensor:
    """Halve N×C×H×W, H and W even, with the filter (1, 3, 3, 1)/8, which is centred as `up` expects it."""
    x = F.pad(x, (1, 1, 1, 1), mode="replicate")
    x = (x[..., 0:-2:2, :] + x[..., 3::2, :]).add_(x[..., 1:-1:2, :] + x[..., 2::2, :], alpha=3)
    return (x[..., 0:-2:2] + x[..., 3::2]).add_(x[..., 1:-1:2] + x[..., 2::2], alpha=3).div_(64)


def up(x: Tensor) -> Tensor:
    """Double the size of N×C×H×W, bilinear."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def gaussian(x: Tensor, levels: int) -> list[Tensor]:
    """Return N×C×H×W, its half, its quarter and so on: so many levels. H and W must be multiples of 2^(levels - 1)."""
    sizes = [x]
    while len(sizes) < levels:
        sizes.append(down(sizes[-1]))
    return sizes


def laplacian(x: Tensor, bands: int) -> list[Tensor]:
    """Split N×C×H×W into band-pass levels, finest first, and the low-pass rest: bands + 1 tensors; see `collapse`.

    H and W must be multiples of 2^bands.
    """
    parts = []
    for _ in range(bands):
        lower = down(x)
        parts.append(x - up(lower))
        x = lower
    return [*parts, x]


def collapse(parts: list[Tensor]) -> Tensor:
    """Add up the levels of a pyramid: the inverse of `laplacian`."""
    x = parts[-1]
    for part in reversed(parts[:-1]):
        x = part + up(x)
    return x


def local_mean(x: Tensor) -> Tensor:
    """Mean over 3×3 places."""
    return F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
