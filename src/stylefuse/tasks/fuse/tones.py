"""How the tones of a set's pictures relate: one scene in one kind of light, the same pixels, scans on black."""

import itertools

import numpy as np
import torch
from scipy.optimize import isotonic_regression
from torch import Tensor
from torch.nn import functional as F

from stylefuse.networks.pyramid import to_luma_chroma

BLOCK = 8  # px
BINS = 64
# Blocks outside are clipped in both pictures and say nothing; in [0, 1].
DARK, LIGHT = 6 / 255, 249 / 255
# Pictures with fewer blocks between these, or with a smaller deviation of them, have no tones to compare.
FEWEST, FLAT = 16, 8 / 255
# Pixels are the same up to this difference; they are textured above this root mean square gradient; in [0, 1].
SAME, TEXTURED = 1.6 / 255, 2 / 255
WINDOW = 5  # px
# A pixel of the border, this many px wide, is black below this level, in [0, 1].
BORDER, BLACK = 3, 12 / 255


def luma_of(x: Tensor) -> Tensor:
    """Luma in [0, 1] of sets N×n×3×H×W in [-1, 1], as N×n×H×W float32."""
    with torch.autocast(x.device.type, enabled=False):  # differences of a few levels need float32
        return (to_luma_chroma(x.float())[:, :, 0] + 1) / 2


def tone_agreement(luma: Tensor) -> np.ndarray:
    """How well a rising tone curve turns one picture of a pair into the other.

    Blur, noise and exposure leave such a curve between two pictures of a scene; different sensors and damage do not.

    Args:
        luma: N×n×H×W in [0, 1].

    Returns:
        N shares of variance that the curve explains, of means over blocks, in [0, 1]: of a pair the better direction,
        of a set the worst pair. NaN where a pair is too flat to tell.
    """
    side = min(BLOCK, *luma.shape[-2:])
    blocks = F.avg_pool2d(luma, side).flatten(2).double().cpu().numpy()
    return np.array(
        [np.min([_explained(a, b) for a, b in itertools.combinations(each, 2)]) for each in blocks]
    )


def _explained(a: np.ndarray, b: np.ndarray) -> float:
    """See `tone_agreement`; two vectors."""
    tells = ~(((a < DARK) & (b < DARK)) | ((a > LIGHT) & (b > LIGHT)))
    a, b = a[tells], b[tells]
    if len(a) < FEWEST or min(a.std(), b.std()) < FLAT:
        return float("nan")
    return max(_explained_by(a, b), _explained_by(b, a))


def _explained_by(a: np.ndarray, b: np.ndarray) -> float:
    """Share of the variance of b that a rising function of a explains."""
    # Steps between which lie equally many blocks: a dark picture has all its tones within a few levels.
    steps = np.unique(np.quantile(a, np.linspace(0, 1, BINS + 1)[:-1], method="lower"))
    at = np.searchsorted(steps, a, side="right") - 1
    counts = np.bincount(at)
    curve = isotonic_regression(np.bincount(at, b) / counts, weights=counts).x
    return float(1 - ((b - curve[at]) ** 2).sum() / ((b - b.mean()) ** 2).sum())


def shared_texture(luma: Tensor) -> Tensor:
    """Share of the textured pixels around which a pair is the same, the largest of all pairs.

    Damaged pictures share what is intact in both; pictures that differ everywhere share nothing.

    Args:
        luma: N×n×H×W in [0, 1].

    Returns:
        N in [0, 1].
    """
    across = (luma[..., 1:-1, 2:] - luma[..., 1:-1, :-2]) / 2
    down = (luma[..., 2:, 1:-1] - luma[..., :-2, 1:-1]) / 2
    textured = _mean(across.square() + down.square()) > TEXTURED**2
    inner = luma[..., 1:-1, 1:-1]
    most = luma.new_zeros(len(luma))
    for i, j in itertools.combinations(range(luma.shape[1]), 2):
        apart = F.max_pool2d((inner[:, i] - inner[:, j]).abs(), WINDOW, 1, WINDOW // 2)
        both, either = textured[:, i] & textured[:, j], textured[:, i] | textured[:, j]
        shared = (both & (apart < SAME)).sum((1, 2)) / either.sum((1, 2)).clamp_min(1)
        most = torch.maximum(most, shared)
    return most


def on_black(luma: Tensor) -> Tensor:
    """Share of the border that is black, the least of the set's pictures: N in [0, 1] of N×n×H×W in [0, 1]."""
    border = torch.ones(luma.shape[-2:], dtype=torch.bool, device=luma.device)
    border[BORDER:-BORDER, BORDER:-BORDER] = False
    return (luma[..., border] < BLACK).float().mean(2).amin(1)


def _mean(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, WINDOW, 1, WINDOW // 2, count_include_pad=False)
