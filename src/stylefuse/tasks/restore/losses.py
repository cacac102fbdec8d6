"""Losses of the restorer's detector and estimator; the restored picture's is `losses.errors.log_error_loss`."""

from torch import Tensor
from torch.nn import functional as F


def found_loss(logits: Tensor, scratched: Tensor) -> Tensor:
    """Cross-entropy a pixel, plus Dice over the batch (Milletari et al. 2016), because few pixels are scratched.

    Args:
        logits: N×1×H×W. scratched: N×1×H×W of 0 and 1.
    """
    probability = logits.sigmoid()
    overlap = 2 * (probability * scratched).sum() + 1
    dice = 1 - overlap / (probability.square().sum() + scratched.sum() + 1)
    return F.binary_cross_entropy_with_logits(logits, scratched) + 0.3 * dice


def noise_loss(log_noise: Tensor, noise: Tensor) -> Tensor:
    """Mean distance of logarithms of 1 + the standard deviation in levels, N each; `noise` is the deviation."""
    return _distance(log_noise, noise.log1p())


def compression_loss(estimated: Tensor, compression: Tensor) -> Tensor:
    """Mean distance of compressions, N each."""
    return _distance(estimated, compression)


def _distance(estimated: Tensor, true: Tensor) -> Tensor:
    """L1, but squared below a fifth: under L1 alone all estimates became 0, which half of the pictures have."""
    return F.smooth_l1_loss(estimated, true, beta=0.2)
