"""Measure a new style's pictures in frozen features and colours, and compute losses of restyled photos against that."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylefuse.losses.style import colour_directions, colour_loss, colour_quantiles, moments_loss, style_loss
from stylefuse.networks.classifier import pooled_moments
from stylefuse.networks.features import EfficientNetLite0
from stylefuse.networks.generator import Generator, style_weights

STEPS, BATCH = 200, 64  # of the classifier's training


class Target(NamedTuple):
    """The new style in numbers.

    Attributes:
        moments, deviation: D each, of the pictures' feature maps, and the units in which they are compared.
        directions, colours: see `losses.style.colour_quantiles`.
        classifier: logits N×K of N×D moments, the new style last.
        nearest: row of the old style whose restyled photos come nearest to the pictures in moments.
    """

    moments: Tensor
    deviation: Tensor
    directions: Tensor
    colours: Tensor
    classifier: nn.Module
    nearest: int

    def terms(self, fake: Tensor, maps: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the losses of restyled photos, N×3×S×S, and all their feature maps."""
        moments = pooled_moments(maps)
        logits = self.classifier(moments)
        return {
            "moments": moments_loss(moments, self.moments, self.deviation),
            "colours": colour_loss(fake, self.colours, self.directions),
            "style": style_loss(logits, logits.new_full((len(logits),), logits.shape[1] - 1).long()),
        }


@torch.no_grad()
def moments_of(features: EfficientNetLite0, pictures: Tensor) -> Tensor:
    """Mean and deviation of every feature map, N×D, of pictures N×3×S×S."""
    return torch.cat([pooled_moments(features(p)) for p in pictures.split(16)])


def find_target(
    features: EfficientNetLite0, generator: Generator, photos: Tensor, paintings: Tensor
) -> Target:
    """Measure the new style, and train a classifier that tells it from photos and from the old styles.

    Pictures of the old styles are no longer at hand: restyled photos stand for them.

    Args:
        photos, paintings: N×3×S×S in [-1, 1].
    """
    old = [moments_of(features, restyled(generator, photos, row)) for row in range(1, generator.rows - 1)]
    classes = [moments_of(features, photos), *old, moments_of(features, paintings)]
    wanted, deviation = classes[-1].mean(0), classes[0].std(0) + 1e-3
    nearest = 1 + int(torch.stack([moments_loss(each, wanted, deviation) for each in old]).argmin())
    directions = colour_directions(paintings)
    colours = colour_quantiles(paintings, directions)
    return Target(wanted, deviation, directions, colours, _classifier(classes), nearest)


@torch.no_grad()
def restyled(generator: Generator, photos: Tensor, row: int) -> Tensor:
    """Photos in the style of one row."""
    style = style_weights(torch.tensor([row]), generator.rows).to(photos.device)
    return torch.cat([generator(p, style.expand(len(p), -1)) for p in photos.split(16)])


def _classifier(classes: Sequence[Tensor]) -> nn.Module:
    """Train a linear head on moments, N×D a class."""
    width, device = classes[0].shape[1], classes[0].device
    network = nn.Sequential(nn.BatchNorm1d(width, affine=False), nn.Linear(width, len(classes))).to(device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
    for _ in range(STEPS):
        label = torch.arange(BATCH) % len(classes)
        moments = torch.stack([classes[c][torch.randint(len(classes[c]), ())] for c in label])
        loss = F.cross_entropy(network(moments), label.to(device), label_smoothing=0.1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network.eval().requires_grad_(False)
