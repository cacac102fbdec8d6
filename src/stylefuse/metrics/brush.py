"""Statistics of strokes, independent of colour, tone and contrast: a recoloured photo keeps its values.

Both functions use standardised luma and return one row of features a picture, N×d. Sets of rows are compared by any
distance of `distribution.py`, beside the same baselines as all distances.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.metrics.content import standardised_luma

SPECTRUM_BINS = 16
ANGLES = 8
COHERENCES = 8
# Sides, px, of the neighbourhoods in which directions of strokes are compared: for thin and for broad strokes.
WINDOWS = (5, 11)


def log_spectrum(x: Tensor) -> Tensor:
    """Amount of detail at each scale: log₁₀ of the radially averaged power spectrum of standardised luma.

    A Hann window removes the effect of the picture's borders. Power is divided by its sum, so that a row describes how
    detail is distributed over scales, not how much there is.

    Args:
        x: N×3×H×W in [-1, 1], H, W ≥ 32.

    Returns:
        N×16 float32; bin i holds the frequencies from i/32 to (i + 1)/32 cycles a pixel, up to the highest frequency
        of a pixel grid. The mean of the picture is left out.

    Raises:
        ValueError: a side is below 32 pixels, so that a bin might hold no frequency.
    """
    height, width = x.shape[2:]
    if min(height, width) < 2 * SPECTRUM_BINS:
        raise ValueError(f"the spectrum needs pictures of 32 px or more, not {height}×{width}")
    plane = standardised_luma(x)[:, 0]
    window = torch.outer(*(torch.hann_window(n, device=x.device) for n in (height, width)))
    # Subtract the mean under the window, which would otherwise leak into the lowest bin.
    plane = (plane - (plane * window).sum((1, 2), keepdim=True) / window.sum()) * window
    power = torch.fft.rfft2(plane).abs().square()
    across = torch.fft.rfftfreq(width, device=x.device)
    down = torch.fft.fftfreq(height, device=x.device)
    frequency = (down[:, None].square() + across.square()).sqrt()
    ring = (frequency * 2 * SPECTRUM_BINS).long()
    rings = F.one_hot(
        ring.clamp_max(SPECTRUM_BINS), SPECTRUM_BINS + 1
    ).float()  # the last bin: frequencies outside the circle
    rings[0, 0] = 0
    means = torch.einsum("nhw,hwb->nb", power, rings)[:, :-1] / rings.sum((0, 1))[:-1]
    return (means / means.sum(1, keepdim=True).clamp_min(1e-12) + 1e-8).log10()


def stroke_statistics(x: Tensor) -> Tensor:
    """Histograms of how well the edges of a neighbourhood, and of the whole picture, share a direction.

    From the structure tensor J, the mean of ∇y∇yᵀ over a neighbourhood (Bigün & Granlund 1987; y is standardised
    luma), with eigenvalues λ₁ ≥ λ₂: coherence (λ₁ - λ₂)/(λ₁ + λ₂) is 1 where all edges are parallel and 0 where they
    have no direction. For each neighbourhood size of `WINDOWS` there are two histograms over the picture: of coherence,
    weighted by edge energy, so that empty areas do not count; and of the angle between the neighbourhood's direction
    and the picture's main direction, weighted by energy and coherence. A rotated picture keeps its row, up to
    resampling.

    Args:
        x: N×3×H×W in [-1, 1], H, W ≥ 16.

    Returns:
        N×32 float32: square roots of shares, so that Euclidean distances are Hellinger distances. The shares of a
        histogram sum to 1, or to 0 where there is no edge at all.
    """
    y = F.pad(standardised_luma(x), (1,) * 4, mode="replicate")
    across = (y[:, :, 1:-1, 2:] - y[:, :, 1:-1, :-2]) / 2
    down = (y[:, :, 2:, 1:-1] - y[:, :, :-2, 1:-1]) / 2
    # Energy, and the gradient's direction as a double-angle vector, in which opposite gradients are equal.
    tensor = torch.cat(
        [across.square() + down.square(), across.square() - down.square(), 2 * across * down], 1
    )
    features = []
    for side in WINDOWS:
        energy, cosine, sine = F.avg_pool2d(tensor, side, stride=1).flatten(2).unbind(1)
        energy = energy.clamp_min(0) + 1e-8
        coherence = (cosine.square() + sine.square()).sqrt() / energy
        main = torch.atan2(sine.sum(1, keepdim=True), cosine.sum(1, keepdim=True))
        turn = (torch.atan2(sine, cosine) - main).abs()
        # The sign of the angle does not count: 0 = along the main direction, 1 = perpendicular to it.
        turn = torch.minimum(turn, 2 * torch.pi - turn) / torch.pi
        features += [_histogram(coherence, energy, COHERENCES), _histogram(turn, energy * coherence, ANGLES)]
    return torch.cat(features, dim=1).sqrt()


def _histogram(values: Tensor, weights: Tensor, bins: int) -> Tensor:
    """Weighted histogram of values in [0, 1], N×P, with weights N×P, as shares: N×bins."""
    place = (values * bins).long().clamp(0, bins - 1)
    found = weights.new_zeros(len(values), bins).scatter_add_(1, place, weights)
    return found / found.sum(1, keepdim=True).clamp_min(1e-12)
