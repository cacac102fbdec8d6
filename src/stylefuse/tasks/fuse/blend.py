"""Blend input pictures by a plan: arithmetic on pixels, without learned weights."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from stylefuse.networks.pyramid import collapse, from_luma_chroma, laplacian, local_mean, to_luma_chroma
from stylefuse.networks.sets import variance_of_set, weighted_sum

# Half an 8-bit level, in [0, 1]: added before the logarithm of the tone curve, which black would not have.
BLACK = 0.5 / 255
WHITE = math.log(1 + BLACK)
# Square of a tenth of an 8-bit level, in [-1, 1].
SMALLEST_ENERGY = (0.1 / 127.5) ** 2


class Plan(NamedTuple):
    """How to fuse N sets of n pictures.

    tone: N×n×2, change of slope and offset of log brightness; zero for none.
    replace: N×1×1×H×W in (0, 1), how far pixels with low weight are replaced by the weighted mean.
    luma, chroma: logits over the pictures at each pyramid level, N×n×1×h×w, finest first, low-pass rest last.
    shrink: strength of noise removal in each band, 0 for none; N×2×h×w (luma, chroma), finest first.
    repair: N×1×1×1 in [0, 1], factor of the residual.
    trust: N×1×1×H×W, above 0: factor of local energy in the logits at full size.
    features: of each picture at the three finest levels, N×n×C×h×w.
    disagreement: N×1×H×W, see `cues.Cues`.
    mode, mode_logits: N×5, the probabilities in use and the fuser's own logits.
    bounded: N×1×1×1 bool, sets whose result is nowhere brighter than all pictures; None: no set.
    """

    tone: Tensor
    replace: Tensor
    luma: list[Tensor]
    chroma: list[Tensor]
    shrink: list[Tensor]
    repair: Tensor
    trust: Tensor
    features: list[Tensor]
    disagreement: Tensor
    mode: Tensor
    mode_logits: Tensor
    bounded: Tensor | None = None


class Fused(NamedTuple):
    """Fused pictures, and how they were made.

    picture: N×3×H×W in [-1, 1].
    weights: N×n×1×H×W, share of each input in each pixel; sums to one over n.
    mode: N×5, the probabilities over `modes.MODES` in use: given by the caller, or the fuser's guess.
    mode_logits: N×5, the fuser's guess.
    """

    picture: Tensor
    weights: Tensor
    mode: Tensor
    mode_logits: Tensor


def blend(x: Tensor, plan: Plan) -> tuple[Tensor, Tensor]:
    """Blend N×n×3×H×W in [-1, 1] → the picture N×3×H×W and the weights at full size, N×n×1×H×W."""
    with torch.autocast(x.device.type, enabled=False):  # pixels need float32
        x, weights = replace_rejected(apply_tone(x, plan.tone), plan.replace, plan.luma[0])
        n = x.shape[1]
        parts = laplacian(to_luma_chroma(x.flatten(0, 1)), len(plan.luma) - 1)
        fused = []
        for level, (part, luma, chroma) in enumerate(zip(parts, plan.luma, plan.chroma, strict=True)):
            sets = part.unflatten(0, (-1, n))
            picture = blend_level(sets, luma, chroma)
            fused.append(
                wiener_filter(picture, sets, plan.shrink[level]) if level < len(plan.shrink) else picture
            )
        return bound(from_luma_chroma(collapse(fused)), x, plan.bounded), weights


def bound(picture: Tensor, x: Tensor, bounded: Tensor | None) -> Tensor:
    """Limit each channel of N×3×H×W to the brightest of the pictures N×n×3×H×W, in sets that are `bounded`."""
    return picture if bounded is None else torch.where(bounded, picture.minimum(x.amax(1)), picture)


def apply_tone(x: Tensor, tone: Tensor) -> Tensor:
    """Change the brightness b of each picture, …×3×H×W in [-1, 1]: log b → (1 + slope) · log b + offset.

    A change of exposure seen through a camera's gamma is such a line, so the curve undoes it exactly where nothing is
    clipped.
    """
    slope, offset = tone[..., 0, None, None, None], tone[..., 1, None, None, None]
    level = ((x + 1) / 2 + BLACK).log() * (1 + slope) + offset
    above = (level - WHITE).clamp_min(0)
    # Soft-clip above white, towards 1.5, so that overexposed pixels keep a gradient.
    return (level.clamp_max(WHITE).exp() - BLACK + above / (1 + 2 * above)) * 2 - 1


def replace_rejected(x: Tensor, replace: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
    """Replace pixels with low weight by the weighted mean of the set, as far as `replace` says.

    This is done before the pyramid is built: damage would otherwise bleed into its surroundings at coarse levels.

    Args:
        x: N×n×3×H×W in [-1, 1].
        replace: N×1×1×H×W in (0, 1).
        logits: over the pictures, N×n×1×H×W.

    Returns:
        The pictures, and the weights, which sum to one over n.
    """
    weights = logits.softmax(1)
    mean = weighted_sum(weights, x)[:, None]
    beside_best = weights / weights.amax(1, keepdim=True)
    return x + replace * (1 - beside_best) * (mean - x), weights


def blend_level(part: Tensor, luma: Tensor, chroma: Tensor) -> Tensor:
    """Blend one pyramid level of luma and chroma, N×n×3×h×w, by softmax weights of its logits → N×3×h×w."""
    weights = torch.cat([luma.softmax(1), *[chroma.softmax(1)] * 2], 2)
    return weighted_sum(weights, part)


def wiener_filter(picture: Tensor, sets: Tensor, amount: Tensor) -> Tensor:
    """Wiener filter of a fused band, N×3×h×w: multiply by 1 - amount · noise / energy.

    The noise is the variance over the set's pictures, N×n×3×h×w, divided by their number: none where they are equal,
    and less the more pictures there are.
    """
    n = sets.shape[1]
    noise = local_mean(local_mean(variance_of_set(sets))) / n
    energy = local_mean(picture.square())
    strength = torch.cat([amount[:, :1], *[amount[:, 1:]] * 2], 1)
    return picture * (1 - strength * noise / (energy + SMALLEST_ENERGY)).clamp(0, 1)
