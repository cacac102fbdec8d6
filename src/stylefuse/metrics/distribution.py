"""Distances between two sets of pictures, computed on their features (rows of N×d tensors).

All three are 0 for equal distributions and grow with the difference. Their values mean nothing alone: compare them with
baselines that are computed in the same way, as `normalised_score` does.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


def sliced_wasserstein(a: Tensor, b: Tensor, directions: int = 1000, seed: int = 0) -> float:
    """Squared sliced 2-Wasserstein distance of N×d and M×d features, scaled as MIND.

    `3·d·E_u[W₂²(u·a, u·b)]` over random unit directions u (Berthet et al. 2026, arXiv 2605.06797). The factor
    d makes up for the projection, so that a pure shift δ gives 3·‖δ‖². In one dimension W₂ compares quantile functions;
    for N ≠ M both are interpolated linearly at max(N, M) common levels. Features are not standardised.

    Raises:
        ValueError: a set is empty, or the widths differ.
    """
    a, b = _pair(a, b, least=1)
    generator = torch.Generator().manual_seed(seed)
    units = torch.randn(a.shape[1], directions, generator=generator, dtype=torch.float64)
    units /= units.norm(dim=0, keepdim=True).clamp_min(1e-12)
    levels = max(len(a), len(b))
    gaps = _quantiles((a @ units).sort(dim=0).values, levels) - _quantiles(
        (b @ units).sort(dim=0).values, levels
    )
    return float(3 * a.shape[1] * gaps.square().mean())


def kernel_distance(a: Tensor, b: Tensor) -> float:
    """Unbiased squared maximum mean discrepancy under k(x, y) = (x·y/d + 1)³: KID on any features.

    Bińkowski et al. 2018, "Demystifying MMD GANs", section 4. It is unbiased at every set size: for two samples of one
    distribution it lies around 0, also below.

    Raises:
        ValueError: a set has fewer than two rows, or the widths differ.
    """
    a, b = _pair(a, b, least=2)

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return (x @ y.T / a.shape[1] + 1) ** 3

    def within(x: Tensor) -> Tensor:
        k = kernel(x, x)
        return (k.sum() - k.diagonal().sum()) / (len(x) * (len(x) - 1))

    return float(within(a) + within(b) - 2 * kernel(a, b).mean())


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Squared Fréchet distance between Gaussians fitted to N×d and M×d features.

    ‖μ_a - μ_b‖² + tr(Σ_a + Σ_b - 2(Σ_a Σ_b)^½), Heusel et al. 2017, eq. 6; FID when the features are
    Inception's. It is biased upwards in small sets, strongly for N ≤ d, where the covariances are singular: compare
    only values of the same N. The trace of the root is computed as the sum of the singular values of R_a R_bᵀ, where R
    are the triangular factors of the centred features; this is exact for singular covariances, too.

    Raises:
        ValueError: a set has fewer than two rows, or the widths differ.
    """
    a, b = _pair(a, b, least=2)
    roots = [torch.linalg.qr(x - x.mean(0), mode="r").R / math.sqrt(len(x) - 1) for x in (a, b)]
    shift = (a.mean(0) - b.mean(0)).square().sum()
    spread = sum(root.square().sum() for root in roots)
    overlap = torch.linalg.svdvals(roots[0] @ roots[1].T).sum()
    return float((shift + spread - 2 * overlap).clamp_min(0))


def bootstrap(
    metric: Callable[[Tensor, Tensor], float],
    fake: Tensor,
    real: Tensor,
    repeats: int,
    seed: int,
    centre: float | None = None,
) -> tuple[float, float]:
    """Bootstrap 90 % interval of `metric(fake, real)`: its variation with other photos and paintings.

    Rows of both sets are redrawn with replacement (Efron 1979). Repeated rows make all distances larger, so the spread
    of the repeats is centred on the estimate.

    Args:
        repeats: redraws; about a hundred give stable ends.
        centre: the estimate; None: `metric(fake, real)`.
    """
    generator = torch.Generator().manual_seed(seed)

    def redraw(x: Tensor) -> Tensor:
        return x[torch.randint(len(x), (len(x),), generator=generator)]

    values = torch.tensor([metric(redraw(fake), redraw(real)) for _ in range(repeats)], dtype=torch.float64)
    middle = metric(fake, real) if centre is None else centre
    low, high = (
        torch.quantile(values - values.mean(), torch.tensor([0.05, 0.95], dtype=torch.float64)) + middle
    )
    return float(low), float(high)


class Score(NamedTuple):
    """A normalised distance, or None and the reason."""

    value: float | None
    reason: str = ""


def normalised_score(photo: float, fake: float, half: float) -> Score:
    """Share of the way from photos to paintings: (d_photo - d_fake) / (d_photo - d_half).

    0 = as far from the paintings as untouched photos, 1 = as close as one half of the paintings to the other; below 0 =
    further away than photos. There is no score where photos are as close to the paintings as the paintings to each
    other: these features do not distinguish the style from photos.
    """
    gap = photo - half
    if not (math.isfinite(gap) and math.isfinite(fake)):
        return Score(None, "a distance is not finite")
    if gap <= 0:
        return Score(
            None, "photos are as close to the paintings as the paintings to each other in these features"
        )
    return Score((photo - fake) / gap)


def _pair(a: Tensor, b: Tensor, least: int) -> tuple[Tensor, Tensor]:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"features must be N×d and M×d of one width, not {tuple(a.shape)}, {tuple(b.shape)}")
    if min(len(a), len(b)) < least:
        raise ValueError(f"a set has {min(len(a), len(b))} pictures; this distance needs at least {least}")
    return a.detach().cpu().double(), b.detach().cpu().double()


def _quantiles(ordered: Tensor, levels: int) -> Tensor:
    """Interpolate sorted columns, N×k, at the mid-points of `levels` equal steps: levels×k."""
    if len(ordered) == levels:
        return ordered
    place = ((torch.arange(levels, dtype=torch.float64) + 0.5) * len(ordered) / levels - 0.5).clamp(
        0, len(ordered) - 1
    )
    below = place.floor().long()
    above = (below + 1).clamp_max(len(ordered) - 1)
    return torch.lerp(ordered[below], ordered[above], (place - below)[:, None])
