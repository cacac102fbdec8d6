"""The restorer's thresholds follow from estimates on training photos."""

import numpy as np
import pytest

from benchmarks.restore import thresholds as part


def test_nearly_all_untouched_photos_are_left_alone():
    steps = np.arange(101) / 100
    estimates = {name: np.stack([10 * steps, steps], 1) for name in part.CASES}
    estimates[part.UNTOUCHED] = np.stack([2 * steps, 0.4 * steps], 1)
    found = part.thresholds(estimates)
    assert found == {"LEAST_NOISE": 2.0, "LEAST_COMPRESSION": pytest.approx(0.4), "NOISE_OF_JPEG": 10.0}
    assert (estimates[part.UNTOUCHED] <= list(found.values())[:2]).mean() >= part.KEPT
    assert "| jpeg twice | 0.1 | 5.0 | 9.9 | 0.01 | 0.50 | 0.99 |" in part.table(estimates)
