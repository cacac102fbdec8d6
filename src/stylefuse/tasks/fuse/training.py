"""Training of the fuser on synthesised sets: one step, and all that its state is."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.images.crops import CropSampler
from stylefuse.images.store import ImageStore
from stylefuse.networks.encoder import Encoder
from stylefuse.networks.weights import Weights
from stylefuse.tasks.fuse.blend import Fused
from stylefuse.tasks.fuse.losses import best_of_inputs_loss, dissimilarity_loss, log_error_loss, mode_loss
from stylefuse.tasks.fuse.modes import MODES
from stylefuse.tasks.fuse.network import Fuser
from stylefuse.tasks.fuse.options import FusionOptions
from stylefuse.tasks.fuse.pairs import KINDS, WITH_TRUTH, synthesise
from stylefuse.training.device import pick_device
from stylefuse.training.identity import check_options
from stylefuse.training.loop import Losses, autocast, fit
from stylefuse.training.packing import below, pack_optimiser, restore_optimiser
from stylefuse.training.schedule import average_decay, rate_factor

# Which mode a kind of set calls for.
MODE_OF = {
    **{kind: MODES.index(kind) for kind in ("focus", "exposure", "occlusion", "noise")},
    "colour_structure": MODES.index("multimodal"),
    "sensors": MODES.index("multimodal"),
}
# Fewer inputs are more frequent: pairs are what people bring.
_PAIR_SHARE = 0.5
_MAX_GRADIENT = 5.0


@dataclass
class FusionState:
    """Fuser, moving average, optimiser, sampler, random generator, the options' `identity()` and the clock."""

    fuser: Fuser
    average: Fuser
    optimiser: torch.optim.Optimizer
    sampler: CropSampler
    random: np.random.Generator
    options: dict[str, Any]
    images_seen: int = 0

    def pack(self) -> Weights:
        """The whole state as tensors and JSON."""
        tensors = pack_optimiser(self.optimiser, "optimiser")
        for name, module in (("fuser", self.fuser), ("average", self.average)):
            tensors |= {f"{name}/{key}": value for key, value in module.state_dict().items()}
        facts = {
            "kind": "fusion_training",
            "images_seen": self.images_seen,
            "options": self.options,
            "random": self.random.bit_generator.state,
            "sampler": self.sampler.state(),
        }
        return Weights(tensors, facts)

    def restore(self, weights: Weights) -> None:
        """Become what `pack` packed; afterwards training goes on bit for bit as if it had never stopped.

        Raises:
            ValueError: it was packed under other options, which are named.
        """
        tensors, facts = weights
        check_options(facts, self.options)
        self.fuser.load_state_dict(below(tensors, "fuser"))
        self.average.load_state_dict(below(tensors, "average"))
        restore_optimiser(self.optimiser, below(tensors, "optimiser"))
        self.random.bit_generator.state = facts["random"]
        self.sampler.restore(facts["sampler"])
        self.images_seen = facts["images_seen"]


class SetBatch(NamedTuple):
    """inputs: N×n×3×S×S; truth: N×3×S×S, all in [-1, 1]; mode: N int64; known: whether the truth is one."""

    inputs: Tensor
    truth: Tensor
    mode: Tensor
    known: Tensor


def new_fusion_state(
    store: ImageStore, photos: np.ndarray, encoder: Encoder, options: FusionOptions
) -> FusionState:
    """A training about to begin.

    Args:
        store: decoded pictures.
        photos: the rows of it to make sets of.
        encoder: the generator's, frozen, on the device that the options name.
    """
    torch.manual_seed(options.seed)  # initial weights
    place = {"device": pick_device(options.device), "memory_format": torch.channels_last}
    fuser, average = (Fuser(encoder, options.fuser).to(**place) for _ in range(2))
    average.load_state_dict(fuser.state_dict())
    average.eval().requires_grad_(False)
    random = np.random.default_rng(options.seed)
    return FusionState(
        fuser=fuser,
        average=average,
        optimiser=torch.optim.Adam(fuser.parameters(), lr=options.rate, betas=(0.9, 0.99)),
        sampler=CropSampler(store, photos, options.image_size, options.least_crop, random),
        random=random,
        options=options.identity(),
    )


def next_sets(state: FusionState, options: FusionOptions, device: torch.device) -> SetBatch:
    """Sets of one n and one size, of all kinds equally often."""
    random = state.random
    large = random.random() < options.large_share
    count = options.large_batch_size if large else options.batch_size
    photos = state.sampler.draw(count, options.large_size if large else options.image_size)
    more = options.most_inputs > 2 and random.random() >= _PAIR_SHARE
    n = int(random.integers(3, options.most_inputs + 1)) if more else 2
    kinds = [KINDS[(state.images_seen + i) % len(KINDS)] for i in range(count)]
    inputs = torch.cat([synthesise(k, p[None], n, random) for k, p in zip(kinds, photos, strict=True)])
    mode = torch.tensor([MODE_OF[kind] for kind in kinds])
    known = torch.tensor([kind in WITH_TRUTH for kind in kinds])
    return SetBatch(*(t.to(device, non_blocking=True) for t in (inputs, photos, mode, known)))


def fusion_terms(fused: Fused, batch: SetBatch) -> dict[str, Tensor]:
    """The terms of L_F, unweighted (docs/formulation.md, item 6)."""
    terms = {"mode": mode_loss(fused.mode_logits, batch.mode)}
    if batch.known.any():
        picture, truth = fused.picture[batch.known], batch.truth[batch.known]
        terms |= {
            "log_error": log_error_loss(picture, truth),
            "dissimilarity": dissimilarity_loss(picture, truth),
        }
    if not batch.known.all():
        guessed = ~batch.known
        terms["best_of_inputs"] = best_of_inputs_loss(fused.picture[guessed], batch.inputs[guessed])
    return terms


Terms = Callable[[Fused, SetBatch], dict[str, Tensor]]


def fusion_step(state: FusionState, options: FusionOptions, terms_of: Terms = fusion_terms) -> Losses:
    """One batch of sets, then the moving average and the clock. Returns the terms.

    A step whose terms are not all finite changes no weight.

    Args:
        terms_of: the terms of L_F; for experiments with further ones.
    """
    factor = rate_factor(state.images_seen, options.images, options.constant_share)
    for group in state.optimiser.param_groups:
        group["lr"] = options.rate * factor
    device = next(state.fuser.parameters()).device
    batch = next_sets(state, options, device)
    # Half of the sets come with their mode named, half have it guessed: the fuser must serve either way.
    named = F.one_hot(batch.mode, len(MODES)).float() if state.random.random() < 0.5 else None
    with autocast(options):
        fused = state.fuser(batch.inputs, named)
    terms = terms_of(fused, batch)
    total = sum(getattr(options.weights, name) * term for name, term in terms.items())
    state.optimiser.zero_grad(set_to_none=True)
    total.backward()
    terms["gradient"] = torch.nn.utils.clip_grad_norm_(state.fuser.parameters(), _MAX_GRADIENT)
    losses = dict(zip(terms, torch.stack([t.detach().float() for t in terms.values()]).tolist(), strict=True))
    state.images_seen += len(batch.truth)
    if all(math.isfinite(loss) for loss in losses.values()):
        state.optimiser.step()
        decay = average_decay(state.images_seen, len(batch.truth), options.average_half_life)
        with torch.no_grad():
            torch._foreach_lerp_(list(state.average.parameters()), list(state.fuser.parameters()), 1 - decay)
    return losses


def fit_fusion(
    state: FusionState,
    options: FusionOptions,
    on_step: Callable[[int, Losses], None],
    on_sample: Callable[[int], None],
    on_checkpoint: Callable[[int], None],
) -> None:
    """Train from `state`, new or restored, until `options.images` images were seen; see `training.loop.fit`."""
    fit(state, lambda: fusion_step(state, options), options, "lower rate", on_step, on_sample, on_checkpoint)
