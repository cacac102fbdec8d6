"""Adapt the weight of the content losses, so that the photo's structure (SSIM) stays above a bound."""

import math

import torch
from torch import Tensor

from stylefuse.metrics.content import luma_ssim
from stylefuse.training.distributed import all_reduce_mean
from stylefuse.training.state import TrainState

KEEPING = "keeping"  # of the state's values: the present factor
TERMS = ("patch_nce", "content_features", "low_pass")
GAIN = 0.3  # of the factor's logarithm, a step and one of SSIM
LEAST, MOST = 0.125, 8.0  # of the factor


@torch.no_grad()
def content_factor(state: TrainState, photos: Tensor, fake: Tensor, least_ssim: float) -> float:
    """Return the factor of `TERMS`: it grows while restyled photos have less structure than wanted, and else falls.

    A style that is learned from few pictures otherwise ends where the photo can no longer be recognised, or, with
    fixed weights that prevent this for every style, where little of the style is seen.

    Args:
        photos, fake: of this step, N×3×S×S in [-1, 1].
        least_ssim: of their lumas, see `luma_ssim`.
    """
    ssim = all_reduce_mean(luma_ssim(photos, fake.float()).mean()).item()
    factor = float(state.values[KEEPING]) * math.exp(GAIN * (least_ssim - ssim))
    state.values[KEEPING] = kept = min(max(factor, LEAST), MOST)
    return kept
