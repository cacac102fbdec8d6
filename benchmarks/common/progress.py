"""A progress bar that also remembers the latest losses of a training."""

import sys
from collections import defaultdict, deque
from collections.abc import Mapping

from tqdm import tqdm

LAST_STEPS = 50  # steps that the reported losses are means over


class Progress:
    """A bar with the time left and the latest losses; keeps the means of the last steps.

    Args:
        total: of the whole training, in `unit`.
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
        """Show that `done` of the total is done, and note the losses of the step."""
        for name, loss in losses.items():
            self._last[name].append(float(loss))
        self._bar.set_postfix({name: f"{loss:.3g}" for name, loss in losses.items()}, refresh=False)
        self._bar.update(done - self._bar.n)

    def losses(self) -> dict[str, float]:
        """Return the means over the last steps."""
        return {name: sum(values) / len(values) for name, values in self._last.items()}
