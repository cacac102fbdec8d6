"""Exposure brackets without learning: how wide a bracket is, and where each picture is well exposed."""

import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.networks.pyramid import gaussian
from stylefuse.networks.sets import mean_of_set
from stylefuse.tasks.fuse.blend import BLACK

# Width of a bracket in log brightness: narrow up to the first, wide from the second on (4 and 5 stops at gamma 2).
# A bracket is also wide where the share of places that no picture clips falls from `SHARED` to `APART`.
NARROW, WIDE = 1.4, 1.7
SHARED, APART = 0.2, 0.1
# Standard deviation of the well-exposedness around medium grey, for levels in [0, 1].
MEDIUM = 0.2
# Added to the saturation, in [-1, 1]: without it all weights of grey brackets would be zero.
LEAST_SATURATION = 0.02
# Added to each weight, so that its logarithm is finite.
LEAST = 1e-3
# Exponents of the weights of luma in the bands, where local energy decides first, and in the low-pass rest. A rest by
# the whole weights looks flat: it makes the bright parts of a scene as dark as the dark ones.
DETAIL, REST = 0.25, 0.15
# Factor of the log energy of a band: the picture with the most detail gives nearly all of it.
SELECTION = 8.0
# Radius that smooths the weights of the low-pass rest: its short side divided by this.
SMOOTHED = 5


def exposures(lumas: Tensor) -> tuple[Tensor, Tensor]:
    """Compare the brightness of the pictures of each set, where no picture is clipped.

    Args:
        lumas: N×n×1×H×W in [-1, 1].

    Returns:
        N×n: what to add to each picture's log brightness so that all are equally bright.
        N in [0, 1]: how wide the bracket is; 0 where one photo could hold its range of brightness, 1 where none could.
    """
    unit = (lumas + 1) / 2
    unclipped = (10 * torch.minimum(unit, 1 - unit)).clamp(0, 1).prod(1) + 1e-6
    level = (unit + BLACK).log()
    away = (level.mean(1, keepdim=True) - level) * unclipped[:, None]
    exposure = away.sum((2, 3, 4)) / unclipped.sum((1, 2, 3))[:, None]
    width, shared = exposure.amax(1) - exposure.amin(1), unclipped.mean((1, 2, 3))
    wide = torch.maximum((width - NARROW) / (WIDE - NARROW), (SHARED - shared) / (SHARED - APART))
    return exposure, wide.clamp(0, 1)


def trust_in_energy(levels: int) -> list[float]:
    """Factor of the log local energy in the weights of a wide bracket, at each pyramid level; 0 for the rest."""
    return [SELECTION] * (levels - 1) + [0.0]


def add_exposure(
    luma: list[Tensor], chroma: list[Tensor], exposed: list[Tensor], wide: Tensor
) -> tuple[list[Tensor], list[Tensor]]:
    """Add the log weights of exposure fusion to the logits of luma and chroma at each pyramid level.

    Colours come from where the exposure is right: they are lost where a picture is clipped.

    Args:
        luma, chroma, exposed: N×n×1×h×w each, finest first, low-pass rest last.
        wide: N×1×1×1×1 in [0, 1], how far to add them.
    """
    powers = [DETAIL] * (len(exposed) - 1) + [REST]
    return (
        [logit + wide * power * each for logit, each, power in zip(luma, exposed, powers, strict=True)],
        [logit + wide * each for logit, each in zip(chroma, exposed, strict=True)],
    )


def exposure_fusion(x: Tensor, luma: Tensor, levels: int) -> list[Tensor]:
    """Weights of exposure fusion: contrast × saturation × well-exposedness (Mertens et al. 2009, section 3).

    Args:
        x: N×n×3×H×W in [-1, 1].
        luma: of x, N×n×1×H×W.
        levels: pyramid levels, the low-pass rest included.

    Returns:
        Log weights by pyramid level, finest first, N×n×1×h×w each. Those of the low-pass rest are smoothed: the paper's
        pyramid goes down to a few pixels, and without smoothing this shorter one would swap light and dark in spots.
    """
    kernel = luma.new_tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]])[None, None]
    contrast = F.conv2d(F.pad(luma.flatten(0, 1), [1] * 4, mode="replicate"), kernel).abs()
    saturation = x.std(2, keepdim=True, unbiased=False) + LEAST_SATURATION
    medium = (-(x / (2 * MEDIUM)).square().sum(2, keepdim=True) / 2).exp()
    weights = contrast.unflatten(0, x.shape[:2]) * saturation * medium + 1e-12
    found = gaussian((weights / (mean_of_set(weights) * x.shape[1])[:, None]).flatten(0, 1), levels)
    radius = max(1, min(found[-1].shape[-2:]) // SMOOTHED)
    around = F.pad(found[-1], [radius] * 4, mode="replicate")
    found[-1] = F.avg_pool2d(around, 2 * radius + 1, stride=1)
    return [(each + LEAST).log().unflatten(0, x.shape[:2]) for each in found]
