"""Fusion metrics without a truth: information in a fused picture, and how much of its n ≥ 2 inputs it keeps.

Pictures are H×W grey arrays with values in [0, 255], of any real type; everything is computed in float64. Published
tables define these metrics differently, so compare only values from this module. No single metric shows which fusion
is better (a pixel-wise maximum of the inputs beats trained networks on MI, VIF and Qabf; noise raises EN, SD, SF and
AG): use several of them, by `rank_sums`.

A constant picture gives 0, not NaN: EN, SD, SF, AG and MI by their formulas; a term that is 0/0 counts as 0 (a
correlation with it in CC and SCD, its VIF as an input). Qabf is 0/0, and so 0, only for black inputs: other inputs have
an edge along the frame. SSIM and MEF-SSIM are defined for constant pictures.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.ndimage import correlate1d
from scipy.stats import rankdata

from stylefuse.images.luma import BLUE, RED
from stylefuse.metrics.fusion_similarity import mean_ssim, mef_ssim, plane, planes, vif

# Metrics of the basket; higher is better in each. Together they cover information, edges, activity and kept input.
BASKET = ("SCD", "Qabf", "VIF", "EN", "SF")

# Deviations and slopes in grey levels below this are rounding, hence zero.
_TINY = 1e-9


def luma(picture: np.ndarray) -> np.ndarray:
    """Return the luma, float64 H×W in [0, 255] and not rounded, of an RGB picture H×W×3 in [0, 255].

    Raises:
        ValueError: another shape, values that are not finite or not in [0, 255].
    """
    red, green, blue = np.moveaxis(plane(picture, "picture", channels=(3,)), 2, 0)
    # The weighted mean, in the form that leaves greys exactly as they are.
    return green + RED * (red - green) + BLUE * (blue - green)


def fusion_metrics(fused: np.ndarray, inputs: Sequence[np.ndarray]) -> dict[str, float]:
    """All metrics of one fused picture: EN, SD, SF, AG, MI, SCD, CC, Qabf, VIF, SSIM, MEF_SSIM.

    Args:
        fused: H×W grey in [0, 255], at least 41×41 (VIF's windows).
        inputs: n ≥ 2 pictures like it.

    Raises:
        ValueError: fewer than two inputs, no grey pictures, shapes that differ or are too small, values that
            are not finite or not in [0, 255].
    """
    return {
        "EN": entropy(fused),
        "SD": deviation(fused),
        "SF": spatial_frequency(fused),
        "AG": average_gradient(fused),
        "MI": mutual_information(fused, inputs),
        "SCD": correlations_of_differences(fused, inputs),
        "CC": correlation(fused, inputs),
        "Qabf": edge_preservation(fused, inputs),
        "VIF": vif(fused, inputs),
        "SSIM": mean_ssim(fused, inputs),
        "MEF_SSIM": mef_ssim(fused, inputs),
    }


def rank_sums(table: Mapping[str, Mapping[str, float]], metrics: Sequence[str] = BASKET) -> dict[str, float]:
    """Rank methods by each metric and sum the ranks; lower is better, `len(metrics)` is the best possible.

    Args:
        table: method → metric → value, such as means over one set of pictures; may hold further metrics.
        metrics: the metrics that count; higher must be better in each. Rank 1 is the highest, ties get the mean rank.

    Raises:
        ValueError: no methods, no metrics, or a method whose value is missing or not finite.
    """
    if not table or not metrics:
        raise ValueError("table and metrics must not be empty")
    for method, scores in table.items():
        for metric in metrics:
            if metric not in scores or not np.isfinite(scores[metric]):
                raise ValueError(f"table: {method!r} has no finite {metric!r}")
    ranks = [rankdata([-scores[metric] for scores in table.values()]) for metric in metrics]
    return dict(zip(table, np.sum(ranks, axis=0).tolist(), strict=True))


def entropy(fused: np.ndarray) -> float:
    """EN: −Σ p·log₂ p over the 256 rounded grey levels, 0 to 8 bits; 0 for a constant picture."""
    p = np.bincount(_levels(plane(fused, "fused")).ravel()) / np.size(fused)
    p = p[p > 0]
    return float((p * np.log2(1 / p)).sum())


def deviation(fused: np.ndarray) -> float:
    """SD: √mean((F − μ)²), 0 to 127.5 grey levels."""
    return float(plane(fused, "fused").std())


def spatial_frequency(fused: np.ndarray) -> float:
    """SF: √(mean(Δₓ²) + mean(Δᵧ²)) of differences of neighbours, in grey levels (Eskicioglu, Fisher 1995).

    Each mean is over its own differences. A side of one pixel has none and counts 0.
    """
    f = plane(fused, "fused")
    squares = (np.square(np.diff(f, axis=axis)) for axis in (0, 1))
    return float(np.sqrt(sum(x.mean() for x in squares if x.size)))


def average_gradient(fused: np.ndarray) -> float:
    """AG: the mean over all H·W places of √((gₓ² + gᵧ²)/2), in grey levels a pixel (Cui et al. 2015).

    Central differences, one-sided at the borders.

    Raises:
        ValueError: as `plane`; a side is below 2 pixels.
    """
    f = plane(fused, "fused")
    if min(f.shape) < 2:
        raise ValueError(f"fused must have sides of at least 2 pixels, not {f.shape}")
    gy, gx = np.gradient(f)
    return float(np.sqrt((gx**2 + gy**2) / 2).mean())


def mutual_information(fused: np.ndarray, inputs: Sequence[np.ndarray]) -> float:
    """MI: the sum over the n inputs of I(F; xᵢ) in bits, 0 to 8n (Qu et al. 2002).

    From joint histograms of the 256 rounded grey levels. Tables in nats show this times ln 2.
    """
    f, sources = planes(fused, inputs)
    return sum(_information(_levels(f), _levels(x)) for x in sources)


def correlations_of_differences(fused: np.ndarray, inputs: Sequence[np.ndarray]) -> float:
    """SCD: Σᵢ corr(F − mean of the other inputs, xᵢ), -n to n (Aslantas and Bendes 2015).

    With two inputs it is the published corr(F − B, A) + corr(F − A, B). With more it uses the mean of the others, which
    keeps the property that n is reached where F holds every input in equal parts, F = Σᵢ xᵢ / (n − 1) plus a
    constant. As a sum, it compares only fusions of the same number of inputs.
    """
    f, sources = planes(fused, inputs)
    total = sum(sources)
    return sum(_correlation(f - (total - x) / (len(sources) - 1), x) for x in sources)


def correlation(fused: np.ndarray, inputs: Sequence[np.ndarray]) -> float:
    """CC: the mean over the n inputs of corr(xᵢ, F), -1 to 1."""
    f, sources = planes(fused, inputs)
    return sum(_correlation(f, x) for x in sources) / len(sources)


def edge_preservation(fused: np.ndarray, inputs: Sequence[np.ndarray]) -> float:
    """Qabf: how well the fused picture keeps strength and direction of the inputs' edges, 0 to 0.9748.

    Xydeas and Petrović 2000. Sobel strength g and direction α = atan(sᵧ/sₓ), π/2 where sₓ = 0. For an input x:
    G = min(gₓ, g_F) / max(gₓ, g_F), 1 where both are equal; A = 1 − |αₓ − α_F| / (π/2); then
    Q = 0.9994 / (1 + exp(−15(G − 0.5))) · 0.9879 / (1 + exp(−22(A − 0.8))). The result is the mean of Q over
    all places and all n inputs, weighted by gₓ. A perfect copy gives 0.974794, not 1.

    As in the code behind published tables, pictures are padded with black, so that their frame is an edge. This raises
    Q, by 0.014 on a pair of 520×520 photographs, and by more on smaller pictures.
    """
    f, sources = planes(fused, inputs)
    strength_f, angle_f = _edges(f)
    kept = held = 0.0
    for strength, angle in map(_edges, sources):
        stronger = np.maximum(strength, strength_f)
        # Where neither has an edge, the weight is 0 and G does not matter.
        g = np.minimum(strength, strength_f) / np.where(stronger > 0, stronger, 1)
        a = 1 - np.abs(angle - angle_f) / (np.pi / 2)
        q = 0.9994 / (1 + np.exp(-15 * (g - 0.5))) * 0.9879 / (1 + np.exp(-22 * (a - 0.8)))
        kept += (q * strength).sum()
        held += strength.sum()
    return float(kept / held) if held > 0 else 0.0


def _levels(x: np.ndarray) -> np.ndarray:
    # Round halves up. NumPy rounds halves to even: the average of two pictures would lose most of its odd levels.
    return np.floor(x + 0.5).astype(np.int64)


def _information(a: np.ndarray, b: np.ndarray) -> float:
    """I(a; b) in bits of two integer pictures with levels 0 to 255."""
    p = np.bincount((256 * a + b).ravel(), minlength=256 * 256).reshape(256, 256) / a.size
    i, j = np.nonzero(p)
    return float((p[i, j] * np.log2(p[i, j] / (p.sum(axis=1)[i] * p.sum(axis=0)[j]))).sum())


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson correlation; 0 where one is constant."""
    if min(a.std(), b.std()) < _TINY:
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def _edges(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sobel strength, and direction in (−π/2, π/2], H×W each."""

    def sobel(axis: int) -> np.ndarray:
        slope = correlate1d(x, [-1, 0, 1], axis=axis, mode="constant")
        slope = correlate1d(slope, [1, 2, 1], axis=1 - axis, mode="constant")
        return np.where(np.abs(slope) < _TINY, 0, slope)

    down, across = sobel(0), sobel(1)
    upright = across == 0
    angle = np.where(upright, np.pi / 2, np.arctan(down / np.where(upright, 1, across)))
    return np.hypot(down, across), angle
