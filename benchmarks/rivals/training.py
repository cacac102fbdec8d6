"""The loop of all rivals that are trained: until the time is up, by the share of it that has passed."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

OnStep = Callable[[int, dict[str, float], float], None]


class Game(Protocol):
    """Networks, their optimisers, and what one step does with a batch."""

    network: nn.Module  # what is wanted in the end
    optimisers: Sequence[torch.optim.Optimizer]

    def step(self, photos: Tensor, paintings: Tensor) -> dict[str, float]:
        """One update of all networks on batches N×3×S×S in [-1, 1]; returns the losses before it."""


def second_half_falls(share: float) -> float:
    """Factor of the rate: one in the first half of the time, then linear to zero (Zhu et al. 2017, section 7.1)."""
    return min(1.0, 2 * (1 - share))


def train(
    begin: Callable[[Tensor], Game],
    photos: Iterator[Tensor],
    paintings: Iterator[Tensor],
    minutes: float,
    seed: int,
    on_step: OnStep,
    factor: Callable[[float], float] = second_half_falls,
) -> nn.Module:
    """Play the game on one batch after the other.

    All seconds count, those of building networks and of loading pictures too.

    Args:
        begin: the first photos → a game where they are (CPU or GPU).
        photos, paintings: endless batches, N×3×S×S in [-1, 1].
        minutes: wall-clock time.
        seed: of the initial weights and of all that is drawn in steps.
        on_step: called with the photos seen so far, the losses, and the share of the time that has passed.
        factor: the share of the time that has passed → factor of the learning rates.

    Returns:
        The game's network, frozen, in eval mode.
    """
    start, seen, share = time.monotonic(), 0, 0.0
    torch.manual_seed(seed)
    batch = next(photos), next(paintings)
    game = begin(batch[0])
    groups = [group for optimiser in game.optimisers for group in optimiser.param_groups]
    rates = [group["lr"] for group in groups]
    while True:
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate * factor(share)
        losses = game.step(*batch)
        seen += len(batch[0])
        share = min(1.0, (time.monotonic() - start) / (60 * minutes))
        on_step(seen, losses, share)
        if share == 1:
            return game.network.eval().requires_grad_(False)
        batch = next(photos), next(paintings)
