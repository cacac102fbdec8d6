"""What one step of the hybrid training sees."""

from typing import NamedTuple

import torch
from torch import Tensor

from stylefuse.images.augment import diff_augment
from stylefuse.images.crops import draw_each
from stylefuse.tasks.stylize.state import HybridState
from stylefuse.training.distributed import processes, share


class Batch(NamedTuple):
    """photos, paintings: N×3×S×S in [-1, 1]; style: N int64, of the paintings."""

    photos: Tensor
    paintings: Tensor
    style: Tensor


def next_batch(state: HybridState, size: int, device: torch.device) -> Batch:
    """Photos beside paintings, every style equally often whatever the number of its paintings.

    Of several processes each draws all `size` of them, so that their states stay equal, and gets its share.
    """
    styles = len(state.samplers) - 1
    while len(state.order) < size:
        state.order += (state.random.permutation(styles) + 1).tolist()
    style, state.order = state.order[:size], state.order[size:]
    paintings = draw_each([state.samplers[s] for s in style])
    tensors = state.samplers[0].draw(size), paintings, torch.tensor(style)
    return Batch(*(t[share(size)].to(device, non_blocking=True) for t in tensors))


def augmented(pictures: Tensor, noise: torch.Generator) -> Tensor:
    """`diff_augment`, by which each of several processes takes its share of the decisions for the whole batch."""
    if processes() == 1:
        return diff_augment(pictures, noise)
    size = len(pictures) * processes()
    own = share(size)
    around = [pictures.new_zeros(n, *pictures.shape[1:]) for n in (own.start, size - own.stop)]
    return diff_augment(torch.cat([around[0], pictures, around[1]]), noise)[own]
