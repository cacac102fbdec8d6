"""The restorer: detector, estimator, and a U-Net that adds a residual where a picture is damaged."""

from dataclasses import asdict
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylefuse.networks.weights import Weights
from stylefuse.tasks.restore.config import RestorerConfig
from stylefuse.tasks.restore.detector import ROOT_HALF, Detector, act, init_for_leaky
from stylefuse.tasks.restore.levels import NOISE_UNIT, Estimator

# Noise (levels) and compression at which 63 % of the residual are applied.
SLIGHT_NOISE, SLIGHT_COMPRESSION = 4.0, 0.1
# Factor of the output, as in the fuser's residual: without it the first training steps overshoot.
STEP = 0.1
DILATIONS = (1, 2, 4, 1)


class Levels(NamedTuple):
    """How damaged whole pictures are. noise: N, standard deviation in levels of 255. compression: N, 0 to 1."""

    noise: Tensor
    compression: Tensor

    def severity(self) -> Tensor:
        """Share of the residual that is applied, N, 0 for undamaged pictures."""
        return 1 - (-self.noise / SLIGHT_NOISE - self.compression / SLIGHT_COMPRESSION).exp()


class Restorer(nn.Module):
    """Result = start + residual × severity; in a hole all of the residual. The last layer starts at zero.

    It sees pixels alone; the generator's encoder has nothing to add (docs/tasks/restore.md).

    Args:
        config: widths.
    """

    # Pixels around a pixel that the U-Net's result depends on, a multiple of 4.
    margin = 4 * (sum(DILATIONS) + 2) + 2 * 4 + 4

    def __init__(self, config: RestorerConfig = RestorerConfig()):  # noqa: B008 (frozen)
        super().__init__()
        self.config = config
        self.detector, self.estimator = Detector(config.detector), Estimator()
        full, half, quarter = config.widths
        self.enter = _conv(3 + 1 + 2, full)
        self.at_full = _conv(full, full)
        self.to_half = _conv(full, half, stride=2)
        self.at_half = nn.ModuleList(_conv(half, half) for _ in range(2))
        self.to_quarter = _conv(half, quarter, stride=2)
        self.at_quarter = nn.ModuleList(_conv(quarter, quarter, d) for d in DILATIONS)
        self.up_half, self.up_full = nn.Conv2d(quarter, half, 1), nn.Conv2d(half, full, 1)
        self.leave_half = nn.ModuleList(_conv(half, half) for _ in range(2))
        self.leave_full = nn.ModuleList(_conv(full, full) for _ in range(2))
        self.head = _conv(full, 3)
        for name, module in self.named_children():
            if name not in ("detector", "estimator"):
                init_for_leaky(module)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    def forward(self, start: Tensor, hole: Tensor, levels: Levels) -> Tensor:
        """Restore pictures of known damage.

        Args:
            start: N×3×H×W in [-1, 1], H and W multiples of 4; holes are filled.
            hole: N×1×H×W, 1 where the picture was filled.
            levels: of noise and compression.

        Returns:
            N×3×H×W float32, not clipped.
        """
        noise, compression = (each[:, None, None, None].expand_as(hole) for each in levels)
        seen = torch.cat([start, hole, noise / NOISE_UNIT, compression], 1)
        fine = act(self.enter(seen.contiguous(memory_format=torch.channels_last)))
        fine = act(self.at_full(fine))
        middle = act(self.to_half(fine))
        for conv in self.at_half:
            middle = act(conv(middle))
        coarse = act(self.to_quarter(middle))
        for conv in self.at_quarter:
            coarse = ROOT_HALF * (coarse + act(conv(coarse)))
        middle = (middle + _double(self.up_half(coarse))) / 2
        for conv in self.leave_half:
            middle = act(conv(middle))
        fine = (fine + _double(self.up_full(middle))) / 2
        for conv in self.leave_full:
            fine = act(conv(fine))
        gate = hole.maximum(levels.severity()[:, None, None, None]).float()
        return start.float() + STEP * gate * self.head(fine).float()


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


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def _conv(channels_in: int, channels_out: int, dilation: int = 1, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, stride, padding=dilation, dilation=dilation)
