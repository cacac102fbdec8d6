"""What a long training shows: a bar with time left and losses, and its curves in MLflow."""

import sys
from collections import defaultdict
from types import TracebackType

from tqdm import tqdm

from stylefuse.tracking import record


class TrainingProgress:
    """A progress bar in images, and a table of losses averaged over each logging interval.

    Args:
        name: of the training; also the prefix of its MLflow metrics.
        total: images of the whole training.
        done: images already seen, when it resumes.
        every: images between two rows of the table.
        pending: what `pending()` gave when it was left.
    """

    def __init__(
        self, name: str, total: int, done: int, every: int, pending: dict[str, list[float]] | None = None
    ):
        # A log file wants a line now and then, a terminal a living bar.
        interval = 0.5 if sys.stderr.isatty() else 20
        self._bar = tqdm(
            desc=name, total=total, initial=done, unit="img", mininterval=interval, dynamic_ncols=True
        )
        self._name, self._every = name, every
        self._sums: dict[str, float] = defaultdict(float)
        self._counts: dict[str, int] = defaultdict(int)
        for loss, (total_so_far, count) in (pending or {}).items():
            self._sums[loss], self._counts[loss] = total_so_far, count
        self._logged = done - done % every  # rows stay at multiples of `every` after a resume
        self.rows: list[dict[str, float]] = []

    def __enter__(self) -> "TrainingProgress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ):
        self._bar.close()

    def step(self, images_seen: int, losses: dict[str, float]) -> None:
        """Count a step; close a row of the table when its interval is full."""
        for name, loss in losses.items():
            self._sums[name] += loss
            self._counts[name] += 1
        if images_seen - self._logged >= self._every or images_seen >= self._bar.total:
            means = {name: total / self._counts[name] for name, total in self._sums.items()}
            self.rows.append({"images_seen": images_seen, **means})
            self._bar.set_postfix({name: f"{mean:.3g}" for name, mean in means.items()}, refresh=False)
            self._track(images_seen, means)
            self._sums.clear()
            self._counts.clear()
            self._logged = images_seen
        self._bar.update(images_seen - self._bar.n)

    def pending(self) -> dict[str, list[float]]:
        """Sum and count of each loss since the last row: without them the row after a resume would be another."""
        return {name: [total, self._counts[name]] for name, total in self._sums.items()}

    def _track(self, images_seen: int, means: dict[str, float]) -> None:
        record.queue_metrics({f"{self._name}.{name}": mean for name, mean in means.items()}, images_seen)
