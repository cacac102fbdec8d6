"""Batches of the adversarial training."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stylefuse.images.augment import diff_augment
from stylefuse.images.crops import draw_each
from stylefuse.training.distributed import local_slice, processes
from stylefuse.training.state import TrainState


class Batch(NamedTuple):
    """photos, paintings: N×3×S×S in [-1, 1]; style: N int64, of the paintings."""

    photos: Tensor
    paintings: Tensor
    style: Tensor


def next_batch(state: TrainState, size: int, device: torch.device) -> Batch:
    """Draw photos and paintings, every style equally often whatever the number of its paintings.

    Each of several processes draws all `size` of them, so that their states stay equal, and returns its slice.

    Args:
        state: `samplers` has one sampler a row of G, photos first; `values["order"]` has the styles still to come in
            this round of balanced drawing.
    """
    order, random = state.values["order"], state.generators["random"]
    assert isinstance(random, np.random.Generator)
    styles = len(state.samplers) - 1
    while len(order) < size:
        order = [*order, *(random.permutation(styles) + 1).tolist()]
    style, state.values["order"] = order[:size], order[size:]
    paintings = draw_each([state.samplers[s] for s in style])
    tensors = state.samplers[0].draw(size), paintings, torch.tensor(style)
    return Batch(*(t[local_slice(size)].to(device, non_blocking=True) for t in tensors))


def augmented(pictures: Tensor, noise: torch.Generator) -> Tensor:
    """Apply `diff_augment`; each of several processes makes the decisions for the whole batch and uses its slice."""
    if processes() == 1:
        return diff_augment(pictures, noise)
    size = len(pictures) * processes()
    own = local_slice(size)
    around = [pictures.new_zeros(n, *pictures.shape[1:]) for n in (own.start, size - own.stop)]
    return diff_augment(torch.cat([around[0], pictures, around[1]]), noise)[own]


def random_places(level: Tensor, count: int, noise: torch.Generator) -> Tensor:
    """Draw `count` flat positions in a map, N×C×h×w; int64 on its device."""
    return torch.randint(level.shape[2] * level.shape[3], (count,), generator=noise).to(level.device)
