"""Sums over the pictures of a set, picture by picture: torch reduces such a short dimension several times slower."""

from functools import reduce

import torch
from torch import Tensor


def mean_of_set(x: Tensor) -> Tensor:
    """Mean over the second dimension, N×n×… → N×…."""
    return reduce(torch.add, x.unbind(1)) / x.shape[1]


def max_of_set(x: Tensor) -> Tensor:
    """Maximum over the second dimension, N×n×… → N×…."""
    return reduce(torch.maximum, x.unbind(1))


def weighted_sum(weights: Tensor, x: Tensor) -> Tensor:
    """Σ weights · x over the second dimension, N×n×… each → N×…."""
    total = weights[:, 0] * x[:, 0]
    for i in range(1, x.shape[1]):
        total = torch.addcmul(total, weights[:, i], x[:, i])
    return total


def variance_of_set(x: Tensor) -> Tensor:
    """Unbiased variance over the second dimension, N×n×… → N×…, n of 2 or more; 0 where all are equal."""
    mean = mean_of_set(x)
    return reduce(torch.add, ((each - mean).square() for each in x.unbind(1))) / (x.shape[1] - 1)
