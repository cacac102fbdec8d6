"""The critic D(x, s): scores how real x is as a painting of style s, as a mean over patches."""

import itertools
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from stylefuse.networks.config import CriticConfig
from stylefuse.networks.weights import Weights


class Critic(nn.Module):
    """Patch critic on pixels, with an output map for each style and no normalisation (as R3GAN, Huang et al. 2024).

    Norms would couple the pictures of a batch and remove the contrast, by which paintings differ from photos.
    """

    def __init__(self, rows: int, config: CriticConfig = CriticConfig(), colours: int = 3):  # noqa: B008 (frozen)
        super().__init__()
        self.config = config
        widths = (colours, *config.channels)
        self.downs = nn.ModuleList(
            nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in itertools.pairwise(widths)
        )
        self.mix = nn.Conv2d(widths[-1], widths[-1], 3, padding=1)
        self.head = nn.Conv2d(widths[-1], rows, 1)
        # Without norms, PyTorch's default initialisation would shrink the signal a hundredfold up to the head.
        for conv in (*self.downs, self.mix):
            nn.init.kaiming_normal_(conv.weight, a=0.2)
            nn.init.zeros_(conv.bias)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x: N×colours×H×W; style: N int64. Returns N float32 logits.

        The mean over patches is taken before the loss, so that penalties do not grow with the number of patches.
        """
        return torch.gather(self.patches(x).mean(dim=(2, 3)), 1, style[:, None]).squeeze(1)

    def patches(self, x: Tensor) -> Tensor:
        """x: N×colours×H×W. Returns the logits of every patch for every style, N×rows×h×w float32."""
        h = x
        for down in self.downs:
            h = F.leaky_relu(down(h), 0.2)
        h = F.leaky_relu(self.mix(h), 0.2)
        return self.head(h).float()


class FeatureCritic(nn.Module):
    """Critic on frozen feature maps, with an output map for each style (Projected GAN, Sauer et al. 2021).

    Frozen features tell paintings from photos from the start; the pixel critic needs thousands of steps to learn that.
    Spectral norm replaces the gradient penalty, which would have to be computed through the backbone.

    Args:
        rows: K + 1.
        channels: widths of the feature maps, finest first.
        width: of each head.
    """

    def __init__(self, rows: int, channels: tuple[int, ...], width: int = 64):
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                spectral_norm(nn.Conv2d(c, width, 1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(width, width, 3, padding=1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(width, rows, 1)),
            )
            for c in channels
        )

    def forward(self, features: list[Tensor], style: Tensor) -> Tensor:
        """features: N×C×h×w maps; style: N int64. Returns N float32 logits, the sum over maps."""
        pairs = zip(self.heads, features, strict=True)
        maps = sum(head(f).float().mean(dim=(2, 3)) for head, f in pairs)
        return torch.gather(maps, 1, style[:, None]).squeeze(1)


def pack_critic(critic: Critic, styles: Sequence[str], **facts: Any) -> Weights:
    """Return the weights of a critic of RGB and `facts`; `styles` are the names of its maps, "photo" first."""
    about = {"kind": "critic", "config": asdict(critic.config), "styles": list(styles)}
    return Weights(dict(critic.state_dict()), {**about, **facts})


def load_critic(weights: Weights) -> Critic:
    """Build the packed critic, frozen and in eval mode.

    Raises:
        ValueError: the weights are of another kind of network.
    """
    weights.require("critic")
    config = CriticConfig(tuple(weights.facts["config"]["channels"]))
    critic = Critic(len(weights.facts["styles"]), config)
    critic.load_state_dict(weights.tensors)
    return critic.eval().requires_grad_(False)
