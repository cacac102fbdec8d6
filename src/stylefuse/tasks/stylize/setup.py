"""Build the networks and optimisers of the adversarial training."""

from typing import Any, NamedTuple

import torch
from torch.optim import Adam

from stylefuse.networks.critic import Critic, FeatureCritic
from stylefuse.networks.generator import Generator
from stylefuse.networks.projection import PatchProjection
from stylefuse.tasks.stylize.options import HybridOptions
from stylefuse.training.device import pick_device


class Networks(NamedTuple):
    """ema: moving average of the generator's weights; projection: of features, for PatchNCE."""

    generator: Generator
    ema: Generator
    critic: Critic
    feature_critic: FeatureCritic
    projection: PatchProjection


def new_networks(rows: int, feature_channels: tuple[int, ...], options: HybridOptions) -> Networks:
    """Build all networks with initial weights, which depend on the seed alone.

    Args:
        rows: number of styles and the identity.
        feature_channels: widths of the classifier's feature maps that the feature critic sees.
    """
    torch.manual_seed(options.seed)
    device = pick_device(options.device)
    place: Any = {"device": device, "memory_format": torch.channels_last}
    generator, ema = (Generator(rows, options.generator).to(**place) for _ in range(2))
    ema.load_state_dict(generator.state_dict())
    ema.requires_grad_(False)
    if options.compile:
        # In place, so that names in checkpoints stay. Not the critic: its penalty needs second derivatives.
        for part in (generator.encoder, *generator.trunk, *generator.ups):
            part.compile()
    critic = Critic(rows, options.critic).to(**place)
    feature_critic = FeatureCritic(rows, feature_channels).to(**place)
    projection = PatchProjection(options.generator.channels[1:]).to(device)
    return Networks(generator, ema, critic, feature_critic, projection)


def new_optimisers(networks: Networks, options: HybridOptions) -> tuple[Adam, Adam]:
    """Build the optimisers of G, with the projection, and of both critics.

    The style tables of G have a higher learning rate: they are few numbers that see few gradients.
    """
    tables = networks.generator.style_parameters()
    in_tables = {id(p) for p in tables}
    others = [p for p in networks.generator.parameters() if id(p) not in in_tables]
    others += networks.projection.parameters()
    rate = options.generator_rate
    groups = [{"params": others, "base": rate}, {"params": tables, "base": rate * options.style_rate_factor}]
    critics = [*networks.critic.parameters(), *networks.feature_critic.parameters()]
    critic_groups = [{"params": critics, "base": options.critic_rate}]
    return (
        Adam(groups, lr=rate, betas=(0.5, 0.99)),
        Adam(critic_groups, lr=options.critic_rate, betas=(0.0, 0.99)),
    )
