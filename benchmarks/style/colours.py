"""Faults of colour: chroma that the paintings do not have, and one hue whatever the photo."""

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.style.lab import lab

STRONG = 0.95  # of the paintings' pixels have less chroma than a strong colour
TENTH = 0.9  # quantile over pictures: a mean would hide a few orange skies among grey ones
GREY = 3.0  # chroma below which a picture has no hue
PLACE = 8  # px: colours are compared as means over such squares, without strokes


def strong_colours(x: Tensor, paintings: Tensor) -> float:
    """Return the share of pixels with more chroma than 95 % of the paintings' pixels: its 0.9 quantile over pictures.

    Args:
        x, paintings: N×3×H×W in [-1, 1].
    """
    limit = torch.quantile(_chroma(paintings)[:, ::2, ::2].flatten()[: 2**24], STRONG)
    return float(torch.quantile((_chroma(x) > limit).float().mean(dim=(1, 2)), TENTH))


def hue_variety(x: Tensor) -> float:
    """Return the circular variance of the pictures' hues: 0 where all have one hue, 1 where hues are spread evenly.

    A picture's hue is that of its mean a* and b*; pictures with a mean chroma below 3 have none.

    Args:
        x: N×3×H×W in [-1, 1].
    """
    means = lab(x)[:, 1:].mean(dim=(2, 3))
    chroma = means.norm(dim=1)
    hues = means[chroma >= GREY] / chroma[chroma >= GREY, None]
    return float(1 - hues.mean(dim=0).norm()) if len(hues) else float("nan")


def colour_kept(x: Tensor, photos: Tensor) -> float:
    """Return the share of the variance of x's a* and b* that a linear map of the photos' L*, a* and b* explains.

    1: each colour of the photos became another one; 0: colours do not depend on the photo.

    Args:
        x, photos: N×3×H×W in [-1, 1], in the same order.
    """
    found, given = (
        F.avg_pool2d(lab(y), PLACE).permute(0, 2, 3, 1).flatten(0, 2).double() for y in (x, photos)
    )
    found, given = (y - y.mean(dim=0) for y in (found[:, 1:], given))
    given = given / given.std(dim=0).clamp(min=1e-6)
    # With a little ridge: photos without any colour have nothing to explain.
    system = given.T @ given + 1e-6 * len(given) * torch.eye(3, dtype=given.dtype)
    left = found - given @ torch.linalg.solve(system, given.T @ found)
    return float(1 - left.square().sum() / found.square().sum().clamp(min=1e-12))


def _chroma(x: Tensor) -> Tensor:
    """Return the chroma of each pixel, N×H×W."""
    return lab(x)[:, 1:].norm(dim=1)
