"""Losses of fusion: distance to the known truth, or, without one, to the best of what the inputs show."""

from torch import Tensor
from torch.nn import functional as F

from stylefuse.images.luma import batch_luma
from stylefuse.metrics.similarity import ssim, uniform_means


def dissimilarity_loss(fused: Tensor, truth: Tensor) -> Tensor:
    """Return the mean of 1 - SSIM of luma, with uniform windows, over pictures N×3×H×W in [-1, 1]."""
    return 1 - ssim(batch_luma(fused), batch_luma(truth), 2.0, uniform_means).mean()


def best_of_inputs_loss(fused: Tensor, inputs: Tensor) -> Tensor:
    """Return the distance to the brightest luma and the steepest gradient of the inputs, where no truth is known.

    ‖Y - max Y_i‖₁ + ‖|∇Y| - max |∇Y_i|‖₁ + (1 - Σ w_i SSIM(Y, Y_i)) / 2, where w_i is input i's share of all
    gradients (Ma et al. 2022, SwinFusion, eqs. 9-13, their weights 20 : 20 : 10).

    Args:
        fused: N×3×H×W in [-1, 1].
        inputs: N×n×3×H×W in [-1, 1].
    """
    n = inputs.shape[1]
    luma, lumas = batch_luma(fused), batch_luma(inputs.flatten(0, 1))
    slopes = _slope(lumas).unflatten(0, (-1, n))
    sets = lumas.unflatten(0, (-1, n))
    brightness = (luma - sets.amax(1)).abs().mean()
    gradient = (_slope(luma) - slopes.amax(1)).abs().mean()
    share = slopes.mean((2, 3, 4)) + 1e-6
    share = share / share.sum(1, keepdim=True)
    alike = ssim(luma.repeat_interleave(n, 0), lumas, 2.0, uniform_means).unflatten(0, (-1, n))
    return brightness + gradient + (1 - (share * alike).sum(1)).mean() / 2


def mode_loss(logits: Tensor, mode: Tensor) -> Tensor:
    """Return the cross-entropy of guessed modes, N×5 logits, and the modes that the sets were made for, N int64."""
    return F.cross_entropy(logits, mode)


def _slope(x: Tensor) -> Tensor:
    """Sum of absolute differences to the right and lower neighbour; N×1×(H-1)×(W-1)."""
    here = x[..., :-1, :-1]
    return (x[..., :-1, 1:] - here).abs() + (x[..., 1:, :-1] - here).abs()
