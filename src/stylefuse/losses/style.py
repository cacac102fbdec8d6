"""What C says of style: dense moments first, a capped cross-entropy second. D leads, C only helps."""

import torch
from torch import Tensor
from torch.nn import functional as F


def moment_loss(fake: list[Tensor], painting: list[Tensor]) -> Tensor:
    """Distance of mean and deviation of every channel (Huang & Belongie 2017, eq. 13), averaged over maps.

    Each channel is measured in units of its own deviation in the paintings, so that no map outweighs another.

    Args:
        fake, painting: N×C×h×w maps of G(x, s) and of paintings of the same styles; these get no gradient.
    """
    terms = []
    for f, p in zip(fake, painting, strict=True):
        mean_f, var_f = _moments(f)
        mean_p, var_p = _moments(p.detach())
        unit = (var_p.mean(dim=0) + 1e-4).sqrt()
        means = ((mean_f - mean_p) / unit).abs().mean()
        deviations = (((var_f + 1e-6).sqrt() - (var_p + 1e-6).sqrt()) / unit).abs().mean()
        terms.append(means + deviations)
    return torch.stack(terms).mean()


def _moments(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance over place, N×C each; `torch.var_mean` is ten times slower under channels_last."""
    maps = maps.float()
    mean = maps.mean(dim=(2, 3))
    return mean, (maps.square().mean(dim=(2, 3)) - mean.square()).clamp_min(0)


def style_loss(logits: Tensor, style: Tensor) -> Tensor:
    """CE(C(G(x, s)), s) with label smoothing 0.1: the floor it leaves stops G from chasing certainty.

    Args:
        logits: N×(K+1); style: N int64.
    """
    return F.cross_entropy(logits.float(), style, label_smoothing=0.1)
