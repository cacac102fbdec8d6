"""The encoder: a stem at full size, then halvings."""

import itertools

from torch import Tensor, nn
from torch.nn import functional as F

from stylefuse.networks.blocks import ReflectConv, instance_moments, normalised


class Encoder(nn.Module):
    """Pictures to features at 1, 1/2, 1/4 … of their size. Knows no style: content is read the same for all.

    Args:
        channels: width of each level, full size first; one halving between two levels.
    """

    def __init__(self, channels: tuple[int, ...]):
        super().__init__()
        self.stem = ReflectConv(3, channels[0], kernel=5)
        self.downs = nn.ModuleList(ReflectConv(a, b, stride=2) for a, b in itertools.pairwise(channels))

    def forward(self, x: Tensor) -> list[Tensor]:
        """x: N×3×H×W in [-1, 1], H and W multiples of the stride → one N×C×h×w tensor a level."""
        levels = [F.relu(self.stem(x), inplace=True)]
        for down in self.downs:
            h = down(levels[-1])
            levels.append(F.relu(normalised(h, instance_moments(h)), inplace=True))
        return levels
