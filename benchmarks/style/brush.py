"""How close the strokes of restyled photos are to those of paintings, without colour and tone."""

from functools import partial
from typing import Any

from torch import Tensor

from benchmarks.style.data import Data
from stylefuse.evaluation.compare import compare_sets
from stylefuse.metrics.brush import log_spectrum, stroke_statistics
from stylefuse.metrics.distribution import sliced_wasserstein

STATISTICS = {"spectrum": log_spectrum, "strokes": stroke_statistics}


def brush_scores(data: Data, fakes: Tensor, photos: Tensor, paintings: Tensor) -> dict[str, dict[str, Any]]:
    """Return distance and score by each statistic, beside the usual two baselines; see `compare_sets`.

    Args:
        fakes, photos, paintings: N×3×H×W in [-1, 1]; fakes and photos in the same order.
    """
    options = data.evaluation
    distance = partial(sliced_wasserstein, directions=options.directions, seed=options.seed)
    return {
        name: compare_sets(
            distance,
            *(statistic(x) for x in (fakes, photos, paintings)),
            halvings=options.halvings,
            repeats=options.bootstrap_repeats,
            seed=options.seed,
        )
        for name, statistic in STATISTICS.items()
    }
