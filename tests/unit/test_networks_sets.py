"""Sums over a set: what torch computes, for any number of pictures."""

import pytest
import torch

from stylefuse.networks.sets import max_of_set, mean_of_set, variance_of_set, weighted_sum


@pytest.mark.parametrize("n", [2, 3, 8])
def test_they_are_what_torch_computes(n):
    random = torch.Generator().manual_seed(n)
    x, weights = (torch.randn(2, n, 3, 5, 7, generator=random) for _ in range(2))
    assert torch.allclose(mean_of_set(x), x.mean(1), atol=1e-6)
    assert torch.equal(max_of_set(x), x.amax(1))
    assert torch.allclose(weighted_sum(weights, x), (weights * x).sum(1), atol=1e-5)
    assert torch.allclose(weighted_sum(weights[:, :, :1], x), (weights[:, :, :1] * x).sum(1), atol=1e-5)
    assert torch.allclose(variance_of_set(x), x.var(1), atol=1e-5)


def test_equal_pictures_have_no_variance():
    x = torch.rand(2, 1, 3, 4, 4).expand(-1, 4, -1, -1, -1)
    assert torch.equal(variance_of_set(x), torch.zeros(2, 3, 4, 4))
