"""The training loop of all rivals, which ends when the time is up; rates depend on the share that has passed."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

OnStep = Callable[[int, dict[str, float], float], None]


class Rival(Protocol):
    """Networks, their optimisers, and a step of training."""

    network: nn.Module  # the trained network
    optimisers: Sequence[torch.optim.Optimizer]

    def step(self, photos: Tensor, paintings: Tensor) -> dict[str, float]:
        """Update all networks once on batches N×3×S×S in [-1, 1]; returns the losses before it."""


def second_half_falls(share: float) -> float:
    """Return the factor of the rate: one for half of the time, then linear to zero (Zhu et al. 2017, section 7.1)."""
    return min(1.0, 2 * (1 - share))


def train(
    begin: Callable[[Tensor], Rival],
    photos: Iterator[Tensor],
    paintings: Iterator[Tensor],
    minutes: float,
    seed: int,
    on_step: OnStep,
    factor: Callable[[float], float] = second_half_falls,
) -> nn.Module:
    """Train until the time is up.

    All seconds count, including those for building networks and loading pictures.

    Args:
        begin: the first photos → a rival on their device.
        photos, paintings: endless batches, N×3×S×S in [-1, 1].
        minutes: wall-clock time.
        seed: of the initial weights and of all random choices in steps.
        on_step: called with the photos seen so far, the losses, and the share of the time that has passed.
        factor: the share of the time that has passed → factor of the learning rates.

    Returns:
        The rival's network, frozen, in eval mode.
    """
    start, seen, share = time.monotonic(), 0, 0.0
    torch.manual_seed(seed)
    batch = next(photos), next(paintings)
    rival = begin(batch[0])
    groups = [group for optimiser in rival.optimisers for group in optimiser.param_groups]
    rates = [group["lr"] for group in groups]
    while True:
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate * factor(share)
        losses = rival.step(*batch)
        seen += len(batch[0])
        share = min(1.0, (time.monotonic() - start) / (60 * minutes))
        on_step(seen, losses, share)
        if share == 1:
            return rival.network.eval().requires_grad_(False)
        batch = next(photos), next(paintings)
