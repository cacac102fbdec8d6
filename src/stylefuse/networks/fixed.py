"""A generator whose norms use fixed statistics, so that the frames of one shot are painted alike.

With statistics of each frame's own, one thing that enters the picture changes the colours and strokes of all others.
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylefuse.networks.blocks import EPS, ConditionalInstanceNorm, Moments, instance_moments, normalised
from stylefuse.networks.encoder import Encoder
from stylefuse.networks.generator import Generator


class Statistics:
    """Moments of one norm: those of each picture while they are recorded, their mean once they are fixed."""

    def __init__(self) -> None:
        self._seen: list[Moments] = []
        self._fixed: Moments | None = None

    @property
    def seen(self) -> bool:
        return bool(self._seen)

    def of(self, x: Tensor, moments: Moments | None = None) -> Moments:
        """The moments to normalise x, N×C×h×w, with; `moments` are its own where they are known."""
        if self._fixed is not None:
            return self._fixed
        found = moments or instance_moments(x)
        self._seen.append(found)
        return found

    def fix(self) -> None:
        """Use the mean of what was recorded from now on."""
        if not self._seen:
            return
        means = torch.cat([mean for mean, _ in self._seen])
        variances = torch.cat([inverse.square().reciprocal() - EPS for _, inverse in self._seen])
        mean = means.mean(0, keepdim=True)
        # Of all pictures together: their own variances, and how far their means lie apart.
        variance = (variances + means.square()).mean(0, keepdim=True) - mean.square()
        self._fixed = mean, (variance.clamp_min(0) + EPS).rsqrt()


class FixedGenerator:
    """A copy of a generator that records statistics until they are fixed.

    Pictures that are painted in strips keep statistics of their own in the encoder.

    Attributes:
        generator: the copy.
    """

    def __init__(self, generator: Generator):
        self.generator = copy.deepcopy(generator)
        self._statistics: list[Statistics] = []
        self.generator.encoder = _FixedEncoder(self.generator.encoder, self._new)
        for module in self.generator.modules():
            if isinstance(module, ConditionalInstanceNorm):
                module.register_forward_pre_hook(_with(self._new()))

    @property
    def used(self) -> bool:
        """Whether the generator has painted a picture."""
        return any(each.seen for each in self._statistics)

    def fix(self) -> None:
        """Fix all statistics to the mean of the pictures so far."""
        for each in self._statistics:
            each.fix()

    def _new(self) -> Statistics:
        self._statistics.append(Statistics())
        return self._statistics[-1]


class _FixedEncoder(Encoder):
    def __init__(self, encoder: Encoder, new: Callable[[], Statistics]):
        nn.Module.__init__(self)
        self.stem, self.downs = encoder.stem, encoder.downs
        self._statistics = [new() for _ in self.downs]

    def forward(self, x: Tensor) -> list[Tensor]:
        levels = [F.relu(self.stem(x), inplace=True)]
        for down, statistics in zip(self.downs, self._statistics, strict=True):
            h = down(levels[-1])
            levels.append(F.relu(normalised(h, statistics.of(h)), inplace=True))
        return levels


def _with(statistics: Statistics) -> Callable[[nn.Module, tuple[Any, ...]], tuple[Any, ...]]:
    """A hook that replaces the moments that a norm is called with."""

    def replace(_: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        x, style = given[:2]
        return x, style, statistics.of(x, *given[2:])

    return replace
