"""The adversarial game, relativistic: a real picture should score above a fake one, not above a constant."""

import torch
from torch import Tensor
from torch.nn import functional as F


def relativistic_critic_loss(real: Tensor, fake: Tensor) -> Tensor:
    """D's side of RpGAN: E[softplus(-(D(y) - D(G(x))))] (Jolicoeur-Martineau 2018; Huang et al. 2024, eq. 2).

    Args:
        real, fake: N logits, paired at random.
    """
    return F.softplus(fake - real).mean()


def relativistic_generator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """G's side of RpGAN: E[softplus(-(D(G(x)) - D(y)))], the critic's loss with the roles swapped."""
    return F.softplus(real - fake).mean()


def zero_centred_penalty(logits: Tensor, pictures: Tensor) -> Tensor:
    """E ‖∇_x D(x)‖² / 2: R1 on real pictures, R2 on fakes (Mescheder et al. 2018, eq. 9; Roth et al. 2017).

    Args:
        logits: N, computed from `pictures`.
        pictures: N×3×H×W that require gradients.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), pictures, create_graph=True)
    return gradient.float().square().sum(dim=(1, 2, 3)).mean() / 2
