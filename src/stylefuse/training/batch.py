"""What one step of the hybrid training sees."""

from typing import NamedTuple

import torch
from torch import Tensor

from stylefuse.training.state import HybridState


class Batch(NamedTuple):
    """photos, paintings: N×3×S×S in [-1, 1]; style: N int64, of the paintings."""

    photos: Tensor
    paintings: Tensor
    style: Tensor


def next_batch(state: HybridState, size: int, device: torch.device) -> Batch:
    """Photos beside paintings, every style equally often whatever the number of its paintings."""
    styles = len(state.samplers) - 1
    while len(state.order) < size:
        state.order += (state.random.permutation(styles) + 1).tolist()
    style, state.order = state.order[:size], state.order[size:]
    paintings = torch.cat([state.samplers[s].draw(1) for s in style])
    tensors = state.samplers[0].draw(size), paintings, torch.tensor(style)
    return Batch(*(t.to(device, non_blocking=True) for t in tensors))
