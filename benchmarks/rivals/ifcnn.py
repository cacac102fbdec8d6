"""A network of IFCNN's design and size, trained here from scratch.

Zhang et al., "IFCNN: A general image fusion framework based on convolutional neural network" (2020): a feature
layer, a convolution, the maximum over the inputs, a convolution, and a last layer that returns to colours. In the
paper the feature layer is a frozen one of a ResNet-101 trained on ImageNet; here it starts at random and is trained
with the rest. For exposures the paper takes the mean over the inputs; this is one network for all kinds, so it always
takes the maximum.
"""

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylefuse.tasks.fuse.pairs import WITH_TRUTH, synthesise

# As in the paper, SGD with momentum. After 600 steps on equal batches it was as good as Adam at 1e-3 (held-out error
# 0.0311 and 0.0314 in [-1, 1] units). After 150 steps 0.03 was better than 0.01 and 0.1; of Adam's rates 1e-3 was
# better than 3e-3 and 1e-2.
RATE, MOMENTUM = 0.03, 0.9


class Block(nn.Sequential):
    """3×3 convolution, batch norm, ReLU."""

    def __init__(self, channels: int):
        super().__init__(
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode="replicate", bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )


class IFCNN(nn.Module):
    """83 587 parameters; fuses N×n×3×H×W in [-1, 1] to N×3×H×W, not clipped, for any n."""

    def __init__(self, channels: int = 64):
        super().__init__()
        self.features = nn.Conv2d(3, channels, 7, padding=3, padding_mode="replicate", bias=False)
        self.before = Block(channels)
        self.after = Block(channels)
        self.colours = nn.Conv2d(channels, 3, 1)
        # The published initial weights (He, fan-out) made the first loss 80 times as large and learning slower.
        nn.init.normal_(self.colours.weight, std=0.02)
        nn.init.zeros_(self.colours.bias)

    def forward(self, x: Tensor) -> Tensor:
        each = self.before(self.features(x.flatten(0, 1)))
        return self.colours(self.after(each.unflatten(0, x.shape[:2]).amax(1)))


def train_ifcnn(
    truths: Iterator[Tensor],
    minutes: float,
    seed: int,
    on_step: Callable[[int, float, float], None] = lambda step, loss, share: None,
) -> IFCNN:
    """Train on synthesised sets of every kind that has a truth, until the time is up.

    Mean squared error, as in the first stage of the paper; its perceptual loss needs the missing ResNet. The
    rate is proportional to the power 0.9 of the time that is left, as in the paper. All seconds count, including those
    for making sets.

    Args:
        truths: endless batches of photos, N×3×S×S in [-1, 1].
        minutes: wall-clock time.
        seed: of the initial weights and of the sets.
        on_step: called with the step, its loss, and the share of the time that has passed.

    Returns:
        The network in eval mode.
    """
    torch.manual_seed(seed)
    random, network = np.random.default_rng(seed), IFCNN().train()
    optimiser = torch.optim.SGD(network.parameters(), lr=RATE, momentum=MOMENTUM)
    start, step, share = time.monotonic(), 0, 0.0
    while share < 1:
        for group in optimiser.param_groups:
            group["lr"] = RATE * (1 - share) ** 0.9
        truth = next(truths)
        loss = train_step(network, optimiser, sets_of(truth, random), truth)
        step += 1
        share = min(1.0, (time.monotonic() - start) / (60 * minutes))
        on_step(step, loss, share)
    return network.eval().requires_grad_(False)


def train_step(network: IFCNN, optimiser: torch.optim.Optimizer, sets: Tensor, truth: Tensor) -> float:
    """Take one step on sets N×n×3×S×S of truths N×3×S×S; returns the loss before it."""
    loss = F.mse_loss(network(sets), truth)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    return loss.item()


def sets_of(truth: Tensor, random: np.random.Generator) -> Tensor:
    """Return a set for each photo, all kinds in turn; half of the batches are pairs, the others sets of 3 or 4."""
    n = int(random.choice([2, 3, 4], p=[0.5, 0.25, 0.25]))
    first = int(random.integers(len(WITH_TRUTH)))
    kinds = [WITH_TRUTH[(first + i) % len(WITH_TRUTH)] for i in range(len(truth))]
    return torch.cat([synthesise(k, t[None], n, random) for k, t in zip(kinds, truth, strict=True)])
