"""Losses of fusion: closeness to a known truth, or to what the inputs show best where there is none."""

import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.images.luma import batch_luma

# Mean squared error on [0, 1] at which a picture counts as reached (60 dB): rounding to 8 bits costs 59 dB.
REACHED = 1e-6


def log_error_loss(fused: Tensor, truth: Tensor) -> Tensor:
    """Mean over pictures of log10(MSE), so a tenth of the negative PSNR in bel (Chen et al. 2021, HINet, eq. 8).

    A set of two sharp halves ends near 1e-5, a noisy one near 1e-3: under L1 the noisy ones would lead alone.

    Args:
        fused, truth: N×3×H×W in [-1, 1].
    """
    error = ((fused - truth) / 2).square().mean((1, 2, 3))
    return (error + REACHED).log10().mean()


def dissimilarity_loss(fused: Tensor, truth: Tensor) -> Tensor:
    """1 - SSIM of luma, mean over pictures; see `structural_similarity`."""
    return 1 - structural_similarity(batch_luma(fused), batch_luma(truth)).mean()


def structural_similarity(x: Tensor, y: Tensor) -> Tensor:
    """SSIM (Wang et al. 2004, eq. 13) with a flat 7×7 window, N×1×H×W in [-1, 1] each → N."""
    c1, c2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2
    mean = F.avg_pool2d(torch.cat([x, y, x * x, y * y, x * y], 1), 7, stride=1)
    mx, my, xx, yy, xy = mean.split(1, 1)
    vx, vy, cov = (xx - mx * mx).clamp_min(0), (yy - my * my).clamp_min(0), xy - mx * my
    ssim = (2 * mx * my + c1) * (2 * cov + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))
    return ssim.mean((1, 2, 3))


def best_of_inputs_loss(fused: Tensor, inputs: Tensor) -> Tensor:
    """What to aim at without a truth: the strongest luma and the steepest gradient that an input shows.

    ‖Y - max Y_i‖₁ + ‖|∇Y| - max |∇Y_i|‖₁ + (1 - Σ w_i SSIM(Y, Y_i)) / 2, with w_i the input's share of all
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
    alike = structural_similarity(luma.repeat_interleave(n, 0), lumas).unflatten(0, (-1, n))
    return brightness + gradient + (1 - (share * alike).sum(1)).mean() / 2


def mode_loss(logits: Tensor, mode: Tensor) -> Tensor:
    """Cross-entropy of the guessed mode, N×5 logits, against what the set was made as, N int64."""
    return F.cross_entropy(logits, mode)


def _slope(x: Tensor) -> Tensor:
    """Absolute differences to the right and lower neighbour, summed; N×1×(H-1)×(W-1)."""
    here = x[..., :-1, :-1]
    return (x[..., :-1, 1:] - here).abs() + (x[..., 1:, :-1] - here).abs()
