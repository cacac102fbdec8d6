"""The detector: finds scratches."""

from torch import Tensor, nn
from torch.nn import functional as F

# Dilations of the convolutions at 1/2 and at 1/4: a faint scratch shows along its line only.
HALF, QUARTER = (1, 2, 4, 8), (1, 2, 4, 8)
# Keeps the size of a sum of two features.
ROOT_HALF = 0.5**0.5


class Detector(nn.Module):
    """Convolutions at 1/2 and 1/4 of the size, dilated so that they see far along a scratch. No norms.

    Args:
        widths: at 1/2 and at 1/4.
    """

    # Pixels around a pixel that its result depends on, a multiple of 4.
    margin = 2 * (sum(HALF) + 5) + 4 * (sum(QUARTER) + 4)

    def __init__(self, widths: tuple[int, int]):
        super().__init__()
        half, quarter = widths
        self.enter = _conv(12, half)
        self.at_half = nn.ModuleList(_conv(half, half, dilation) for dilation in HALF)
        self.to_quarter = nn.Conv2d(half, quarter, 3, 2, padding=1)
        self.at_quarter = nn.ModuleList(_conv(quarter, quarter, dilation) for dilation in QUARTER)
        self.up = nn.Conv2d(quarter, half, 1)
        self.leave = _conv(half, half)
        self.scratches = _conv(half, 4)
        init_for_leaky(self)
        nn.init.zeros_(self.scratches.weight)
        nn.init.constant_(self.scratches.bias, -3.0)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Return logits of scratches, N×1×H×W float32, of N×3×H×W in [-1, 1], H and W multiples of 4."""
        half = act(self.enter(F.pixel_unshuffle(x, 2)))
        for conv in self.at_half:
            half = ROOT_HALF * (half + act(conv(half)))
        quarter = act(self.to_quarter(half))
        for conv in self.at_quarter:
            quarter = ROOT_HALF * (quarter + act(conv(quarter)))
        up = F.interpolate(self.up(quarter), scale_factor=2.0, mode="nearest")
        return F.pixel_shuffle(self.scratches(act(self.leave(half + up))), 2).float()


def act(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.1)


def init_for_leaky(module: nn.Module) -> None:
    """Without norms, PyTorch's default initialisation would shrink the signal over ten layers."""
    for each in module.modules():
        if isinstance(each, nn.Conv2d):
            nn.init.kaiming_normal_(each.weight, a=0.1 if each.kernel_size != (1, 1) else 1.0)
            nn.init.zeros_(each.bias)  # type: ignore[arg-type]


def _conv(channels_in: int, channels_out: int, dilation: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, padding=dilation, dilation=dilation)
