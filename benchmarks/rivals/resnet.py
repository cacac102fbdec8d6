"""The networks of CycleGAN and CUT: a residual generator and a critic of patches.

Generator: Johnson et al. 2016 as Zhu et al. 2017 (section 7.2) changed it. Critic: Isola et al. 2017. Resampling
without aliases, which CUT has in both: Zhang 2019.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Resampling = Literal["transposed", "antialiased", "nearest"]
STRIDE = 4  # of the generator's bottleneck


class BlurDown(nn.Module):
    """Every second pixel after a blur by [1 2 1]/4 both ways (Zhang 2019, section 3), reflected at the border.

    [1 2 1]/4 is the mean of two neighbours, taken twice, so pooling does it without kernels.
    """

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(F.avg_pool2d(F.pad(x, (1,) * 4, mode="reflect"), 2, stride=1), 2)


def norm_of(channels: int, affine: bool = False) -> nn.InstanceNorm2d:
    """Return an instance norm, by default without scale and shift, as published for CycleGAN and CUT."""
    return nn.InstanceNorm2d(channels, affine=affine)


class Residual(nn.Module):
    """Two 3×3 convolutions beside a skip, with no ReLU after the sum."""

    def __init__(self, channels: int, affine: bool):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            norm_of(channels, affine),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            norm_of(channels, affine),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class ResNetGenerator(nn.Module):
    """Pictures N×3×H×W in [-1, 1] to pictures of the same size and range; 11.378 M parameters by default.

    Sides that are no multiple of 4 are padded to one, and the padding is cut off again.

    Args:
        ngf: channels at full size; twice as many at half, four times at a quarter.
        blocks: residual blocks at a quarter of the size.
        resampling: strided and transposed convolutions (CycleGAN); blurred ones (CUT); strided convolutions down
            and repeated pixels up (fast neural style).
        ends: size of the first and the last kernel.
        affine: whether the norms have a scale and a shift.
    """

    def __init__(
        self,
        ngf: int = 64,
        blocks: int = 9,
        resampling: Resampling = "transposed",
        ends: int = 7,
        affine: bool = False,
    ):
        super().__init__()
        stem = [nn.ReflectionPad2d(ends // 2), nn.Conv2d(3, ngf, ends)]
        # In one sequence, so that layers have the same numbers as in CUT's paper and code.
        self.layers = nn.Sequential(
            *stem,
            norm_of(ngf, affine),
            nn.ReLU(inplace=True),
            *_down(ngf, resampling, affine),
            *_down(2 * ngf, resampling, affine),
            *(Residual(4 * ngf, affine) for _ in range(blocks)),
            *_up(4 * ngf, resampling, affine),
            *_up(2 * ngf, resampling, affine),
            nn.ReflectionPad2d(ends // 2),
            nn.Conv2d(ngf, 3, ends),
            nn.Tanh(),
        )

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        padded = F.pad(x, (0, -width % STRIDE, 0, -height % STRIDE), mode="reflect")
        return self.layers(padded)[..., :height, :width]

    def features(self, x: Tensor, at: Sequence[int]) -> list[Tensor]:
        """Return the outputs of the layers `at`, in rising order; x as in `forward`, sides multiples of 4."""
        maps = []
        for number, layer in enumerate(self.layers[: at[-1] + 1]):
            x = layer(x)
            if number in at:
                maps.append(x)
        return maps


def _down(channels: int, resampling: Resampling, affine: bool) -> list[nn.Module]:
    """Return layers to half the size and twice the channels."""
    blurred = resampling == "antialiased"
    conv = nn.Conv2d(channels, 2 * channels, 3, stride=1 if blurred else 2, padding=1)
    layers = [conv, norm_of(2 * channels, affine), nn.ReLU(inplace=True)]
    return [*layers, BlurDown()] if blurred else layers


def _up(channels: int, resampling: Resampling, affine: bool) -> list[nn.Module]:
    """Return layers to twice the size and half the channels."""
    out = channels // 2
    if resampling == "transposed":
        convs = [nn.ConvTranspose2d(channels, out, 3, stride=2, padding=1, output_padding=1)]
    else:
        # Zhang's filter for this, [1 3 3 1]/4 between zeros with the border repeated, is bilinear interpolation.
        mode = "bilinear" if resampling == "antialiased" else "nearest"
        convs = [nn.Upsample(scale_factor=2, mode=mode), nn.Conv2d(channels, out, 3, padding=1)]
    return [*convs, norm_of(out, affine), nn.ReLU(inplace=True)]


class PatchGAN(nn.Sequential):
    """N×3×H×W → N×1×h×w scores of overlapping patches of 70×70 pixels; 2.765 M parameters at ndf 64."""

    def __init__(self, ndf: int = 64, antialiased: bool = False):
        layers, widths = [], (3, ndf, 2 * ndf, 4 * ndf, 8 * ndf)
        for i in range(4):
            halves = i < 3
            strides = halves and not antialiased
            layers.append(nn.Conv2d(widths[i], widths[i + 1], 4, stride=2 if strides else 1, padding=1))
            layers += [norm_of(widths[i + 1])] if i > 0 else []
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            layers += [BlurDown()] if halves and antialiased else []
        super().__init__(*layers, nn.Conv2d(8 * ndf, 1, 4, padding=1))


def draw_weights(network: nn.Module, kind: Literal["normal", "xavier"]) -> None:
    """Draw initial weights in place: gain 0.02, normal for CycleGAN and Xavier's for CUT; biases are zero."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            if kind == "normal":
                nn.init.normal_(module.weight, std=0.02)
            else:
                nn.init.xavier_normal_(module.weight, gain=0.02)
            nn.init.zeros_(module.bias)


def least_squares(scores: Tensor, target: float) -> Tensor:
    """Return the mean squared distance of a critic's scores from 1 (real) or 0 (fake): Mao et al. 2017, eq. 2."""
    return (scores - target).square().mean()


def update(optimisers: Sequence[torch.optim.Optimizer], loss: Tensor) -> None:
    """Take one step of each optimiser."""
    for optimiser in optimisers:
        optimiser.zero_grad(set_to_none=True)
    loss.backward()
    for optimiser in optimisers:
        optimiser.step()
