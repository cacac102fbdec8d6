"""What a trained or untrained way to restyle looks like to the benchmark: how long, how, at which cost."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

PICTURE = 128  # px, side of the picture whose cost is given


class Length(NamedTuple):
    """How long to train: minutes of wall clock, or images seen. The other is None."""

    minutes: float | None
    images: int | None


class Method(NamedTuple):
    """A way to restyle, ready to use.

    paint: photos N×3×H×W in [-1, 1] on the CPU, and the index of a style → the same shape and range.
    networks: all that are needed to serve all styles.
    """

    paint: Callable[[Tensor, int], Tensor]
    networks: list[nn.Module]


def cost(method: Method) -> dict[str, float]:
    """Return the parameters of all networks, and 10⁹ multiply-adds for one picture of 128×128 px in one style.

    Counted are convolutions and matrix products.
    """
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        method.paint(torch.zeros(1, 3, PICTURE, PICTURE), 1)
    parameters = sum(p.numel() for network in method.networks for p in network.parameters())
    return {"parameters": parameters, "gmacs": counter.get_total_flops() / 2e9}
