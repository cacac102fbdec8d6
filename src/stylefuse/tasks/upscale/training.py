"""Train the upscaler: first the faithful networks, then, from their weights on, the detailed ones with critics."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from stylefuse.images.store import ImageStore
from stylefuse.losses.adversarial import (
    relativistic_critic_loss,
    relativistic_generator_loss,
    zero_centred_penalty,
)
from stylefuse.networks.critic import Critic
from stylefuse.tasks.upscale.config import SCALES
from stylefuse.tasks.upscale.losses import spectrum_loss
from stylefuse.tasks.upscale.network import Upscaler
from stylefuse.tasks.upscale.options import UpscaleOptions
from stylefuse.tasks.upscale.pairs import Pairs, make_pairs, windows
from stylefuse.training.device import autocast, pick_device
from stylefuse.training.distributed import all_reduce_gradients
from stylefuse.training.head import MAX_GRADIENT, HeadTraining
from stylefuse.training.schedule import lr_factor
from stylefuse.training.state import Losses

# Scales of successive batches: ×2 has more to learn from the small picture than ×4.
TURNS = (2, 2, 4)


class UpscaleTraining(HeadTraining):
    """Trains the networks of all scales, one a batch, in the order of `TURNS`.

    Args:
        build: makes the upscaler with random weights.
        store: decoded pictures.
        photos: store rows to make pairs of.
        draw_sample: see `HeadTraining`.
    """

    remedy = "lower rate, detail_rate and critic_rate"

    def __init__(
        self,
        build: Callable[[], Upscaler],
        store: ImageStore,
        photos: np.ndarray,
        options: UpscaleOptions,
        draw_sample: Callable[[Upscaler], Image] | None = None,
    ):
        super().__init__(build, store, photos, options, draw_sample)
        self._options = options
        place: Any = {"device": pick_device(options.device), "memory_format": torch.channels_last}
        self.critics = nn.ModuleDict({str(s): Critic(1, options.critic) for s in SCALES}).to(**place)
        of_critics = [{"params": list(self.critics.parameters()), "base": options.critic_rate}]
        self.critic_optimiser = Adam(of_critics, lr=options.critic_rate, betas=(0.0, 0.99))
        self.state.modules["critics"] = self.critics
        self.state.optimisers["critic_optimiser"] = self.critic_optimiser
        self.state.values["detailed"] = False

    @property
    def scale(self) -> int:
        """The factor of the next batch."""
        return TURNS[self.state.images_seen // self._options.batch_size % len(TURNS)]

    def pairs(self, photos: Tensor, options: UpscaleOptions) -> Pairs:
        scale = self.scale
        truth = windows(photos, options.window * scale, self.random)
        return make_pairs(truth, scale, options.spoilt_share, self.random)

    def predict(self, batch: Pairs) -> Tensor:
        return self.network(batch.small, batch.level, self.scale, float(self.state.values["detailed"]))

    def losses(self, output: Tensor, batch: Pairs) -> dict[str, Tensor]:
        return {
            "distance": F.l1_loss(output, batch.truth),
            "spectrum": spectrum_loss(output, batch.truth),
        }

    def total(self, losses: Any, options: UpscaleOptions) -> Tensor:
        return sum(getattr(options.weights, name) * term for name, term in losses.items())

    def step(self, options: UpscaleOptions) -> Losses:
        """Train the faithful networks on one batch, or the detailed ones and a critic. Returns the unweighted terms."""
        if self.state.images_seen < options.faithful_images:
            return super().step(replace(options, images=options.faithful_images))
        if not self.state.values["detailed"]:
            self._begin_details()
        return self._step_details(options)

    def _begin_details(self) -> None:
        """The detailed networks begin where the averaged faithful ones ended."""
        network, ema = cast(Upscaler, self.network), cast(Upscaler, self.ema)
        for upscaler in (network, ema):
            upscaler.detailed.load_state_dict(ema.faithful.state_dict())
        self.state.values["detailed"] = True

    def _step_details(self, options: UpscaleOptions) -> Losses:
        state, optimiser = self.state, self.state.optimisers["optimiser"]
        begun = state.images_seen - options.faithful_images
        length = options.images - options.faithful_images
        state.set_lr(lr_factor(begun, length, options.constant_share))
        for group in optimiser.param_groups:
            group["lr"] *= options.detail_rate / options.rate
        critic, batch_number = self.critics[str(self.scale)], begun // options.batch_size
        drawn, count = self.next_batch(options)
        batch = cast(Pairs, drawn)
        critic.requires_grad_(False)
        with autocast(options):
            made = self.predict(batch)
            adversarial = relativistic_generator_loss(*_scores(critic, batch.truth, made))
        terms = {**self.losses(made, batch), "adversarial": adversarial}
        optimiser.zero_grad(set_to_none=True)
        self.total(terms, options).backward()
        critic.requires_grad_(True)
        penalise = batch_number // len(TURNS) % options.penalty_every == 0
        terms |= self._critic_step(critic, batch.truth, made.detach(), penalise, options)
        all_reduce_gradients((optimiser, self.critic_optimiser))
        terms["gradient"] = nn.utils.clip_grad_norm_(self.network.parameters(), MAX_GRADIENT)
        return state.update(terms, count, options.average_half_life)

    def _critic_step(
        self, critic: nn.Module, truth: Tensor, made: Tensor, penalise: bool, options: UpscaleOptions
    ) -> dict[str, Tensor]:
        """Compute the loss of a critic, which scores enlarged pictures below photos, and its gradients."""
        if penalise:
            # Gradient penalties need exact second derivatives: full precision, and a pass each.
            truth, made = truth.clone().requires_grad_(), made.requires_grad_()
            style = truth.new_zeros(len(truth), dtype=torch.int64)
            real, fake = critic(truth, style), critic(made, style)
        else:
            with autocast(options):
                real, fake = _scores(critic, truth, made)
        loss = relativistic_critic_loss(real, fake)
        terms = {"critic": loss, "critic_win_rate": (real > fake).float().mean()}
        if penalise:
            penalty = zero_centred_penalty(real, truth) + zero_centred_penalty(fake, made)
            loss = loss + options.weights.gradient_penalty * options.penalty_every * penalty
            terms["gradient_penalty"] = penalty
        self.critic_optimiser.zero_grad(set_to_none=True)
        loss.backward()
        return terms


def _scores(critic: nn.Module, truth: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
    """A critic's logits of photos and of enlarged pictures, N each."""
    joined = torch.cat([truth, made])
    real, fake = critic(joined, joined.new_zeros(len(joined), dtype=torch.int64)).chunk(2)
    return real, fake
