"""The restorer: detector, estimator, and a U-Net that adds a residual where a picture is damaged."""

import math
from dataclasses import asdict
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylefuse.networks.weights import Weights
from stylefuse.tasks.restore.config import RestorerConfig
from stylefuse.tasks.restore.detector import ROOT_HALF, Detector, act, init_for_leaky
from stylefuse.tasks.restore.jpeg import BLOCK
from stylefuse.tasks.restore.levels import Estimator
from stylefuse.tasks.restore.shrinkage import shrink

# Levels of noise in one unit of the U-Net's input.
NOISE_UNIT = 50.0
# Noise (levels) and compression at which 63 % of the residual are applied.
SLIGHT_NOISE, SLIGHT_COMPRESSION = 4.0, 0.1
DILATIONS = (1, 2, 4, 1)


class Levels(NamedTuple):
    """How damaged whole pictures are.

    noise: N, standard deviation in levels of 255. compression: N, 0 to 1. grid: N×2, by how many rows and columns a
    block of JPEG's grid begins above and left of the picture, 0 to 7.
    """

    noise: Tensor
    compression: Tensor
    grid: Tensor

    def severity(self) -> Tensor:
        """Share of the residual that is applied, N, 0 for undamaged pictures."""
        return 1 - (-self.noise / SLIGHT_NOISE - self.compression / SLIGHT_COMPRESSION).exp()


class Restorer(nn.Module):
    """Result = start + residual × severity; in a hole all of the residual. The last layer starts at zero.

    The start is the picture after classical shrinkage of DCT coefficients; the U-Net sees it and the picture. It works
    at half of the picture's size, on the four pixels of each square side by side (FFDNet, Zhang et al. 2018). The
    generator's encoder has nothing to add (docs/tasks/restore.md).

    Args:
        config: widths.
    """

    # Pixels around a pixel that its result depends on: those of the U-Net, and of the blocks of its start; rounded
    # up to whole blocks.
    margin = -(-(4 * (sum(DILATIONS) + 1) + 2 * 7 + 2 + BLOCK) // BLOCK) * BLOCK

    def __init__(self, config: RestorerConfig = RestorerConfig()):  # noqa: B008 (frozen)
        super().__init__()
        self.config = config
        self.detector, self.estimator = Detector(config.detector), Estimator()
        half, quarter = config.widths
        self.enter = _conv(4 * (3 + 3 + 1) + 2 + 4, half)
        self.at_half = nn.ModuleList(_conv(half, half) for _ in range(2))
        self.to_quarter = _conv(half, quarter, stride=2)
        self.at_quarter = nn.ModuleList(_conv(quarter, quarter, d) for d in DILATIONS)
        self.up = nn.Conv2d(quarter, half, 1)
        self.leave = nn.ModuleList(_conv(half, half) for _ in range(2))
        self.head = _conv(half + 4 * (3 + 3 + 1), 4 * 3)
        for name, module in self.named_children():
            if name not in ("detector", "estimator"):
                init_for_leaky(module)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    def forward(self, filled: Tensor, hole: Tensor, levels: Levels) -> Tensor:
        """Restore pictures of known damage.

        Args:
            filled: N×3×H×W in [-1, 1], H and W multiples of 4; holes are filled.
            hole: N×1×H×W, 1 where the picture was filled.
            levels: of noise and compression.

        Returns:
            N×3×H×W float32, not clipped.
        """
        start = shrink(filled, levels.noise, levels.compression)
        squares = F.pixel_unshuffle(torch.cat([start, filled, hole], 1), 2)
        seen = torch.cat([squares, _maps(levels, *squares.shape[2:])], 1)
        fine = act(self.enter(seen.contiguous(memory_format=torch.channels_last)))
        for conv in self.at_half:
            fine = ROOT_HALF * (fine + act(conv(fine)))
        coarse = act(self.to_quarter(fine))
        for conv in self.at_quarter:
            coarse = ROOT_HALF * (coarse + act(conv(coarse)))
        fine = (fine + F.interpolate(self.up(coarse), scale_factor=2.0, mode="nearest")) / 2
        for conv in self.leave:
            fine = ROOT_HALF * (fine + act(conv(fine)))
        gate = hole.maximum(levels.severity()[:, None, None, None]).float()
        return start + gate * F.pixel_shuffle(self.head(torch.cat([fine, squares], 1)), 2).float()


def _maps(levels: Levels, height: int, width: int) -> Tensor:
    """Noise, compression, and where in its block of JPEG's grid each square lies: N×6×height×width."""
    shape = (len(levels.noise), 1, height, width)
    maps = [each.view(-1, 1, 1, 1).expand(shape) for each in (levels.noise / NOISE_UNIT, levels.compression)]
    compressed = (levels.compression > 0).view(-1, 1, 1, 1)
    for offset, view in zip(levels.grid.unbind(1), ((1, 1, -1, 1), (1, 1, 1, -1)), strict=True):
        count = height if view[2] == -1 else width
        place = 2 * torch.arange(count, device=offset.device).view(view) + offset.view(-1, 1, 1, 1)
        turn = place.float() * (2 * math.pi / BLOCK)
        maps += [(compressed * each).expand(shape) for each in (turn.cos(), turn.sin())]
    return torch.cat(maps, 1)


def pack_restorer(restorer: Restorer, **facts: Any) -> Weights:
    """Return the restorer as it is written to disk, with `facts` about it."""
    return Weights(
        dict(restorer.state_dict()), {"kind": "restorer", "config": asdict(restorer.config), **facts}
    )


def load_restorer(weights: Weights) -> Restorer:
    """Build the packed restorer, in eval mode.

    Raises:
        ValueError: the weights are of another kind of network.
    """
    weights.require("restorer")
    config = weights.facts["config"]
    config = config | {name: tuple(config[name]) for name in ("widths", "detector")}
    restorer = Restorer(RestorerConfig(**config))
    restorer.load_state_dict(weights.tensors)
    return restorer.eval().requires_grad_(False)


def _conv(channels_in: int, channels_out: int, dilation: int = 1, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, stride, padding=dilation, dilation=dilation)
