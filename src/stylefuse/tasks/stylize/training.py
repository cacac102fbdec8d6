"""Adversarial training of the generator G against critics D, with the frozen classifier C: one step."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor

from stylefuse.images.crops import CropSampler
from stylefuse.images.store import ImageStore
from stylefuse.losses.adversarial import relativistic_generator_loss
from stylefuse.losses.content import feature_content_loss, low_pass_luma_loss, patch_nce_loss
from stylefuse.losses.style import style_loss
from stylefuse.networks.classifier import StyleClassifier
from stylefuse.networks.generator import GRAIN_SIDE, Generator, style_weights
from stylefuse.tasks.stylize.batch import Batch, augmented, next_batch, random_places
from stylefuse.tasks.stylize.critic_loss import against_fakes_and_photos, critic_loss, gradient_norm
from stylefuse.tasks.stylize.options import HybridOptions
from stylefuse.tasks.stylize.setup import new_networks, new_optimisers
from stylefuse.training.collapse import CollapseWatch
from stylefuse.training.device import autocast
from stylefuse.training.distributed import all_reduce_gradients, local_slice, processes
from stylefuse.training.schedule import lr_factor
from stylefuse.training.state import Losses, TrainState


class Seen(NamedTuple):
    """G(x, s), N×3×S×S, and the classifier's feature maps of it, of the paintings and of the photos; no gradients."""

    fake: Tensor
    fake_features: list[Tensor]
    painting_features: list[Tensor]
    photo_features: list[Tensor]


class HybridTraining:
    """The adversarial training, see `training.trainer.Training`.

    Args:
        store: decoded pictures.
        rows_by_style: store rows of photos, then of each style's paintings.
        classifier: C, frozen, on the device that the options name.
        draw_sample: draws the sample grid of a generator; None where no samples are wanted.
    """

    remedy = "lower generator_rate and critic_rate"

    def __init__(
        self,
        store: ImageStore,
        rows_by_style: Sequence[np.ndarray],
        classifier: StyleClassifier,
        options: HybridOptions,
        draw_sample: Callable[[Generator], Image] | None = None,
    ):
        # The critics do not see the finest feature map.
        networks = new_networks(len(rows_by_style), classifier.backbone.channels[1:], options)
        self.generator, self.ema, self.critic, self.feature_critic, self.projection = networks
        self.generator_optimiser, self.critic_optimiser = new_optimisers(networks, options)
        self.classifier, self.watch, self._draw_sample = classifier, CollapseWatch(), draw_sample
        random = np.random.default_rng(options.seed)
        self.noise = torch.Generator().manual_seed(options.seed)
        size, least = options.image_size, options.least_crop
        self.state = TrainState(
            kind="hybrid_training",
            modules=networks._asdict(),
            ema_of={"ema": "generator"},
            optimisers={
                "generator_optimiser": self.generator_optimiser,
                "critic_optimiser": self.critic_optimiser,
            },
            samplers=[
                CropSampler(
                    store, rows, size, least, random, margin=options.painting_margin if style else 0.0
                )
                for style, rows in enumerate(rows_by_style)
            ],
            generators={"random": random, "noise": self.noise},
            options=options.fingerprinted(),
            values={"order": []},
        )

    def draw(self) -> Image:
        """Draw the sample grid of the averaged generator."""
        assert self._draw_sample is not None, "no samples were wanted"
        return self._draw_sample(self.ema)

    def step(self, options: HybridOptions) -> Losses:
        """Train on one batch: G, then D on the same fakes. Returns the unweighted terms and the gradients' norms."""
        state = self.state
        state.set_lr(lr_factor(state.images_seen, options.images, options.constant_share))
        device = next(self.generator.parameters()).device
        batch = next_batch(state, options.batch_size, device)
        penalise = state.images_seen // options.batch_size % options.penalty_every == 0
        seen, terms = self.generator_step(batch, options)
        terms |= self.critic_step(batch, seen, penalise, options)
        all_reduce_gradients((self.generator_optimiser, self.critic_optimiser))
        # Losses can be finite while a gradient is not, and one such step would ruin every weight.
        terms["generator_gradient"] = gradient_norm(self.generator_optimiser)
        terms["critic_gradient"] = gradient_norm(self.critic_optimiser)
        return state.update(terms, options.batch_size, options.average_half_life)

    def generator_step(self, batch: Batch, options: HybridOptions) -> tuple[Seen, dict[str, Tensor]]:
        """Compute L_G (docs/formulation.md, items 3 and 5) and the gradients of G. Returns fakes and the terms."""
        weights, generator, classifier, noise = options.weights, self.generator, self.classifier, self.noise
        photos, paintings, style = batch
        n, own = len(photos), local_slice(options.batch_size)
        # A few photos also pass under the identity row: strength interpolates between G(x, 0) = x and the style.
        # They are the first ones of the whole batch, so some of several processes may have none.
        identities = max(1, options.batch_size // 8)
        own_identities = min(max(identities - own.start, 0), n)
        rows = (
            style_weights(style, generator.rows),
            style_weights(torch.zeros_like(style[:own_identities]), generator.rows),
        )
        critics = (self.critic, self.feature_critic)
        for critic in critics:
            critic.requires_grad_(False)  # they pass gradients on; gradients of their own cost a third more
        with autocast(options):
            corner = tuple(torch.randint(GRAIN_SIDE, (2,), generator=noise).tolist())
            pictures = generator(torch.cat([photos, photos[:own_identities]]), torch.cat(rows), corner)
            fake = pictures[:n]
            with torch.no_grad():
                both = _maps(classifier, torch.cat([photos, paintings]))
                photo_features, painting_features = [f[:n] for f in both], [f[n:] for f in both]
                levels = generator.features(photos)[1:]
                places = [random_places(level, options.nce_places, noise) for level in levels]
                keys = self.projection(levels, places)
                real_logits = self.critic(augmented(paintings, noise), style)
                real_feature_logits = self.feature_critic(painting_features, style)
            fake_features = _maps(classifier, fake)
            queries = self.projection(generator.features(fake)[1:], places)
            fake_logits = self.critic(augmented(fake, noise), style)
            fake_feature_logits = self.feature_critic(fake_features, style)
            logits = classifier.classify(fake_features)
        # Processes have different numbers of these; every other term is a mean over n pictures.
        changes = (pictures[n:] - photos[:own_identities]).abs().flatten(1).mean(dim=1)
        unlike = changes.sum() / identities * processes()
        terms = {
            "adversarial": relativistic_generator_loss(real_logits, fake_logits),
            "feature_adversarial": relativistic_generator_loss(real_feature_logits, fake_feature_logits),
            "style": style_loss(logits, style),
            "patch_nce": sum(patch_nce_loss(q, k) for q, k in zip(queries, keys, strict=True)) / len(keys),
            "content_features": feature_content_loss(fake_features[-2:], photo_features[-2:]),
            "low_pass": low_pass_luma_loss(fake, photos),
            "identity": unlike,
        }
        total = sum(getattr(weights, name) * term for name, term in terms.items())
        self.generator_optimiser.zero_grad(set_to_none=True)
        total.backward()
        for critic in critics:
            critic.requires_grad_(True)
        fake_features = [f.detach() for f in fake_features]
        return Seen(fake.detach(), fake_features, painting_features, photo_features), terms

    def critic_step(
        self, batch: Batch, seen: Seen, penalise: bool, options: HybridOptions
    ) -> dict[str, Tensor]:
        """Compute L_D (docs/formulation.md, item 2) and the gradients of D. Returns the terms.

        D learns to score fakes and untouched photos below paintings.
        """
        style = batch.style
        pictures = (augmented(p, self.noise) for p in (batch.paintings, seen.fake, batch.photos))
        loss, of_pixels = critic_loss(self.critic, pictures, style, penalise, options)
        with autocast(options):
            maps = (seen.painting_features, seen.fake_features, seen.photo_features)
            of_features = self.feature_critic(
                [torch.cat(level) for level in zip(*maps, strict=True)], style.repeat(3)
            )
        share = options.weights.photo_negative
        painted, restyled, untouched = of_features.chunk(3)
        feature_critic = against_fakes_and_photos(painted, restyled, untouched, share)
        self.critic_optimiser.zero_grad(set_to_none=True)
        (loss + feature_critic).backward()
        # In the order of the log's columns.
        return {"critic": of_pixels["critic"], "feature_critic": feature_critic, **of_pixels}


def _maps(classifier: StyleClassifier, pictures: Tensor) -> list[Tensor]:
    """All feature maps but the finest: a critic's head on that one would cost more than G."""
    return classifier.features(pictures)[1:]
