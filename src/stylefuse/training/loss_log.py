"""A table of losses, averaged over each logging interval."""

from collections import defaultdict
from collections.abc import Mapping, Sequence


class LossLog:
    """Averages losses over intervals of images seen.

    Args:
        total: images of the whole training.
        every: images between two rows.
        images_seen: where the training resumes.
        rows, pending: `rows` and `pending()` of the log that is continued.

    rows: dictionaries with "images_seen" and the mean of each loss since the row before.
    """

    def __init__(
        self,
        total: int,
        every: int,
        images_seen: int = 0,
        rows: Sequence[dict[str, float]] = (),
        pending: Mapping[str, Sequence[float]] | None = None,
    ):
        self.rows = list(rows)
        self._total, self._every = total, every
        self._sums: dict[str, float] = defaultdict(float)
        self._counts: dict[str, float] = defaultdict(int)
        for loss, (total_so_far, count) in (pending or {}).items():
            self._sums[loss], self._counts[loss] = total_so_far, count
        self._logged = images_seen - images_seen % every  # so that rows stay at multiples of `every`

    def add(self, images_seen: int, losses: Mapping[str, float]) -> dict[str, float] | None:
        """Add the losses of a step; return their means, by name, if the step completes a row.

        A loss that only some steps have is averaged over those.
        """
        for name, loss in losses.items():
            self._sums[name] += loss
            self._counts[name] += 1
        if images_seen - self._logged < self._every and images_seen < self._total:
            return None
        means = {name: total / self._counts[name] for name, total in self._sums.items()}
        self.rows.append({"images_seen": images_seen, **means})
        self._sums.clear()
        self._counts.clear()
        self._logged = images_seen
        return means

    def pending(self) -> dict[str, list[float]]:
        """Sum and count of each loss since the last row. A resumed training needs them for its next row."""
        return {name: [total, self._counts[name]] for name, total in self._sums.items()}
