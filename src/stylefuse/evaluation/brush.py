"""Score how close the strokes of restyled photos are to those of paintings, without colour and tone."""

from functools import partial
from typing import Any

from torch import Tensor

from stylefuse.evaluation.compare import compare_sets
from stylefuse.evaluation.settings import Settings
from stylefuse.metrics.brush import log_spectrum, stroke_statistics
from stylefuse.metrics.distribution import sliced_wasserstein

STATISTICS = {"spectrum": log_spectrum, "strokes": stroke_statistics}


def brush_features(pictures: Tensor) -> dict[str, Tensor]:
    """Return the features of each statistic, N×d, of pictures N×3×H×W in [-1, 1]."""
    return {name: statistic(pictures) for name, statistic in STATISTICS.items()}


def brush_scores(
    fakes: dict[str, Tensor], photos: dict[str, Tensor], paintings: dict[str, Tensor], settings: Settings
) -> dict[str, dict[str, Any]]:
    """Return distance and score by each statistic, beside the usual two baselines; see `compare_sets`.

    Args:
        fakes, photos, paintings: from `brush_features`; fakes and photos in the same order.
    """
    distance = partial(sliced_wasserstein, directions=settings.directions, seed=settings.seed)
    return {
        name: compare_sets(
            distance,
            fakes[name],
            photos[name],
            paintings[name],
            halvings=settings.halvings,
            repeats=settings.bootstrap_repeats,
            seed=settings.seed,
        )
        for name in STATISTICS
    }
