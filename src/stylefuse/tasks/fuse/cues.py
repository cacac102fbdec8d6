"""Cues from classical fusion for weighing pictures: local energy, exposure, saturation."""

import itertools
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.networks.pyramid import down, local_mean, to_luma_chroma, up
from stylefuse.networks.sets import mean_of_set
from stylefuse.tasks.fuse.bracket import exposure_fusion, exposures

FULL_SIZE_CUES = 8
LEVEL_CUES = 3
# Energy of one 8-bit level in [-1, 1]: smaller differences are rounding.
ENERGY_FLOOR = (1 / 127.5) ** 2
HISTOGRAM_BINS = 16


class Cues(NamedTuple):
    """Cues for N sets of n pictures; lists are by pyramid level, finest first.

    levels: inputs of the network, (N·n)×C×h×w each, C = 8 at full size and 3 below.
    energy: log energy of luma in the band less the set's mean, (N·n)×1×h×w each. For the low-pass rest it is the mean
        over all bands, because blur leaves no trace in the rest itself.
    histogram: of luma, (N·n)×16, rows sum to one.
    exposed: log weights of exposure fusion, N×n×1×h×w each; None where no set is a wide bracket.
    exposure, wide: N×n and N, see `bracket.exposures`.
    disagreement: standard deviation over the pictures, N×1×H×W in [-1, 1] units; 0 where all are equal.
    """

    levels: list[Tensor]
    energy: list[Tensor]
    histogram: Tensor
    exposed: list[Tensor] | None
    exposure: Tensor
    wide: Tensor
    disagreement: Tensor


def find_cues(x: Tensor, levels: int) -> Cues:
    """Compute the cues of sets of pictures.

    Args:
        x: N×n×3×H×W in [-1, 1], H and W multiples of 2^(levels - 1).
    """
    n = x.shape[1]
    colour = to_luma_chroma(x.flatten(0, 1).float())
    luma, saturation = colour[:, :1], colour[:, 1:].abs().sum(1, keepdim=True)
    lumas = [luma]
    for _ in range(levels - 1):
        lumas.append(down(lumas[-1]))
    energy = []
    for fine, coarse in itertools.pairwise(lumas):
        energy.append(band_energy(fine - up(coarse)))
    against = [against_set(e, n) for e in energy]
    overall: Any = sum(F.avg_pool2d(e, 2 ** (levels - 1 - i)) for i, e in enumerate(against)) / len(against)
    smooth = up(up(lumas[2]))
    clipped = (luma - 0.9).clamp_min(0) * 10, (-0.9 - luma).clamp_min(0) * 10
    first = [luma, against_set(luma, n), smooth, saturation, *clipped, energy[0] + 1, against[0]]
    below = [
        torch.cat([energy[i] + 1, against[i], against_set(lumas[i], n)], 1) for i in range(1, levels - 1)
    ]
    rest = torch.cat([lumas[-1], overall, against_set(lumas[-1], n)], 1)
    x = x.float()
    spread = mean_of_set((x - mean_of_set(x)[:, None]).square()).mean(1, keepdim=True).sqrt()
    sets = luma.unflatten(0, (-1, n))
    exposure, wide = exposures(sets)
    return Cues(
        levels=[torch.cat(first, 1), *below, rest],
        energy=[*against, overall],
        histogram=_histogram(luma),
        exposed=exposure_fusion(x, sets, levels) if wide.any() else None,
        exposure=exposure,
        wide=wide,
        disagreement=local_mean(spread),
    )


def band_energy(band: Tensor) -> Tensor:
    """Return the log of the local energy of a band of the luma pyramid, …×1×H×W, scaled to about ±1."""
    return (local_mean(band.square()) + ENERGY_FLOOR).log() / 4


def against_set(x: Tensor, n: int) -> Tensor:
    """Subtract from each picture's values, (N·n)×…, the mean of its set."""
    sets = x.unflatten(0, (-1, n))
    return (sets - mean_of_set(sets)[:, None]).flatten(0, 1)


def _histogram(luma: Tensor) -> Tensor:
    """Soft histogram of luma: each pixel counts for the two nearest of 16 evenly spaced levels."""
    at = (luma.flatten(1) + 1) * (HISTOGRAM_BINS - 1) / 2
    bins = torch.arange(HISTOGRAM_BINS, device=at.device, dtype=at.dtype)
    return torch.stack([(1 - (at - b).abs()).clamp_min(0).mean(1) for b in bins], 1)
