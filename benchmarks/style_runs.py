"""A training as the style benchmark sees it: how long, shown while it goes on, and what it leaves."""

import sys
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

# Steps at the end that the losses in the record are averaged over.
LAST_STEPS = 50
PICTURE = 128  # px, the picture whose cost is given


class Length(NamedTuple):
    """How long to train: minutes of wall clock, or images seen. The other is None."""

    minutes: float | None
    images: int | None


class Restyler(NamedTuple):
    """A method that is ready to use.

    paint: photos N×3×H×W in [-1, 1] on the CPU, and the index of a style → the same shape and range.
    networks: everything that is needed to serve all styles.
    """

    paint: Callable[[Tensor, int], Tensor]
    networks: list[nn.Module]


class Progress:
    """A bar with the time left and the latest losses; keeps the means of the last steps.

    Args:
        total: in `unit`, of the whole training.
    """

    def __init__(self, name: str, total: float, unit: str):
        interval = 0.5 if sys.stderr.isatty() else 20
        self._bar = tqdm(desc=name, total=total, unit=unit, mininterval=interval, dynamic_ncols=True)
        self._last: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=LAST_STEPS))

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *about: object) -> None:
        self._bar.close()

    def step(self, done: float, losses: Mapping[str, float]) -> None:
        """A step is over: `done` of the total."""
        for name, loss in losses.items():
            self._last[name].append(float(loss))
        self._bar.set_postfix({name: f"{loss:.3g}" for name, loss in losses.items()}, refresh=False)
        self._bar.update(done - self._bar.n)

    def losses(self) -> dict[str, float]:
        """Means over the last steps."""
        return {name: sum(values) / len(values) for name, values in self._last.items()}


def cost(restyler: Restyler) -> dict[str, float]:
    """Parameters of all networks that serve all styles; 10⁹ multiply-adds of convolutions and matrix products
    for one picture of 128×128 px in one style."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        restyler.paint(torch.zeros(1, 3, PICTURE, PICTURE), 1)
    parameters = sum(p.numel() for network in restyler.networks for p in network.parameters())
    return {"parameters": parameters, "gmacs": counter.get_total_flops() / 2e9}
