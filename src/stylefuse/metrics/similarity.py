"""SSIM and PSNR, defined once for metrics and losses: of batches on any device, differentiable."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

# Smallest side of a picture that holds one of `gaussian_means`'s windows, px.
GAUSSIAN_SIDE = 11


def gaussian_means(x: Tensor) -> Tensor:
    """Means of N×C×H×W over 11×11 windows with Gaussian weights, deviation 1.5 px; whole windows only."""
    place = torch.arange(GAUSSIAN_SIDE, dtype=x.dtype, device=x.device) - GAUSSIAN_SIDE // 2
    weights = torch.exp(-place.square() / (2 * 1.5**2))
    weights = (weights / weights.sum()).view(1, 1, 1, -1)
    planes = x.flatten(0, 1)[:, None]
    means = F.conv2d(F.conv2d(planes, weights), weights.transpose(2, 3))
    return means[:, 0].unflatten(0, x.shape[:2])


def uniform_means(x: Tensor) -> Tensor:
    """Means of N×C×H×W over 7×7 windows with equal weights; whole windows only. Cheaper than Gaussian ones."""
    return F.avg_pool2d(x, 7, stride=1)


def ssim(
    x: Tensor, y: Tensor, data_range: float, means: Callable[[Tensor], Tensor] = gaussian_means
) -> Tensor:
    """Structural similarity (Wang et al. 2004, eq. 13) with K₁ = 0.01 and K₂ = 0.03; 1 for equal pictures.

    With `gaussian_means` it is scikit-image's with `gaussian_weights=True, sigma=1.5, use_sample_covariance=False`.

    Args:
        x, y: planes N×1×H×W.
        data_range: difference between the largest and the smallest value that a plane can have.
        means: local means under the window.

    Returns:
        N values in [-1, 1].
    """
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    mx, my, xx, yy, xy = means(torch.cat([x, y, x * x, y * y, x * y], 1)).split(1, 1)
    # Rounding can take a variance below zero.
    vx, vy, cov = (xx - mx * mx).clamp_min(0), (yy - my * my).clamp_min(0), xy - mx * my
    likeness = (2 * mx * my + c1) * (2 * cov + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))
    return likeness.mean((1, 2, 3))


def psnr(x: Tensor, y: Tensor, data_range: float = 2.0) -> Tensor:
    """Peak signal-to-noise ratio of pictures N×C×H×W in dB, N values; 100 for equal pictures.

    Args:
        data_range: the peak; 2 for values in [-1, 1].

    Raises:
        ValueError: the pictures differ in shape.
    """
    if x.shape != y.shape:
        raise ValueError(f"pictures must have one shape: {tuple(x.shape)}, {tuple(y.shape)}")
    error = (x - y).square().mean(dim=(1, 2, 3)) / data_range**2
    return -10 * error.clamp_min(1e-10).log10()
