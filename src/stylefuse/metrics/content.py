"""How much of a photo's content its restyled version keeps.

Pictures are N×3×H×W in [-1, 1]; each score is one number a picture. Colour and contrast belong to the style, so the
scores use luma that is standardised or compared by correlation.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.images.luma import batch_luma
from stylefuse.metrics.similarity import GAUSSIAN_SIDE, ssim

# Data range of standardised luma for SSIM: a photo's luma has a standard deviation of about a fifth of its range.
STANDARDISED_RANGE = 5.0


def standardised_luma(x: Tensor, eps: float = 1e-3) -> Tensor:
    """Return luma with zero mean and unit deviation in each picture, N×1×H×W.

    `eps` (in units of [-1, 1]) is added to the deviation, so that a flat picture becomes 0 and not amplified noise.
    """
    y = batch_luma(x)
    deviation, mean = torch.std_mean(y, dim=(2, 3), keepdim=True, correction=0)
    return (y - mean) / (deviation + eps)


def luma_ssim(x: Tensor, y: Tensor) -> Tensor:
    """SSIM of standardised lumas, N values in [-1, 1]; 1 = same structure up to brightness and contrast.

    `similarity.ssim` with the Gaussian window and data range `STANDARDISED_RANGE`. The planes are moved by half of
    it, into the middle of the range: SSIM multiplies a term of local means with one of covariances, and two negative
    terms would reward an inverted picture.

    Raises:
        ValueError: the pictures differ in shape or are smaller than the window.
    """
    _same(x, y)
    if min(x.shape[2:]) < GAUSSIAN_SIDE:
        raise ValueError(f"SSIM's window is 11×11, the pictures are {x.shape[2]}×{x.shape[3]}")
    a, b = (standardised_luma(z) + STANDARDISED_RANGE / 2 for z in (x, y))
    return ssim(a, b, STANDARDISED_RANGE)


def edge_correlation(x: Tensor, y: Tensor) -> Tensor:
    """Pearson correlation of the Sobel gradient magnitudes of two lumas, N values in [-1, 1].

    High where both pictures have their edges at the same places. A picture without any edge gives 0.
    """
    _same(x, y)
    a, b = (_sobel_magnitude(batch_luma(z)).flatten(1) for z in (x, y))
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    return (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1)).clamp_min(1e-8)


def patch_retrieval(queries: Tensor, keys: Tensor) -> float:
    """Share of places whose nearest key in the same picture, by cosine, is the key of the same place.

    The accuracy that belongs to the contrastive content loss (PatchNCE, Park et al. 2020).

    Args:
        queries: N×P×d features of the restyled pictures at P places.
        keys: N×P×d features of the photos at the same places.

    Returns:
        0 to 1; chance is 1/P. Keys that tie count as not found, so a blank picture scores 0.
    """
    if queries.shape != keys.shape or queries.ndim != 3:
        raise ValueError(f"queries and keys must both be N×P×d: {tuple(queries.shape)}, {tuple(keys.shape)}")
    likeness = F.normalize(queries.double(), dim=2) @ F.normalize(keys.double(), dim=2).transpose(1, 2)
    own = likeness.diagonal(dim1=1, dim2=2)
    rivals = likeness.masked_fill(torch.eye(likeness.shape[1], dtype=torch.bool, device=likeness.device), -2)
    return float((own > rivals.amax(dim=2) + 1e-9).double().mean())


def _sobel_magnitude(y: Tensor) -> Tensor:
    across = y.new_tensor(((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))).view(1, 1, 3, 3) / 8
    dx, dy = F.conv2d(y, across), F.conv2d(y, across.transpose(2, 3))
    return (dx.square() + dy.square()).sqrt()


def _same(x: Tensor, y: Tensor) -> None:
    if x.shape != y.shape:
        raise ValueError(f"pictures must have one shape: {tuple(x.shape)}, {tuple(y.shape)}")
