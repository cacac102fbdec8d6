"""Auxiliary cross-entropy of the frozen style classifier on generated pictures; the critics are the main signal."""

from torch import Tensor
from torch.nn import functional as F


def style_loss(logits: Tensor, style: Tensor) -> Tensor:
    """CE(C(G(x, s)), s) with label smoothing 0.1, so that G gains nothing from making C more and more certain.

    Args:
        logits: N×(K+1); style: N int64.
    """
    return F.cross_entropy(logits.float(), style, label_smoothing=0.1)
