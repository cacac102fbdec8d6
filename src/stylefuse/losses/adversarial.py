"""Relativistic adversarial losses: a real picture should score higher than a fake one, not than a constant."""

import torch
from torch import Tensor
from torch.nn import functional as F


def relativistic_critic_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Critic loss of RpGAN: E[softplus(-(D(y) - D(G(x))))] (Jolicoeur-Martineau 2018; Huang et al. 2024, eq. 2).

    Args:
        real, fake: N logits, paired at random.
    """
    return F.softplus(fake - real).mean()


def relativistic_generator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Generator loss of RpGAN: E[softplus(-(D(G(x)) - D(y)))], the critic's loss with swapped arguments."""
    return F.softplus(real - fake).mean()


def zero_centred_penalty(logits: Tensor, pictures: Tensor) -> Tensor:
    """Gradient penalty E ‖∇_x D(x)‖² / 2 (Mescheder et al. 2018, eq. 9; Roth et al. 2017): R1 on reals, R2 on fakes.

    Args:
        logits: N, computed from `pictures`.
        pictures: N×3×H×W that require gradients.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), pictures, create_graph=True)
    return gradient.float().square().sum(dim=(1, 2, 3)).mean() / 2
