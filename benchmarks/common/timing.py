"""Time several calls side by side. They take turns, so a busy machine slows all of them alike; compare the ratios."""

import time
from collections.abc import Callable, Mapping

import numpy as np


def time_in_turns(
    calls: Mapping[str, Callable[[], object]],
    repeats: int,
    warm_up: int = 1,
    before: Mapping[str, Callable[[], object]] | None = None,
) -> dict[str, list[float]]:
    """Run every call once a round and return the seconds of each, by name.

    Args:
        repeats: rounds that count.
        warm_up: rounds before them that do not.
        before: by name, what is done before a call and is not timed.
    """
    before, seconds = before or {}, {name: [] for name in calls}
    for turn in range(warm_up + repeats):
        for name, call in calls.items():
            if name in before:
                before[name]()
            start = time.perf_counter()
            call()
            elapsed = time.perf_counter() - start
            if turn >= warm_up:
                seconds[name].append(elapsed)
    return seconds


def medians(seconds: Mapping[str, list[float]]) -> dict[str, float]:
    """Return the median of each call's seconds."""
    return {name: float(np.median(values)) for name, values in seconds.items()}
