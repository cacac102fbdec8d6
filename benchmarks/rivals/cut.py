"""CUT: contrastive learning for unpaired translation (Park et al. 2020), one network a style.

Least-squares GAN + PatchNCE on the generator's own encoder, of photos and, as an identity term, of paintings.
Numbers from appendix C of the paper and the published code.
"""

from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.rivals.resnet import PatchGAN, ResNetGenerator, draw_weights, least_squares, update
from benchmarks.rivals.training import train
from stylefuse.losses.content import patch_nce_loss

BATCH = 1
RATE, BETAS = 2e-4, (0.5, 0.999)
# The padded picture, both convolutions on the way down, the first and the fifth residual block.
LAYERS = (0, 4, 8, 12, 16)
PLACES, FEATURES, TEMPERATURE = 256, 256, 0.07
NCE_WEIGHT = 1.0


def cut_generator(ngf: int = 64, blocks: int = 9) -> ResNetGenerator:
    """Return CUT's generator: 11.378 M parameters, photos N×3×H×W in [-1, 1] → the same, restyled."""
    return ResNetGenerator(ngf, blocks, "antialiased")


class PatchHeads(nn.ModuleList):
    """A perceptron of two layers for each of LAYERS; the published code creates them in the first step."""

    def __init__(self, ngf: int):
        super().__init__(
            nn.Sequential(nn.Linear(channels, FEATURES), nn.ReLU(), nn.Linear(FEATURES, FEATURES))
            for channels in (3, 2 * ngf, 4 * ngf, 4 * ngf, 4 * ngf)
        )


class CUT:
    """The three networks and a step of training; a `training.Rival`."""

    def __init__(self, ngf: int = 64, blocks: int = 9, ndf: int = 64, device: torch.device | str = "cpu"):
        self.network = cut_generator(ngf, blocks).to(device)
        self.critic = PatchGAN(ndf, antialiased=True).to(device)
        self.heads = PatchHeads(ngf).to(device)
        networks = (self.critic, self.network, self.heads)
        for network in networks:
            draw_weights(network, "xavier")
        self.optimisers = [torch.optim.Adam(each.parameters(), RATE, BETAS) for each in networks]

    def step(self, photos: Tensor, paintings: Tensor) -> dict[str, float]:
        """Update the critic, then generator and heads; see `Rival.step`."""
        pictures = torch.cat([photos, paintings])
        fakes, identity = self.network(pictures).split([len(photos), len(paintings)])

        self.critic.requires_grad_(True)
        critic_loss = least_squares(self.critic(fakes.detach()), 0) + least_squares(self.critic(paintings), 1)
        update(self.optimisers[:1], critic_loss / 2)

        self.critic.requires_grad_(False)
        gan_loss = least_squares(self.critic(fakes), 1)
        photo_nce, painting_nce = self.nce(photos, fakes), self.nce(paintings, identity)
        update(self.optimisers[1:], gan_loss + NCE_WEIGHT * (photo_nce + painting_nce) / 2)
        losses = {"critic": critic_loss / 2, "gan": gan_loss, "nce": photo_nce, "identity_nce": painting_nce}
        return {name: loss.item() for name, loss in losses.items()}

    def nce(self, sources: Tensor, results: Tensor) -> Tensor:
        """Return PatchNCE between pictures and the generator's results for them, mean over LAYERS (eq. 4)."""
        queries, terms = self.network.features(results, LAYERS), []
        with torch.no_grad():
            keys = self.network.features(sources, LAYERS)
        for head, query, key in zip(self.heads, queries, keys, strict=True):
            places = torch.randperm(query[0, 0].numel(), device=query.device)[:PLACES]
            with torch.no_grad():
                target = head(_at(key, places))
            terms.append(patch_nce_loss(head(_at(query, places)), target, TEMPERATURE))
        return torch.stack(terms).mean()


def _at(maps: Tensor, places: Tensor) -> Tensor:
    """Return N×C×h×w maps at P places as N×P×C."""
    return maps.flatten(2)[:, :, places].transpose(1, 2)


# Trains on paintings of one style; returns a `cut_generator`. See `training.train`.
train_cut = partial(train, lambda first: CUT(device=first.device))
