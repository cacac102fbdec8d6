"""What is known of a bracket of exposures before any learning: how wide it is, and where each picture is good."""

import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.networks.pyramid import down
from stylefuse.networks.sets import mean_of_set
from stylefuse.tasks.fuse.blend import BLACK

# A bracket is narrow up to the first width in log brightness, and wide from the second on: 4 and 5 stops through a
# camera of gamma 2. It is wide as well where no more than a share `APART` of the picture is clipped in none.
NARROW, WIDE = 1.4, 1.7
SHARED, APART = 0.2, 0.1
# Deviation of the measure of good exposure around medium grey, in [0, 1].
MEDIUM = 0.2
# What counts as saturation of a grey pixel, in [-1, 1]: grey brackets have no other.
LEAST_SATURATION = 0.02
# Share of a weight that each picture has everywhere, so that its logarithm is finite.
LEAST = 1e-3
# The short side over how far weights of the low-pass rest are smoothed to each side.
SMOOTHED = 5


def exposures(lumas: Tensor) -> tuple[Tensor, Tensor]:
    """Compare the brightness of N×n×1×H×W in [-1, 1].

    Returns:
        N×n, what to add to a picture's log brightness so that all agree; over places that no picture has clipped.
        N, how wide the bracket is: 0 where a photo could show all of its light and shade, 1 where none could.
    """
    unit = (lumas + 1) / 2
    unclipped = (10 * torch.minimum(unit, 1 - unit)).clamp(0, 1).prod(1) + 1e-6
    level = (unit + BLACK).log()
    away = (level.mean(1, keepdim=True) - level) * unclipped[:, None]
    exposure = away.sum((2, 3, 4)) / unclipped.sum((1, 2, 3))[:, None]
    width, shared = exposure.amax(1) - exposure.amin(1), unclipped.mean((1, 2, 3))
    wide = torch.maximum((width - NARROW) / (WIDE - NARROW), (SHARED - shared) / (SHARED - APART))
    return exposure, wide.clamp(0, 1)


def exposure_fusion(x: Tensor, luma: Tensor, levels: int) -> list[Tensor]:
    """Weights by contrast, saturation and medium grey (Mertens et al. 2009, section 3), all to the power of one.

    Args:
        x: N×n×3×H×W in [-1, 1].
        luma: N×n×1×H×W of it.

    Returns:
        Their logarithms by pyramid level, finest first, N×n×1×h×w each; those of the low-pass rest are smoothed, since
        theirs is a pyramid down to a few pixels, and light and dark would otherwise change place from spot to spot.
    """
    kernel = luma.new_tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]])[None, None]
    contrast = F.conv2d(F.pad(luma.flatten(0, 1), [1] * 4, mode="replicate"), kernel).abs()
    saturation = x.std(2, keepdim=True, unbiased=False) + LEAST_SATURATION
    medium = (-(x / (2 * MEDIUM)).square().sum(2, keepdim=True) / 2).exp()
    weights = contrast.unflatten(0, x.shape[:2]) * saturation * medium + 1e-12
    found = [(weights / (mean_of_set(weights) * x.shape[1])[:, None]).flatten(0, 1)]
    for _ in range(levels - 1):
        found.append(down(found[-1]))
    radius = max(1, min(found[-1].shape[-2:]) // SMOOTHED)
    around = F.pad(found[-1], [radius] * 4, mode="replicate")
    found[-1] = F.avg_pool2d(around, 2 * radius + 1, stride=1)
    return [(each + LEAST).log().unflatten(0, x.shape[:2]) for each in found]
