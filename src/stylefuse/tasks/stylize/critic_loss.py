"""What the trainings of the generator and of the reviser share: the loss of their critics, and norms of gradients."""

from collections.abc import Iterable
from typing import Protocol

import torch
from torch import Tensor

from stylefuse.losses.adversarial import relativistic_critic_loss, zero_centred_penalty
from stylefuse.networks.critic import Critic
from stylefuse.training.device import autocast


class _Weights(Protocol):
    @property
    def photo_negative(self) -> float: ...

    @property
    def gradient_penalty(self) -> float: ...


class CriticOptions(Protocol):
    """The options of a training that a critic's loss depends on."""

    @property
    def weights(self) -> _Weights: ...

    @property
    def penalty_every(self) -> int: ...

    @property
    def precision(self) -> str: ...

    @property
    def device(self) -> str: ...


def critic_loss(
    critic: Critic,
    pictures: Iterable[Tensor],
    style: Tensor,
    penalise: bool,
    options: CriticOptions,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Compute L_D of a critic on pixels (docs/formulation.md, item 2). Returns it and its unweighted terms.

    Args:
        pictures: three: augmented paintings, fakes without gradient, photos; N×C×S×S each.
        style: N int64, of the paintings.
        penalise: whether this step has gradient penalties.
    """
    real, fake, photo = pictures
    if penalise:
        # Gradient penalties need exact second derivatives: full precision, and a pass each.
        real, fake = real.requires_grad_(), fake.requires_grad_()
        real_logits, fake_logits, photo_logits = (critic(p, style) for p in (real, fake, photo))
    else:
        with autocast(options):
            joined = critic(torch.cat([real, fake, photo]), style.repeat(3))
        real_logits, fake_logits, photo_logits = joined.chunk(3)
    loss = against_fakes_and_photos(real_logits, fake_logits, photo_logits, options.weights.photo_negative)
    terms = {"critic": loss, "critic_win_rate": (real_logits > fake_logits).float().mean()}
    if penalise:
        penalty = zero_centred_penalty(real_logits, real) + zero_centred_penalty(fake_logits, fake)
        # Applied every few steps and weighted by as many (lazy regularisation, Karras et al. 2020).
        loss = loss + options.weights.gradient_penalty * options.penalty_every * penalty
        terms["gradient_penalty"] = penalty
    return loss, terms


def against_fakes_and_photos(real: Tensor, fake: Tensor, photo: Tensor, share: float) -> Tensor:
    """Return L_D with untouched photos as further fakes of weight `share` (adaptive-style-transfer, 2018)."""
    return (1 - share) * relativistic_critic_loss(real, fake) + share * relativistic_critic_loss(real, photo)


def gradient_norm(optimiser: torch.optim.Optimizer) -> Tensor:
    """Return the Euclidean norm of all gradients that the optimiser would use."""
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    return torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
