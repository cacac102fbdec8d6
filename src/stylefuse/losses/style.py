"""Auxiliary losses of style on frozen features; the critics are the main signal."""

from torch import Tensor
from torch.nn import functional as F


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
