"""The critic D(x, s): how real x is as a member of style s, a mean over patches."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class CriticConfig:
    """channels: width of each stride-2 level; more levels see larger patches (4 levels: 46 px)."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 (read by pydantic where parameters are typed)

    channels: tuple[int, ...] = (24, 48, 96, 128)


class Critic(nn.Module):
    """Patch critic with one output map a style and no normalisation (as R3GAN, Huang et al. 2024).

    Norms would couple the pictures of a batch and hide the contrast that tells a painting from a photo.
    """

    def __init__(self, rows: int, config: CriticConfig = CriticConfig()):
        super().__init__()
        widths = (3, *config.channels)
        self.downs = nn.ModuleList(
            nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in zip(widths, widths[1:], strict=False)
        )
        self.mix = nn.Conv2d(widths[-1], widths[-1], 3, padding=1)
        self.head = nn.Conv2d(widths[-1], rows, 1)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x: N×3×H×W in [-1, 1]; style: N int64. Returns N float32 logits.

        The mean over patches is taken before any loss, so that penalties do not grow with the patch count.
        """
        h = x
        for down in self.downs:
            h = F.leaky_relu(down(h), 0.2)
        h = F.leaky_relu(self.mix(h), 0.2)
        maps = self.head(h).float().mean(dim=(2, 3))
        return torch.gather(maps, 1, style[:, None]).squeeze(1)
