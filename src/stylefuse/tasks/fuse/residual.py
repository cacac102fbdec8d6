"""The residual branch of the fuser: removes noise, clipping and seams that blending input pixels cannot avoid."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylefuse.networks.sets import weighted_sum
from stylefuse.tasks.fuse.blend import Plan

# Disagreement of the inputs, in [-1, 1] units, at which half of the residual is applied.
AGREEMENT = 1 / 127.5
# Factor of the output. Without it the first training steps overshoot and the branch stops learning.
STEP = 0.1


def _conv(channels_in: int, channels_out: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, stride, padding=1)


class Residual(nn.Module):
    """A small U-Net (Ronneberger et al. 2015) on the blended picture and the fuser's features of it.

    The output is scaled by how far the inputs disagree, so that equal inputs pass through unchanged.

    Args:
        features: widths of the fuser's features at 1, 1/2, 1/4.
        widths: of this branch at the same sizes.
        modes: number of modes.
    """

    def __init__(self, features: tuple[int, ...], widths: tuple[int, int, int], modes: int):
        super().__init__()
        full, half, quarter = widths
        self.enter = _conv(3 + 1 + features[0], full)
        self.at_full = _conv(full, full)
        self.to_half = _conv(full, half, 2)
        self.at_half = _conv(half + features[1], half)
        self.to_quarter = _conv(half, quarter, 2)
        # A bias for each mode: each needs another repair, and most need none.
        self.modes = nn.ModuleList(nn.Linear(modes, width) for width in widths)
        self.at_quarter = nn.ModuleList([_conv(quarter + features[2], quarter), _conv(quarter, quarter)])
        self.up_half, self.up_full = nn.Conv2d(quarter, half, 1), nn.Conv2d(half, full, 1)
        self.leave_half = nn.ModuleList([_conv(half, half), _conv(half, half)])
        self.leave_full = _conv(full, full)
        self.head = _conv(full, 3)

    def forward(self, picture: Tensor, plan: Plan) -> Tensor:
        """What to add to the blended picture, N×3×H×W, H and W multiples of 4; float32."""
        n = plan.luma[0].shape[1]
        full, half, quarter = (
            _bounded(weighted_sum(logits.softmax(1).to(f.dtype), f))
            for logits, f in zip(plan.luma[:3], plan.features, strict=True)
        )
        # Standard deviation of a mean of n pictures: the noise that is left in the blend.
        noise = plan.disagreement * (8 / n**0.5)
        seen = torch.cat([picture.to(full.dtype), noise.to(full.dtype), full], 1)
        asked = [mode(plan.mode)[:, :, None, None] for mode in self.modes]
        fine = _act(self.enter(seen.contiguous(memory_format=torch.channels_last)) + asked[0])
        fine = _act(self.at_full(fine))
        middle = _act(self.at_half(torch.cat([_act(self.to_half(fine)), half], 1)) + asked[1])
        coarse = _act(self.to_quarter(middle) + asked[2])
        coarse = _act(self.at_quarter[0](torch.cat([coarse, quarter], 1)))
        coarse = _act(self.at_quarter[1](coarse))
        middle = (middle + _double(self.up_half(coarse))) / 2
        for conv in self.leave_half:
            middle = _act(conv(middle))
        fine = _act(self.leave_full((fine + _double(self.up_full(middle))) / 2))
        gate = plan.disagreement / (plan.disagreement + AGREEMENT)
        return STEP * plan.repair * gate * self.head(fine).float()


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def _act(x: Tensor) -> Tensor:
    """Leaky ReLU: with plain ReLU the last layer died in training, and noise was not removed."""
    return F.leaky_relu(x, 0.1)


def _bounded(x: Tensor) -> Tensor:
    """Bound the length over C of N×C×h×w: the fuser's features grow as its weights become sharper."""
    return x * (1 + x.square().mean(1, keepdim=True)).rsqrt()
