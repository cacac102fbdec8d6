"""Optimisers and modules as tensors by name, for checkpoints."""

import torch
from torch import Tensor


def pack_optimiser(optimiser: torch.optim.Optimizer, prefix: str) -> dict[str, Tensor]:
    """Its slots as tensors named `prefix/parameter/slot`."""
    slots = optimiser.state_dict()["state"].items()
    return {f"{prefix}/{index}/{key}": torch.as_tensor(v) for index, slot in slots for key, v in slot.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give it back the slots that `pack_optimiser` named, less the prefix."""
    slots: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, slot = key.split("/")
        slots.setdefault(int(index), {})[slot] = value.clone()  # Adam keeps what it is given
    optimiser.load_state_dict({**optimiser.state_dict(), "state": slots})


def below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors named `prefix/…`, less the prefix."""
    start = f"{prefix}/"
    return {key.removeprefix(start): value for key, value in tensors.items() if key.startswith(start)}
