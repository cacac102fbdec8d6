"""Adversarial training of the reviser R on close-ups, over the drafts of the frozen generator: one step."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adam

from stylefuse.images.crops import CropSampler
from stylefuse.images.luma import batch_luma
from stylefuse.images.store import ImageStore
from stylefuse.losses.adversarial import relativistic_generator_loss
from stylefuse.networks.critic import Critic
from stylefuse.networks.generator import GRAIN_SIDE, Generator, style_weights
from stylefuse.tasks.stylize.batch import Batch, augmented, next_batch
from stylefuse.tasks.stylize.critic_loss import critic_loss, gradient_norm
from stylefuse.tasks.stylize.reviser import BLOCK, Reviser
from stylefuse.tasks.stylize.reviser_options import ReviserOptions
from stylefuse.training.collapse import CollapseWatch
from stylefuse.training.device import autocast, pick_device
from stylefuse.training.distributed import all_reduce_gradients
from stylefuse.training.schedule import lr_factor
from stylefuse.training.state import Losses, TrainState

POOL = 4  # px: side of the squares whose means the reviser keeps
COARSE = 8  # px: structure of this size is not what the critic judges
LEAST_DEVIATION = 0.02  # on [-1, 1]; flat places are not enlarged beyond


class CloseUps(NamedTuple):
    """What R sees, N×3×S×S each: the enlarged draft, the photo, and the detail that the photo lost on the way."""

    draft: Tensor
    photo: Tensor
    detail: Tensor


class ReviserTraining:
    """The adversarial training of R, see `training.trainer.Training`.

    Args:
        store: decoded pictures.
        rows_by_style: store rows of photos, then of each style's paintings.
        generator: G, frozen, on the device that the options name.
        draw_sample: draws the sample grid of a reviser; None where no samples are wanted.
    """

    remedy = "lower rate and critic_rate"

    def __init__(
        self,
        store: ImageStore,
        rows_by_style: Sequence[np.ndarray],
        generator: Generator,
        options: ReviserOptions,
        draw_sample: Callable[[Reviser], Image] | None = None,
    ):
        torch.manual_seed(options.seed)
        place: Any = {"device": pick_device(options.device), "memory_format": torch.channels_last}
        rows = len(rows_by_style)
        self.reviser, self.ema = (Reviser(rows, options.reviser).to(**place) for _ in range(2))
        self.ema.load_state_dict(self.reviser.state_dict())
        self.ema.requires_grad_(False)
        self.critic = Critic(rows, options.critic, colours=1).to(**place)
        of_reviser = [{"params": list(self.reviser.parameters()), "base": options.rate}]
        of_critic = [{"params": list(self.critic.parameters()), "base": options.critic_rate}]
        self.optimiser = Adam(of_reviser, lr=options.rate, betas=(0.5, 0.99))
        self.critic_optimiser = Adam(of_critic, lr=options.critic_rate, betas=(0.0, 0.99))
        self.noise = torch.Generator().manual_seed(options.seed)
        self.generator, self.watch = generator, CollapseWatch()
        self._draw_sample = draw_sample
        random, close_up = np.random.default_rng(options.seed), options.close_up
        photos = CropSampler(store, rows_by_style[0], options.whole, options.least_crop, random)
        side, most = options.image_size, min(1.0, close_up / options.least_crop)
        self.state = TrainState(
            kind="reviser_training",
            modules={"reviser": self.reviser, "ema": self.ema, "critic": self.critic},
            ema_of={"ema": "reviser"},
            optimisers={"optimiser": self.optimiser, "critic_optimiser": self.critic_optimiser},
            samplers=[
                photos,
                *(
                    CropSampler(store, r, side, close_up * options.least_crop, random, most)
                    for r in rows_by_style[1:]
                ),
            ],
            generators={"random": random, "noise": self.noise},
            options=options.fingerprinted(),
            values={"order": []},
        )

    def draw(self) -> Image:
        """Draw the sample grid of the averaged reviser."""
        assert self._draw_sample is not None, "no samples were wanted"
        return self._draw_sample(self.ema)

    def step(self, options: ReviserOptions) -> Losses:
        """Train on one batch: R, then D on the same fakes. Returns the unweighted terms and the gradients' norms."""
        state = self.state
        state.set_lr(lr_factor(state.images_seen, options.images, options.constant_share))
        device = next(self.reviser.parameters()).device
        batch = next_batch(state, options.batch_size, device)
        penalise = state.images_seen // options.batch_size % options.penalty_every == 0
        with autocast(options), torch.no_grad():
            seen = self.close_ups(batch, options)
        fake, terms = self.reviser_step(batch, seen, options)
        pictures = (batch.paintings, fake, seen.photo)
        terms |= self.critic_step(pictures, batch.style, penalise, options)
        all_reduce_gradients((self.optimiser, self.critic_optimiser))
        terms["gradient"] = gradient_norm(self.optimiser)
        terms["critic_gradient"] = gradient_norm(self.critic_optimiser)
        return state.update(terms, options.batch_size, options.average_half_life)

    def close_ups(self, batch: Batch, options: ReviserOptions) -> CloseUps:
        """Draft whole photos at a random smaller size, enlarge the drafts, and cut out one place of each."""
        whole, side = options.whole, options.image_size
        random = self.state.generators["random"]
        assert isinstance(random, np.random.Generator)
        factor = random.uniform(options.least_enlargement, options.most_enlargement)
        top, left = (int(random.integers((whole - side) // BLOCK + 1)) * BLOCK for _ in range(2))
        corner = tuple(random.integers(GRAIN_SIDE, size=2).tolist())
        small = resized(batch.photos, round(whole / factor))
        draft = self.generator(small, style_weights(batch.style, self.generator.rows), corner)
        pictures = (resized(draft, whole), batch.photos, batch.photos - resized(small, whole))
        return CloseUps(*(p[:, :, top : top + side, left : left + side].contiguous() for p in pictures))

    def reviser_step(
        self, batch: Batch, seen: CloseUps, options: ReviserOptions
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute L_R (docs/formulation.md, item 7) and the gradients of R. Returns fakes and the terms."""
        weights, style = options.weights, batch.style
        self.critic.requires_grad_(False)
        with autocast(options):
            corner = tuple(torch.randint(GRAIN_SIDE, (2,), generator=self.noise).tolist())
            fake = self.reviser(*seen, style_weights(style, self.reviser.rows), corner)
            with torch.no_grad():
                real_logits = self.critic(augmented(fine_luma(batch.paintings), self.noise), style)
            fake_logits = self.critic(augmented(fine_luma(fake), self.noise), style)
        terms = {
            "adversarial": relativistic_generator_loss(real_logits, fake_logits),
            "draft": F.l1_loss(F.avg_pool2d(fake, POOL), F.avg_pool2d(seen.draft.float(), POOL)),
        }
        self.optimiser.zero_grad(set_to_none=True)
        (weights.adversarial * terms["adversarial"] + weights.draft * terms["draft"]).backward()
        self.critic.requires_grad_(True)
        return fake.detach(), terms

    def critic_step(
        self, pictures: tuple[Tensor, Tensor, Tensor], style: Tensor, penalise: bool, options: ReviserOptions
    ) -> dict[str, Tensor]:
        """Compute L_D and the gradients of D, which scores fakes and photos below paintings. Returns the terms.

        Args:
            pictures: paintings, fakes without gradient, photos; N×3×S×S each.
        """
        fine = (augmented(fine_luma(p), self.noise) for p in pictures)
        loss, terms = critic_loss(self.critic, fine, style, penalise, options)
        self.critic_optimiser.zero_grad(set_to_none=True)
        loss.backward()
        return terms


def fine_luma(x: Tensor) -> Tensor:
    """Return what is fine in the luma of x, N×3×H×W, with a deviation of one in each picture: N×1×H×W.

    The critic sees nothing else: colours, contrast and coarse structure are the draft's, and R does not change them.
    """
    luma = batch_luma(x)
    coarse = F.interpolate(F.avg_pool2d(luma, COARSE), luma.shape[2:], mode="bilinear", align_corners=False)
    fine = luma - coarse
    return fine / (fine.square().mean(dim=(1, 2, 3), keepdim=True).sqrt() + LEAST_DEVIATION)


def resized(x: Tensor, side: int) -> Tensor:
    """Resize N×3×H×W to N×3×side×side, bicubic, antialiased; values stay in [-1, 1]."""
    return F.interpolate(x.float(), (side, side), mode="bicubic", antialias=True).clamp(-1, 1)
