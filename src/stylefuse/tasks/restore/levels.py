"""Estimate a picture's noise from the roughness of its flattest places, and its JPEG compression from its blocks."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylefuse.tasks.restore.jpeg import BLOCK

CELL = 8  # px; roughness is measured in cells of this side
SHARES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75)  # quantiles of the cells' roughness
STATISTICS = 4 * len(SHARES) + 4 * 3 + 2
FLAT_CHROMA = 2 * len(SHARES) + 3  # of the statistics: the roughness of chroma in the flattest fifth
_LEAST = 0.1  # added before a logarithm is taken
# A picture is judged by evenly spread squares, as large as the crops of the training, px.
SIDE, SQUARES = 96, 36
# The noise is that of the middle square. Where a tenth of the squares have less than this share of it, it is texture,
# and what those few have counts: noise is everywhere.
FEW, ALIKE = 0.1, 0.5
# In a picture with colours, noise of more than this multiple of the roughness of chroma is texture as well. A picture
# whose chroma is smoother than the second number, in levels, is grey.
OF_CHROMA, GREY = 2.0, 0.02


class Estimator(nn.Module):
    """A small network on the statistics of a picture.

    The noise starts from the roughness of chroma, which white noise has and texture hardly has; the network corrects
    it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(STATISTICS, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2)
        )
        nn.init.zeros_(self.layers[-1].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.layers[-1].bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logarithm of 1 + the noise's standard deviation in levels of 255, and compression; N each.

        Args:
            x: N×3×H×W in [-1, 1].
        """
        with torch.autocast(x.device.type, enabled=False):
            found = statistics(x.float().add(1).mul(127.5))
            correction, compression = self.layers(found).unbind(1)
            start = found[:, FLAT_CHROMA].exp().add(1 - _LEAST).log()
        return start + correction, compression


def chroma_roughness(x: Tensor) -> Tensor:
    """That of the flattest fifth, in levels, N, of N×3×H×W in [-1, 1]."""
    return statistics(x.float().add(1).mul(127.5))[:, FLAT_CHROMA].exp() - _LEAST


def squares_of(x: Tensor) -> Tensor:
    """N×3×SIDE×SIDE, evenly spread over a picture 1×3×H×W; the picture itself if it is smaller on a side."""
    height, width = x.shape[2:]
    if min(height, width) <= SIDE:
        return x
    across = round(SQUARES**0.5)
    tops, lefts = (torch.linspace(0, side - SIDE, across).long().tolist() for side in (height, width))
    return torch.cat([x[:, :, top : top + SIDE, left : left + SIDE] for top in tops for left in lefts])


def grid_of(x: Tensor) -> Tensor:
    """Where the grid of JPEG's blocks lies, N×2: by how many rows and columns a block begins above and left, 0 to 7.

    Args:
        x: N×3×H×W, levels from 0 to 255, of at least 16 px a side. In a picture without blocks any place may be found.
    """
    luma = _luma(x.float())
    found = []
    for each in (luma.transpose(2, 3), luma):
        first = _phases(each).argmax(1) + 2  # the step after column 1 + k lies before column 2 + k
        found.append(-first % BLOCK)
    return torch.stack(found, 1)


def statistics(x: Tensor) -> Tensor:
    """Statistics of N×3×H×W, levels from 0 to 255; N×STATISTICS.

    Noise shows in the finest diagonal differences of the flattest cells, and in chroma, which photos have smooth; white
    noise halves at half the size. JPEG shows in steps between every eighth and ninth row and column.
    """
    luma = _luma(x)
    chroma = x[:, ::2] - luma
    found = [_roughness(luma), _roughness(F.avg_pool2d(luma, 2)), _roughness(chroma)]
    found.append(_roughness(F.avg_pool2d(chroma, 2)))
    found += [_steps(luma), _steps(luma.transpose(2, 3))]
    return torch.cat([each.clamp_min(0).add(_LEAST).log() for each in found], 1)


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
    phases = _phases(x)
    largest = (phases - phases.median(1, keepdim=True).values).sort(1, descending=True).values[:, :3]
    mean = (x[..., 1:] - x[..., :-1]).abs().mean((1, 2, 3))[:, None]
    return torch.cat([largest, 4 * largest / (mean + 0.5), mean], 1)


def _phases(x: Tensor) -> Tensor:
    """How much larger the step after column 1 + k, 9 + k, 17 + k… is than the steps beside it, N×8, of N×1×H×W."""
    step = (x[..., 1:] - x[..., :-1]).abs()
    excess = (step[..., 1:-1] - (step[..., :-2] + step[..., 2:]) / 2).mean((1, 2))
    count = excess.shape[1] // BLOCK * BLOCK
    return excess[:, :count].unflatten(1, (-1, BLOCK)).mean(1)


def _luma(x: Tensor) -> Tensor:
    return (0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]).contiguous()
