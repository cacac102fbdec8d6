"""Estimate noise and JPEG's loss of a picture: from the roughness of its flattest places, and from its blocks."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Levels of noise in one unit of the estimate.
NOISE_UNIT = 50.0
CELL = 8  # px; roughness is measured in cells of this side
SHARES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75)  # quantiles of the cells' roughness
STATISTICS = 4 * len(SHARES) + 4 * 3 + 2
# A picture is judged by evenly spread squares, as large as the crops of the training, px.
SIDE, SQUARES = 96, 36
# The share of the squares that have a lower estimate than the picture: noise is everywhere, texture looks like more.
NOISE_QUANTILE = 0.1


class Estimator(nn.Module):
    """A small network on the statistics of a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(STATISTICS, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Noise as a standard deviation in levels of 255, and compression, N each, of N×3×H×W in [-1, 1]."""
        with torch.autocast(x.device.type, enabled=False):
            noise, compression = self.layers(statistics(x.float().add(1).mul(127.5))).unbind(1)
        return NOISE_UNIT * noise, compression


def squares_of(x: Tensor) -> Tensor:
    """N×3×SIDE×SIDE, evenly spread over a picture 1×3×H×W; the picture itself if it is smaller on a side."""
    height, width = x.shape[2:]
    if min(height, width) <= SIDE:
        return x
    across = round(SQUARES**0.5)
    tops, lefts = (torch.linspace(0, side - SIDE, across).long().tolist() for side in (height, width))
    return torch.cat([x[:, :, top : top + SIDE, left : left + SIDE] for top in tops for left in lefts])


def statistics(x: Tensor) -> Tensor:
    """Statistics of N×3×H×W, levels from 0 to 255; N×STATISTICS.

    Noise shows in the finest diagonal differences of the flattest cells, and in chroma, which photos have smooth; white
    noise halves at half the size. JPEG shows in steps between every eighth and ninth row and column.
    """
    luma = (0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]).contiguous()
    chroma = x[:, ::2] - luma
    found = [_roughness(luma), _roughness(F.avg_pool2d(luma, 2)), _roughness(chroma)]
    found.append(_roughness(F.avg_pool2d(chroma, 2)))
    found += [_steps(luma), _steps(luma.transpose(2, 3))]
    return torch.cat([each.clamp_min(0).add(0.1).log() for each in found], 1)


def _roughness(x: Tensor) -> Tensor:
    """Quantiles over cells of the deviation of diagonal differences, N×len(SHARES); of white noise, its deviation."""
    x = x[..., : x.shape[2] // 2 * 2, : x.shape[3] // 2 * 2]
    diagonal = (x[..., ::2, ::2] - x[..., 1::2, ::2] - x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 2
    cell = min(CELL // 2, *diagonal.shape[2:])
    cells = F.avg_pool2d(diagonal.square().mean(1, keepdim=True), cell).flatten(1).sqrt()
    return torch.quantile(cells, torch.tensor(SHARES, device=x.device), dim=1).T


def _steps(x: Tensor) -> Tensor:
    """How much larger steps between columns are at three of eight phases than beside them; and the mean step.

    N×7: the three largest, the same over the mean step, and the mean step.
    """
    step = (x[..., 1:] - x[..., :-1]).abs()
    beside = (step[..., :-2] + step[..., 2:]) / 2
    excess = (step[..., 1:-1] - beside).mean((1, 2))
    count = excess.shape[1] // 8 * 8
    phases = excess[:, :count].unflatten(1, (-1, 8)).mean(1)
    largest = (phases - phases.median(1, keepdim=True).values).sort(1, descending=True).values[:, :3]
    mean = step.mean((1, 2, 3))[:, None]
    return torch.cat([largest, 4 * largest / (mean + 0.5), mean], 1)
