"""Scores from a classifier's logits, and separation and variance of styles from its features."""

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor


def accuracy(logits: Tensor, target: Tensor | int) -> float:
    """Share of N×C logits whose largest entry is `target` (N int64, or one class for all): 0 to 1.

    Raises:
        ValueError: there are no pictures.
    """
    _some(logits)
    return float((logits.argmax(dim=1) == target).double().mean())


def mean_probability(logits: Tensor, target: int) -> float:
    """Mean softmax probability of class `target` over N×C logits: 0 to 1."""
    _some(logits)
    return float(logits.double().softmax(dim=1)[:, target].mean())


def confusion(logits: Tensor, target: Tensor, classes: int) -> Tensor:
    """Confusion matrix, classes×classes int64: row = true class, column = class with the largest logit."""
    cells = target * classes + logits.argmax(dim=1)
    return torch.bincount(cells, minlength=classes * classes).view(classes, classes)


def paired_separation(features: Sequence[Tensor]) -> float | None:
    """Mean Euclidean distance between the same photo in two styles, over all pairs of styles.

    Args:
        features: one N×d tensor a style, row i of each made from photo i.

    Returns:
        0 when all styles look alike; None with fewer than two styles.
    """
    gaps = [(a - b).norm(dim=1).mean() for a, b in combinations(features, 2)]
    return float(torch.stack(gaps).mean()) if gaps else None


def style_separation(features: Sequence[Tensor]) -> float | None:
    """Mean Euclidean distance between any picture of one style and any of another, over all pairs of styles.

    Works on unpaired sets (N_s×d each), so fakes and real paintings can be compared. None below two styles.
    """
    gaps = [torch.cdist(a.double(), b.double()).mean() for a, b in combinations(features, 2)]
    return float(torch.stack(gaps).mean()) if gaps else None


def variance_ratio(fake: Tensor, real: Tensor) -> float:
    """Total variance of N×d fake features over that of M×d real ones.

    1 = as varied as the paintings; towards 0 = the same picture for every photo.

    Raises:
        ValueError: a set has fewer than two pictures, or the real ones do not vary.
    """
    if min(len(fake), len(real)) < 2:
        raise ValueError("variance needs at least two pictures in either set")
    spread = float(real.double().var(dim=0).sum())
    if spread == 0:
        raise ValueError("the real pictures do not vary at all in these features")
    return float(fake.double().var(dim=0).sum()) / spread


def _some(logits: Tensor) -> None:
    if not len(logits):
        raise ValueError("there are no pictures to judge")
