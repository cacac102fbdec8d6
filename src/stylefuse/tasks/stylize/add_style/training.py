"""Train an added style: its row of the generator's style tables, against two new critics."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor
from torch.optim import Adam

from stylefuse.images.crops import CropSampler
from stylefuse.images.store import ImageStore
from stylefuse.losses.adversarial import relativistic_generator_loss
from stylefuse.losses.content import feature_content_loss, low_pass_luma_loss, patch_nce_loss
from stylefuse.networks.critic import Critic, FeatureCritic
from stylefuse.networks.features import EfficientNetLite0
from stylefuse.networks.generator import GRAIN_SIDE, Generator, style_weights
from stylefuse.networks.projection import PatchProjection
from stylefuse.tasks.stylize.add_style.guard import guard
from stylefuse.tasks.stylize.add_style.keeping import KEEPING, TERMS, content_factor
from stylefuse.tasks.stylize.add_style.options import AddStyleOptions
from stylefuse.tasks.stylize.add_style.start import (
    DOWN,
    UP,
    AddedTables,
    added_tables,
    match_palette,
    old_weights,
    start_from,
)
from stylefuse.tasks.stylize.add_style.target import find_target
from stylefuse.tasks.stylize.batch import augmented, random_places
from stylefuse.tasks.stylize.critic_loss import against_fakes_and_photos, critic_loss, gradient_norm
from stylefuse.training.collapse import CollapseWatch
from stylefuse.training.device import autocast, pick_device
from stylefuse.training.distributed import all_reduce_gradients, local_slice
from stylefuse.training.schedule import lr_factor
from stylefuse.training.state import Losses, TrainState

STATISTICS = 64  # crops of photos and of pictures that the target is measured on


class Pictures(NamedTuple):
    """Store rows of photos, of the new style's pictures to learn from, and of those held out."""

    photos: np.ndarray
    learned: np.ndarray
    held_out: np.ndarray


class AddStyleTraining:
    """The training of the last added row of a generator, see `training.trainer.Training`.

    Args:
        store: decoded pictures.
        rows: of the store.
        build: makes the generator, with zeros in its last added row.
        features: ImageNet features, frozen.
        draw_sample: draws the sample grid of a generator; None where no samples are wanted.
    """

    remedy = "lower rate and critic_rate"

    def __init__(
        self,
        store: ImageStore,
        rows: Pictures,
        build: Callable[[], Generator],
        features: EfficientNetLite0,
        options: AddStyleOptions,
        draw_sample: Callable[[Generator], Image] | None = None,
    ):
        torch.manual_seed(options.seed)
        place: Any = {"device": pick_device(options.device), "memory_format": torch.channels_last}
        self.generator, self.ema = (build().requires_grad_(False).to(**place) for _ in range(2))
        self.features = features.to(**place)
        self.critic = Critic(1, options.critic).to(**place)
        self.feature_critic = FeatureCritic(1, features.channels[1:]).to(**place)
        self.projection = PatchProjection(self.generator.config.channels[1:]).to(place["device"])
        self.watch, self._draw_sample = CollapseWatch(), draw_sample
        random = np.random.default_rng(options.seed)
        self.noise = torch.Generator().manual_seed(options.seed)
        size, least = options.image_size, options.least_crop

        def sampler(chosen: np.ndarray, margin: float = 0.0) -> CropSampler:
            return CropSampler(store, chosen, size, least, random, margin=margin)

        samplers = [sampler(rows.photos), sampler(rows.learned, options.painting_margin)]
        self.guarded = len(rows.held_out) > 0
        if self.guarded:
            samplers.append(sampler(rows.held_out, options.painting_margin))
        photos, paintings = (s.draw(STATISTICS).to(place["device"]) for s in samplers[:2])
        self.target = find_target(self.features, self.generator, photos, paintings)
        self._begin(photos, paintings, options)
        self.ema.load_state_dict(self.generator.state_dict())
        tables = added_tables(self.generator)
        deltas = [table for name, table in tables.items() if name.endswith((UP, DOWN))]
        rows_of_norms = [table for name, table in tables.items() if not name.endswith((UP, DOWN))]
        critics = [*self.critic.parameters(), *self.feature_critic.parameters()]
        groups = [
            {"params": rows_of_norms, "base": options.rate},
            {"params": deltas, "base": options.delta_rate},
            {"params": list(self.projection.parameters()), "base": options.projection_rate},
        ]
        self.optimiser = Adam(groups, lr=options.rate, betas=(0.5, 0.99))
        self.critic_optimiser = Adam(
            [{"params": critics, "base": options.critic_rate}], lr=options.critic_rate, betas=(0.0, 0.99)
        )
        self.tables = AddedTables(self.generator), AddedTables(self.ema)
        self.state = TrainState(
            kind="add_style_training",
            modules={
                "tables": self.tables[0],
                "ema": self.tables[1],
                "projection": self.projection,
                "critic": self.critic,
                "feature_critic": self.feature_critic,
            },
            ema_of={"ema": "tables"},
            optimisers={"optimiser": self.optimiser, "critic_optimiser": self.critic_optimiser},
            samplers=samplers,
            generators={"random": random, "noise": self.noise},
            options=options.fingerprinted(),
            values={"overfitted": 0, KEEPING: 1.0},
        )

    @torch.no_grad()
    def _begin(self, photos: Tensor, paintings: Tensor, options: AddStyleOptions) -> None:
        """Set the row to where it begins."""
        start = self.target.nearest if options.start == "nearest" else None
        start_from(self.generator, old_weights(self.generator.rows, start))
        match_palette(self.generator, photos, paintings)
        for table in added_tables(self.generator).values():
            table.requires_grad_(True)

    def draw(self) -> Image:
        """Draw the sample grid of the averaged generator."""
        assert self._draw_sample is not None, "no samples were wanted"
        return self._draw_sample(self.ema)

    def step(self, options: AddStyleOptions) -> Losses:
        """Train on one batch: the row, then D on the same fakes. Returns the unweighted terms and gradients' norms."""
        state, device = self.state, self.target.moments.device
        state.set_lr(lr_factor(state.images_seen, options.images, options.constant_share))
        own = local_slice(options.batch_size)
        photos, paintings = (s.draw(options.batch_size)[own].to(device) for s in state.samplers[:2])
        penalise = state.images_seen // options.batch_size % options.penalty_every == 0
        fake, maps, terms = self.generator_step(photos, paintings, options)
        terms |= self.critic_step((paintings, fake, photos), maps, penalise, options)
        all_reduce_gradients((self.optimiser, self.critic_optimiser))
        terms["generator_gradient"] = gradient_norm(self.optimiser)
        terms["critic_gradient"] = gradient_norm(self.critic_optimiser)
        losses = state.update(terms, options.batch_size, options.average_half_life)
        if self.guarded and state.images_seen % options.guard_every < options.batch_size:
            guard(state, self.critic, paintings, fake, options)
        return losses

    def generator_step(
        self, photos: Tensor, paintings: Tensor, options: AddStyleOptions
    ) -> tuple[Tensor, list[list[Tensor]], dict[str, Tensor]]:
        """Compute L_G and the gradients of the row.

        Returns:
            Fakes; the features' maps of paintings, of fakes and of photos; and the terms.
        """
        weights, generator, noise = options.weights, self.generator, self.noise
        n, device = len(photos), photos.device
        style = torch.zeros(n, dtype=torch.long, device=device)
        new = style_weights(style + generator.rows - 1, generator.rows)
        critics = (self.critic, self.feature_critic)
        for critic in critics:
            critic.requires_grad_(False)
        with autocast(options):
            corner = tuple(torch.randint(GRAIN_SIDE, (2,), generator=noise).tolist())
            fake = generator(photos, new, corner)
            with torch.no_grad():
                both = self.features(torch.cat([photos, paintings]))[1:]
                photo_maps, painting_maps = [f[:n] for f in both], [f[n:] for f in both]
                levels = generator.features(photos)[1:]
                places = [random_places(level, options.nce_places, noise) for level in levels]
                keys = self.projection(levels, places)
                real_logits = self.critic(augmented(paintings, noise), style)
                real_feature_logits = self.feature_critic(painting_maps, style)
            all_maps = self.features(fake)
            fake_maps = all_maps[1:]
            queries = self.projection(generator.features(fake)[1:], places)
            fake_logits = self.critic(augmented(fake, noise), style)
            fake_feature_logits = self.feature_critic(fake_maps, style)
        terms: dict[str, Tensor] = {
            "adversarial": relativistic_generator_loss(real_logits, fake_logits),
            "feature_adversarial": relativistic_generator_loss(real_feature_logits, fake_feature_logits),
            **self.target.terms(fake, all_maps),
            "patch_nce": torch.stack(list(map(patch_nce_loss, queries, keys))).mean(),
            "content_features": feature_content_loss(fake_maps[-2:], photo_maps[-2:]),
            "low_pass": low_pass_luma_loss(fake, photos),
        }
        keeping = content_factor(self.state, photos, fake.detach(), options.least_ssim)
        factors = {name: keeping if name in TERMS else 1.0 for name in terms}
        total = torch.stack([factors[n] * getattr(weights, n) * term for n, term in terms.items()]).sum()
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        for table in added_tables(generator).values():
            if table.grad is not None:
                table.grad[:-1] = 0
        for critic in critics:
            critic.requires_grad_(True)
        return fake.detach(), [painting_maps, [f.detach() for f in fake_maps], photo_maps], terms

    def critic_step(
        self,
        pictures: tuple[Tensor, Tensor, Tensor],
        maps: list[list[Tensor]],
        penalise: bool,
        options: AddStyleOptions,
    ) -> dict[str, Tensor]:
        """Compute L_D and the gradients of D, which scores fakes and photos below paintings. Returns the terms."""
        style = torch.zeros(len(pictures[0]), dtype=torch.long, device=pictures[0].device)
        loss, terms = critic_loss(
            self.critic, (augmented(p, self.noise) for p in pictures), style, penalise, options
        )
        with autocast(options):
            logits = self.feature_critic(
                [torch.cat(level) for level in zip(*maps, strict=True)], style.repeat(3)
            )
        painted, restyled, untouched = logits.chunk(3)
        share = options.weights.photo_negative
        feature_critic = against_fakes_and_photos(painted, restyled, untouched, share)
        self.critic_optimiser.zero_grad(set_to_none=True)
        (loss + feature_critic).backward()
        return {"critic": terms.pop("critic"), "feature_critic": feature_critic, **terms}
