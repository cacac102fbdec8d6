"""Training of the fuser on synthesised sets."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor
from torch.nn import functional as F

from stylefuse.images.store import ImageStore
from stylefuse.losses.errors import log_error_loss
from stylefuse.networks.encoder import Encoder
from stylefuse.tasks.fuse.blend import Fused
from stylefuse.tasks.fuse.losses import best_of_inputs_loss, dissimilarity_loss, mode_loss
from stylefuse.tasks.fuse.modes import MODES
from stylefuse.tasks.fuse.network import Fuser
from stylefuse.tasks.fuse.options import FusionOptions
from stylefuse.tasks.fuse.pairs import KINDS, WITH_TRUTH, synthesise
from stylefuse.training.distributed import all_reduce_mean
from stylefuse.training.head import HeadTraining

# The mode that fuses a kind of set.
MODE_OF = {
    **{kind: MODES.index(kind) for kind in ("focus", "exposure", "occlusion", "noise")},
    "colour_structure": MODES.index("multimodal"),
    "sensors": MODES.index("multimodal"),
}
# Share of the batches that are pairs; users mostly bring pairs.
_PAIR_SHARE = 0.5


class SetBatch(NamedTuple):
    """inputs: N×n×3×S×S; truth: N×3×S×S, all in [-1, 1]; mode: N int64; known: N bool, whether the truth is one."""

    inputs: Tensor
    truth: Tensor
    mode: Tensor
    known: Tensor


Terms = Callable[[Fused, SetBatch], dict[str, Tensor]]


def fusion_terms(fused: Fused, batch: SetBatch) -> dict[str, Tensor]:
    """Return the terms of L_F, unweighted (docs/formulation.md, item 6)."""
    picture, truth, inputs = fused.picture, batch.truth, batch.inputs
    known, guessed = batch.known, ~batch.known
    terms = {
        "mode": mode_loss(fused.mode_logits, batch.mode),
        "log_error": _mean_over(known, picture, lambda: log_error_loss(picture[known], truth[known])),
        "dissimilarity": _mean_over(known, picture, lambda: dissimilarity_loss(picture[known], truth[known])),
        "best_of_inputs": _mean_over(
            guessed, picture, lambda: best_of_inputs_loss(picture[guessed], inputs[guessed])
        ),
    }
    return {name: term for name, term in terms.items() if term is not None}


def _mean_over(chosen: Tensor, picture: Tensor, loss: Callable[[], Tensor]) -> Tensor | None:
    """Weigh a mean over the chosen sets: processes with different numbers of them average to the mean over all.

    Returns None if no process has a chosen set.
    """
    own = chosen.sum().float()
    mean = all_reduce_mean(own.clone())
    if not mean:
        return None
    return own / mean * loss() if own else 0 * picture.sum()


class FusionTraining(HeadTraining):
    """Trains the fuser on sets of one number of pictures and one size, of all kinds equally often.

    Args:
        store: decoded pictures.
        photos: store rows to make sets of.
        encoder: the generator's, frozen, on the device that the options name.
        draw_sample: see `HeadTraining`.
        terms: the terms of L_F; for experiments with further ones.
    """

    def __init__(
        self,
        store: ImageStore,
        photos: np.ndarray,
        encoder: Encoder,
        options: FusionOptions,
        draw_sample: Callable[[Fuser], Image] | None = None,
        terms: Terms = fusion_terms,
    ):
        super().__init__(partial(Fuser, encoder, options.fuser), store, photos, options, draw_sample)
        self._terms = terms

    def batch_shape(self, options: FusionOptions) -> tuple[int, int]:
        if self.random.random() < options.large_share:
            return options.large_batch_size, options.large_size
        return options.batch_size, options.image_size

    def pairs(self, photos: Tensor, options: FusionOptions) -> SetBatch:
        more = options.most_inputs > 2 and self.random.random() >= _PAIR_SHARE
        n = int(self.random.integers(3, options.most_inputs + 1)) if more else 2
        kinds = [KINDS[(self.state.images_seen + i) % len(KINDS)] for i in range(len(photos))]
        sets = [synthesise(k, p[None], n, self.random) for k, p in zip(kinds, photos, strict=True)]
        mode = torch.tensor([MODE_OF[kind] for kind in kinds])
        known = torch.tensor([kind in WITH_TRUTH for kind in kinds])
        return SetBatch(torch.cat(sets), photos, mode, known)

    def predict(self, batch: SetBatch) -> Fused:
        # Half of the batches name the mode, and half leave it to the fuser, which must do well in both cases.
        named = F.one_hot(batch.mode, len(MODES)).float() if self.random.random() < 0.5 else None
        return self.network(batch.inputs, named)

    def losses(self, output: Fused, batch: SetBatch) -> dict[str, Tensor]:
        return self._terms(output, batch)

    def total(self, losses: Mapping[str, Tensor], options: FusionOptions) -> Tensor:
        return sum(getattr(options.weights, name) * term for name, term in losses.items())
