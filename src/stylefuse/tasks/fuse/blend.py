"""Blending of input pixels as a plan says. No weights of its own: what is here is arithmetic on pictures."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from stylefuse.networks.pyramid import collapse, from_luma_chroma, laplacian, local_mean, to_luma_chroma
from stylefuse.networks.sets import variance_of_set, weighted_sum

# Half a level of 8 bits, in [0, 1]: the tone curve works on logarithms, and black has none.
BLACK = 0.5 / 255
WHITE = math.log(1 + BLACK)
# A tenth of a level of 8 bits, squared, in [-1, 1].
SMALLEST_ENERGY = (0.1 / 127.5) ** 2


class Plan(NamedTuple):
    """How N sets of n pictures are to be fused.

    tone: N×n×2, change of slope and offset of log brightness, zero for none.
    replace: N×1×1×H×W in (0, 1), how far pixels that were not chosen give way to those that were.
    luma, chroma: logits over the pictures at each pyramid level, N×n×1×h×w, finest first, low-pass rest last.
    shrink: how strongly noise is taken out of each band-pass, 0 for not at all; N×2×h×w (luma, chroma), finest first.
    repair: N×1×1×1 in [0, 1], how much of the residual is wanted.
    trust: N×1×1×H×W, above 0: how much local energy counted at full size.
    features: of each picture at the three finest levels, N×n×C×h×w.
    disagreement: N×1×H×W, how far the pictures lie apart.
    mode, mode_logits: N×5, the probabilities in use and the fuser's own logits.
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


class Fused(NamedTuple):
    """A fused picture, and how it came about.

    picture: N×3×H×W in [-1, 1].
    weights: N×n×1×H×W, whose pixels they are; sums to one over n.
    mode: N×5, the probabilities over `fuser.MODES` that were used: guessed, or as asked.
    mode_logits: N×5, the fuser's own guess.
    """

    picture: Tensor
    weights: Tensor
    mode: Tensor
    mode_logits: Tensor


def blend(x: Tensor, plan: Plan) -> tuple[Tensor, Tensor]:
    """Blend N×n×3×H×W in [-1, 1] → the picture N×3×H×W and the weights at full size, N×n×1×H×W."""
    with torch.autocast(x.device.type, enabled=False):  # pixels keep all their bits
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
        return from_luma_chroma(collapse(fused)), weights


def apply_tone(x: Tensor, tone: Tensor) -> Tensor:
    """Give each picture, …×3×H×W in [-1, 1], its brightness: log b → (1 + slope) log b + offset.

    An exposure by e stops through a camera of gamma g is such a line: the curve undoes it exactly where nothing
    was clipped.
    """
    slope, offset = tone[..., 0, None, None, None], tone[..., 1, None, None, None]
    level = ((x + 1) / 2 + BLACK).log() * (1 + slope) + offset
    above = (level - WHITE).clamp_min(0)
    # Beyond white it bends towards 1.5, and never lies flat: what is far too bright has to learn that it is.
    return (level.clamp_max(WHITE).exp() - BLACK + above / (1 + 2 * above)) * 2 - 1


def replace_rejected(x: Tensor, replace: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
    """Let the chosen pixels stand in for those that do not show the scene, as far as `replace` says.

    Before any pyramid: otherwise what covers a picture would bleed into its surroundings at the coarse levels.

    Returns:
        The pictures, and the weights of the choice, which sum to one.
    """
    weights = logits.softmax(1)
    mean = weighted_sum(weights, x)[:, None]
    beside_best = weights / weights.amax(1, keepdim=True)
    return x + replace * (1 - beside_best) * (mean - x), weights


def blend_level(part: Tensor, luma: Tensor, chroma: Tensor) -> Tensor:
    """One pyramid level of luma and chroma, N×n×3×h×w, under its logits → N×3×h×w."""
    weights = torch.cat([luma.softmax(1), *[chroma.softmax(1)] * 2], 2)
    return weighted_sum(weights, part)


def wiener_filter(picture: Tensor, sets: Tensor, amount: Tensor) -> Tensor:
    """Wiener filter of a fused band-pass, N×3×h×w: 1 - amount · noise / energy, where noise is what the set's
    pictures, N×n×3×h×w, disagree in, divided by their number.

    Pictures that agree are left alone, and more pictures leave less to take out.
    """
    n = sets.shape[1]
    noise = local_mean(local_mean(variance_of_set(sets))) / n
    energy = local_mean(picture.square())
    strength = torch.cat([amount[:, :1], *[amount[:, 1:]] * 2], 1)
    return picture * (1 - strength * noise / (energy + SMALLEST_ENERGY)).clamp(0, 1)
