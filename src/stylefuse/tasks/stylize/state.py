"""All that a hybrid training is at one moment, and so all that a checkpoint holds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from stylefuse.images.crops import CropSampler
from stylefuse.images.store import ImageStore
from stylefuse.networks.critic import Critic, FeatureCritic
from stylefuse.networks.generator import Generator
from stylefuse.networks.projection import PatchProjection
from stylefuse.networks.weights import Weights
from stylefuse.training.device import pick_device
from stylefuse.training.identity import check_options
from stylefuse.training.options import HybridOptions
from stylefuse.training.packing import below, pack_optimiser, restore_optimiser


@dataclass
class HybridState:
    """Networks, moving average, optimisers, samplers, random generators and the clock.

    samplers: one a row of G, photos first; order: styles still to come in this round of balanced drawing;
    options: those that decide the outcome, as their `identity()` gives them.
    """

    generator: Generator
    average: Generator
    critic: Critic
    feature_critic: FeatureCritic
    projection: PatchProjection
    generator_optimiser: torch.optim.Optimizer
    critic_optimiser: torch.optim.Optimizer
    samplers: list[CropSampler]
    random: np.random.Generator
    noise: torch.Generator
    order: list[int]
    options: dict[str, Any]
    images_seen: int = 0

    def _modules(self) -> dict[str, nn.Module]:
        return {
            "generator": self.generator,
            "average": self.average,
            "critic": self.critic,
            "feature_critic": self.feature_critic,
            "projection": self.projection,
        }

    def _optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"generator_optimiser": self.generator_optimiser, "critic_optimiser": self.critic_optimiser}

    def pack(self) -> Weights:
        """The whole state as tensors and JSON."""
        tensors: dict[str, Tensor] = {"noise": self.noise.get_state()}
        for name, module in self._modules().items():
            tensors |= {f"{name}/{key}": value for key, value in module.state_dict().items()}
        for name, optimiser in self._optimisers().items():
            tensors |= pack_optimiser(optimiser, name)
        facts: dict[str, Any] = {
            "kind": "hybrid_training",
            "images_seen": self.images_seen,
            "options": self.options,
            "random": self.random.bit_generator.state,
            "order": list(self.order),
            "samplers": [sampler.state() for sampler in self.samplers],
        }
        return Weights(tensors, facts)

    def restore(self, weights: Weights) -> None:
        """Become what `pack` packed; afterwards training goes on bit for bit as if it had never stopped.

        Raises:
            ValueError: it was packed under other options, which are named.
        """
        tensors, facts = weights
        check_options(facts, self.options)
        for name, module in self._modules().items():
            module.load_state_dict(below(tensors, name))
        for name, optimiser in self._optimisers().items():
            restore_optimiser(optimiser, below(tensors, name))
        self.noise.set_state(tensors["noise"])
        self.random.bit_generator.state = facts["random"]
        self.order = list(facts["order"])
        for sampler, state in zip(self.samplers, facts["samplers"], strict=True):
            sampler.restore(state)
        self.images_seen = facts["images_seen"]


def new_state(
    store: ImageStore,
    rows_by_style: list[np.ndarray],
    feature_channels: tuple[int, ...],
    options: HybridOptions,
) -> HybridState:
    """A training about to begin.

    Args:
        store: decoded pictures.
        rows_by_style: store rows of photos, then of each style's paintings.
        feature_channels: widths of the classifier's feature maps but the finest, which the critics leave alone.
    """
    torch.manual_seed(options.seed)  # initial weights
    device = pick_device(options.device)
    rows = len(rows_by_style)
    place = {"device": device, "memory_format": torch.channels_last}
    generator, average = (Generator(rows, options.generator).to(**place) for _ in range(2))
    average.load_state_dict(generator.state_dict())
    average.requires_grad_(False)
    if options.compile:
        # By parts and in place: names in checkpoints stay. Not the critic: its penalty needs a second derivative.
        for part in (generator.encoder, *generator.trunk, *generator.ups):
            part.compile()
    critic = Critic(rows, options.critic).to(**place)
    feature_critic = FeatureCritic(rows, feature_channels).to(**place)
    projection = PatchProjection(options.generator.channels[1:]).to(device)
    tables = generator.style_parameters()
    in_tables = {id(p) for p in tables}
    others = [p for p in generator.parameters() if id(p) not in in_tables] + list(projection.parameters())
    rate = options.generator_rate
    groups = [{"params": others, "base": rate}, {"params": tables, "base": rate * options.style_rate_factor}]
    critics = [*critic.parameters(), *feature_critic.parameters()]
    critic_groups = [{"params": critics, "base": options.critic_rate}]
    random = np.random.default_rng(options.seed)
    samplers = [CropSampler(store, r, options.image_size, options.least_crop, random) for r in rows_by_style]
    return HybridState(
        generator=generator,
        average=average,
        critic=critic,
        feature_critic=feature_critic,
        projection=projection,
        generator_optimiser=torch.optim.Adam(groups, lr=rate, betas=(0.5, 0.99)),
        critic_optimiser=torch.optim.Adam(critic_groups, lr=options.critic_rate, betas=(0.0, 0.99)),
        samplers=samplers,
        random=random,
        noise=torch.Generator().manual_seed(options.seed),
        order=[],
        options=options.identity(),
    )
