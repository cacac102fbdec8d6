"""Auxiliary losses of style on frozen features and on colours; the critics are the main signal."""

import torch
from torch import Tensor
from torch.nn import functional as F

QUANTILES = 256  # of colours along a direction
# Quantiles at both ends that are not compared: rare accents of a style would be painted where they do not belong.
RARE = 26


def style_loss(logits: Tensor, style: Tensor) -> Tensor:
    """CE(C(G(x, s)), s) with label smoothing 0.1, so that G gains nothing from making C more and more certain.

    Args:
        logits: N×(K+1); style: N int64.
    """
    return F.cross_entropy(logits.float(), style, label_smoothing=0.1)


def moments_loss(moments: Tensor, wanted: Tensor, deviation: Tensor) -> Tensor:
    """L1 between the batch's mean moments of feature maps and those of the style's pictures.

    Means and deviations of features describe a style (Huang & Belongie 2017). Means over the batch are compared, so
    that each picture may keep its own.

    Args:
        moments: N×D, of generated pictures.
        wanted: D, the mean over the style's pictures.
        deviation: D, the units in which each moment is compared.
    """
    return ((moments.mean(0) - wanted) / deviation).abs().mean()


def colour_directions(pictures: Tensor, count: int = 16) -> Tensor:
    """Return random directions in RGB, count×3, along which the pictures' colours have a deviation of one.

    Args:
        pictures: N×3×S×S in [-1, 1].
    """
    colours = F.avg_pool2d(pictures.float(), 4).transpose(0, 1).flatten(1).double()
    values, vectors = torch.linalg.eigh(torch.cov(colours))
    whitening = vectors / (values.clamp_min(0) + 1e-4).sqrt()
    random = torch.randn(count, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return (F.normalize(random, dim=1).to(colours.device) @ whitening.T).float()


def colour_quantiles(pictures: Tensor, directions: Tensor) -> Tensor:
    """Return the sorted colours of all pictures along each direction, as D×256 means of equal shares.

    Colours are averaged over 4×4 px: they are those of areas, not of lines.

    Args:
        pictures: N×3×S×S in [-1, 1], with 256 areas or more.
        directions: D×3.
    """
    colours = F.avg_pool2d(pictures.float(), 4).transpose(0, 1).flatten(1)
    return F.adaptive_avg_pool1d((directions @ colours).sort(dim=1).values, QUANTILES)


def colour_loss(pictures: Tensor, wanted: Tensor, directions: Tensor) -> Tensor:
    """Sliced Wasserstein distance between the batch's colours and the style's (Rabin et al. 2011), mean of directions.

    The lowest and the highest tenth along each direction are left out.

    Args:
        pictures: N×3×S×S in [-1, 1], generated.
        wanted: D×256, `colour_quantiles` of the style's pictures.
        directions: D×3.
    """
    distances = (colour_quantiles(pictures, directions) - wanted).abs()
    return distances[:, RARE:-RARE].mean()
