"""AdaIN: arbitrary style transfer by the statistics of features (Huang & Belongie 2017), one network for all styles.

The paper uses the features of VGG-19. Here they are those that StyleFuse's classifier starts from, so that both start
from the same knowledge of pictures. Their stages are narrower than VGG's, and so is the decoder.
"""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.rivals.resnet import update
from benchmarks.rivals.training import OnStep, train
from stylefuse.networks.blocks import ReflectConv, instance_moments
from stylefuse.networks.features import EfficientNetLite0, imagenet_efficientnet

BATCH = 8
RATE = 1e-4
STYLE_WEIGHT = 10.0
# The stage of the features at stride 8, as relu4_1 in the paper.
STAGE, STRIDE = 2, 8
WIDTHS = (128, 64, 32)  # of the decoder at strides 8, 4 and 2: half of the paper's


class AdaIN(nn.Module):
    """Restyles each photo after one reference painting.

    Args:
        features: the encoder; it is copied and frozen.
    """

    def __init__(self, features: EfficientNetLite0):
        super().__init__()
        self.features = copy.deepcopy(features).eval().requires_grad_(False)
        self.decoder = decoder_of(features.channels[STAGE])

    def forward(self, x: Tensor, reference: Tensor) -> Tensor:
        """x: N×3×H×W in [-1, 1]; reference: N×3×h×w or 1×3×h×w → N×3×H×W in [-1, 1], clipped."""
        height, width = x.shape[-2:]
        padded = F.pad(x, (0, -width % STRIDE, 0, -height % STRIDE), mode="reflect")
        target = transfer(self.features(padded)[STAGE], self.features(reference)[STAGE])
        return self.decoder(target)[..., :height, :width].clamp(-1, 1)


def decoder_of(channels: int) -> nn.Sequential:
    """Return the network from feature maps at stride 8 to pictures, not clipped: the paper's encoder in reverse (6.1).

    Nearest upsampling and reflection padding, and no norms, which would remove the style that the maps contain.
    """
    wide, middle, narrow = WIDTHS
    double, relu = nn.Upsample(scale_factor=2, mode="nearest"), nn.ReLU(inplace=True)
    return nn.Sequential(
        *(ReflectConv(channels, wide), relu, double),
        *(layer for _ in range(3) for layer in (ReflectConv(wide, wide), relu)),
        *(ReflectConv(wide, middle), relu, double),
        *(ReflectConv(middle, middle), relu),
        *(ReflectConv(middle, narrow), relu, double),
        *(ReflectConv(narrow, narrow), relu),
        ReflectConv(narrow, 3),
    )


def transfer(content: Tensor, style: Tensor) -> Tensor:
    """Return feature maps N×C×h×w with the channels' means and deviations of `style` (eq. 8)."""
    mean, inverse = instance_moments(content)
    style_mean, style_inverse = instance_moments(style)
    return (content - mean) * (inverse / style_inverse) + style_mean


def style_distance(maps: list[Tensor], targets: list[Tensor]) -> Tensor:
    """Return squared differences of means and of deviations: mean over channels, sum over stages (eq. 13)."""
    terms = []
    for one, other in zip(maps, targets, strict=True):
        (mean, inverse), (other_mean, other_inverse) = instance_moments(one), instance_moments(other)
        terms += [F.mse_loss(mean, other_mean), F.mse_loss(1 / inverse, 1 / other_inverse)]
    return torch.stack(terms).sum()


class AdaINTraining:
    """The network and a step of training; a `training.Rival`."""

    def __init__(self, features: EfficientNetLite0, device: torch.device | str = "cpu"):
        self.network = AdaIN(features).to(device)
        self.optimisers = [torch.optim.Adam(self.network.decoder.parameters(), RATE)]

    def step(self, photos: Tensor, paintings: Tensor) -> dict[str, float]:
        """Restyle each photo after the painting of the same number; see `Rival.step`."""
        with torch.no_grad():
            wanted = self.network.features(paintings)
            target = transfer(self.network.features(photos)[STAGE], wanted[STAGE])
        got = self.network.features(self.network.decoder(target))
        content, style = F.mse_loss(got[STAGE], target), style_distance(got, wanted)
        update(self.optimisers, content + STYLE_WEIGHT * style)
        return {"content": content.item(), "style": style.item()}


def falls(share: float) -> float:
    """Return the factor of the rate: 1 / (1 + 5e-5 · step) over 160 000 steps, both published, by share of time."""
    return 1 / (1 + 5e-5 * 160_000 * share)


def train_adain(
    photos: Iterator[Tensor],
    paintings: Iterator[Tensor],
    minutes: float,
    seed: int,
    on_step: OnStep,
) -> nn.Module:
    """Train on paintings of all styles, mixed, until the time is up; see `training.train`.

    Returns:
        An `AdaIN`, whose forward takes photos and references.

    Raises:
        FileNotFoundError: see `imagenet_efficientnet`.
    """
    features = imagenet_efficientnet()
    return train(
        lambda first: AdaINTraining(features, first.device), photos, paintings, minutes, seed, on_step, falls
    )
