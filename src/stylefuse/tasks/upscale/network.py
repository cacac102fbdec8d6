"""The upscaler: bicubic enlargement plus a learnt residual, one small network a scale, each in two versions."""

import copy
from dataclasses import asdict
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylefuse.networks.blocks import ReflectConv
from stylefuse.networks.weights import Weights
from stylefuse.tasks.upscale.config import SCALES, UpscalerConfig
from stylefuse.tasks.upscale.resampling import enlarge

# Deviation of the noise, in levels of 8 bits, that `level` 1 stands for.
MOST_NOISE = 30.0


class Residual(nn.Module):
    """What bicubic enlargement lacks: 3×3 convolutions at the small size, then pixels from channels (Shi et al. 2016).

    The last layer begins at zero, so an untrained network is bicubic enlargement.
    """

    def __init__(self, scale: int, config: UpscalerConfig):
        super().__init__()
        self.scale, width = scale, config.width
        # The first one sees pixels and the level of noise.
        self.convs = nn.ModuleList(ReflectConv(width if i else 4, width) for i in range(config.convs))
        self.slopes = nn.ModuleList(nn.PReLU(width) for _ in range(config.convs))
        self.last = ReflectConv(width, 3 * scale**2)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(cast(Tensor, self.last.bias))

    def forward(self, x: Tensor) -> Tensor:
        """x: N×4×h×w → N×3×H×W float32."""
        for conv, slope in zip(self.convs, self.slopes, strict=True):
            x = slope(conv(x))
        return F.pixel_shuffle(self.last(x), self.scale).float()


class Upscaler(nn.Module):
    """Networks of all scales: "faithful" ones, which are closest to the truth, and "detailed" ones, which add texture.

    They see pixels alone: the generator's encoder has nothing to add (docs/tasks/upscale.md).
    """

    def __init__(self, config: UpscalerConfig = UpscalerConfig()):  # noqa: B008 (frozen)
        super().__init__()
        self.config = config
        self.faithful = nn.ModuleDict({str(s): Residual(s, config) for s in SCALES})
        self.detailed = copy.deepcopy(self.faithful)

    @property
    def margin(self) -> int:
        """Pixels of the small picture around a pixel that the residual depends on."""
        return self.config.convs + 1

    def forward(self, x: Tensor, level: Tensor, scale: int, detail: float = 0.0) -> Tensor:
        """Enlarge pictures.

        Args:
            x: N×3×h×w in [-1, 1].
            level: N values in [0, 1], how much noise is to be taken out: its deviation, as a share of `MOST_NOISE`.
            scale: one of `SCALES`.
            detail: share of the detailed network in the weights, 0 to 1.

        Returns:
            N×3×H×W float32, not clipped, before any correction by `resampling.back_project`.
        """
        levels = level.view(-1, 1, 1, 1).to(x.dtype).expand(-1, 1, *x.shape[2:])
        seen = torch.cat([x, levels], 1).contiguous(memory_format=torch.channels_last)
        return enlarge(x.float(), scale) + self.residual(scale, detail)(seen)

    def residual(self, scale: int, detail: float) -> Residual:
        """The network of a scale; between the two versions its weights are interpolated (Wang et al. 2019, DNI)."""
        faithful, detailed = (cast(Residual, nets[str(scale)]) for nets in (self.faithful, self.detailed))
        if detail in (0, 1):
            return detailed if detail else faithful
        between = copy.deepcopy(faithful)
        with torch.no_grad():
            for ours, theirs in zip(between.parameters(), detailed.parameters(), strict=True):
                ours.lerp_(theirs, detail)
        return between


def pack_upscaler(upscaler: Upscaler, **facts: Any) -> Weights:
    """Return the upscaler's weights with `facts` about it."""
    return Weights(
        dict(upscaler.state_dict()), {"kind": "upscaler", "config": asdict(upscaler.config), **facts}
    )


def load_upscaler(weights: Weights) -> Upscaler:
    """Build the packed upscaler, in eval mode.

    Raises:
        ValueError: the weights are of another kind of network.
    """
    weights.require("upscaler")
    upscaler = Upscaler(UpscalerConfig(**weights.facts["config"]))
    upscaler.load_state_dict(weights.tensors)
    return upscaler.eval().requires_grad_(False)
