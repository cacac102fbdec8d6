"""Reductions over the pictures of a set, N×n×… → N×….

They loop over the pictures: torch takes several times as long to reduce such a short dimension.
"""

from functools import reduce

import torch
from torch import Tensor


def mean_of_set(x: Tensor) -> Tensor:
    """Mean over the set."""
    return reduce(torch.add, x.unbind(1)) / x.shape[1]


def max_of_set(x: Tensor) -> Tensor:
    """Maximum over the set."""
    return reduce(torch.maximum, x.unbind(1))


def weighted_sum(weights: Tensor, x: Tensor) -> Tensor:
    """Σ weights · x over the set, N×n×… each."""
    total = weights[:, 0] * x[:, 0]
    for i in range(1, x.shape[1]):
        total = torch.addcmul(total, weights[:, i], x[:, i])
    return total


def variance_of_set(x: Tensor) -> Tensor:
    """Unbiased variance over a set of 2 or more; exactly 0 where all are equal."""
    mean = mean_of_set(x)
    return reduce(torch.add, ((each - mean).square() for each in x.unbind(1))) / (x.shape[1] - 1)
