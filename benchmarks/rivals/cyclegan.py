"""CycleGAN (Zhu et al. 2017), one pair of networks a style.

Least-squares GAN both ways + cycle + identity. Numbers from sections 4 and 5.2 of the paper, networks from 7.2.
"""

import itertools
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.rivals.resnet import PatchGAN, ResNetGenerator, draw_weights, least_squares, update
from benchmarks.rivals.training import train

BATCH = 1
RATE, BETAS = 2e-4, (0.5, 0.999)
CYCLE_WEIGHT = 10.0
IDENTITY_WEIGHT = 0.5 * CYCLE_WEIGHT  # as in the paper for photos from paintings, to keep their colours
POOL = 50


def blocks_for(size: int) -> int:
    """Return the number of residual blocks: 6 for pictures of 128 px, 9 from 256 px on (section 7.2)."""
    return 9 if size >= 256 else 6


def cyclegan_generator(ngf: int = 64, blocks: int = 9) -> ResNetGenerator:
    """Return CycleGAN's generator: 11.378 M parameters with 9 blocks, 7.838 M with 6; N×3×H×W in [-1, 1] → the same."""
    return ResNetGenerator(ngf, blocks, "transposed")


class Pool:
    """Up to 50 earlier fakes (Shrivastava et al. 2017): half of the fakes that the critic sees come from here."""

    def __init__(self, size: int = POOL):
        self.size, self.kept = size, []

    def exchange(self, fakes: Tensor) -> Tensor:
        """Return as many fakes as are given, N×3×S×S: each is the new one, or an old one that it replaces."""
        return torch.stack([self._exchange(fake) for fake in fakes.detach()])

    def _exchange(self, fake: Tensor) -> Tensor:
        if len(self.kept) < self.size:
            self.kept.append(fake)
            return fake
        if torch.rand(()) < 0.5:
            return fake
        place = int(torch.randint(self.size, ()))
        old, self.kept[place] = self.kept[place], fake
        return old


class CycleGAN:
    """The four networks and a step of training; a `training.Rival`. `network` turns photos into paintings."""

    def __init__(self, ngf: int = 64, blocks: int = 9, ndf: int = 64, device: torch.device | str = "cpu"):
        self.network, self.back = (cyclegan_generator(ngf, blocks).to(device) for _ in range(2))
        self.of_paintings, self.of_photos = (PatchGAN(ndf).to(device) for _ in range(2))
        self.pools = Pool(), Pool()
        generators, self.critics = (self.network, self.back), (self.of_paintings, self.of_photos)
        for network in (*generators, *self.critics):
            draw_weights(network, "normal")
        self.optimisers = [
            torch.optim.Adam(itertools.chain(*(each.parameters() for each in pair)), RATE, BETAS)
            for pair in (generators, self.critics)
        ]

    def step(self, photos: Tensor, paintings: Tensor) -> dict[str, float]:
        """Update both generators, then both critics; see `Rival.step`."""
        painted, photographed = self.network(photos), self.back(paintings)
        for critic in self.critics:
            critic.requires_grad_(False)
        gan_loss = least_squares(self.of_paintings(painted), 1) + least_squares(
            self.of_photos(photographed), 1
        )
        cycle = F.l1_loss(self.back(painted), photos) + F.l1_loss(self.network(photographed), paintings)
        identity = F.l1_loss(self.network(paintings), paintings) + F.l1_loss(self.back(photos), photos)
        update(self.optimisers[:1], gan_loss + CYCLE_WEIGHT * cycle + IDENTITY_WEIGHT * identity)

        for critic in self.critics:
            critic.requires_grad_(True)
        old = self.pools[0].exchange(painted), self.pools[1].exchange(photographed)
        critic_losses = [
            (least_squares(critic(real), 1) + least_squares(critic(fake), 0)) / 2
            for critic, real, fake in zip(self.critics, (paintings, photos), old, strict=True)
        ]
        update(self.optimisers[1:], critic_losses[0] + critic_losses[1])
        losses = {"critic": critic_losses[0], "critic_of_photos": critic_losses[1], "gan": gan_loss}
        losses |= {"cycle": cycle, "identity": identity}
        return {name: loss.item() for name, loss in losses.items()}


def begin(first: Tensor) -> CycleGAN:
    """Return the networks, with the number of blocks for the size of the photos."""
    return CycleGAN(blocks=blocks_for(first.shape[-1]), device=first.device)


# Trains on paintings of one style; returns a `cyclegan_generator`. See `training.train`.
train_cyclegan = partial(train, begin)
