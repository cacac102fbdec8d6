"""What C says of style. D leads, C only helps."""

from torch import Tensor
from torch.nn import functional as F


def style_loss(logits: Tensor, style: Tensor) -> Tensor:
    """CE(C(G(x, s)), s) with label smoothing 0.1: the floor it leaves stops G from chasing certainty.

    Args:
        logits: N×(K+1); style: N int64.
    """
    return F.cross_entropy(logits.float(), style, label_smoothing=0.1)
