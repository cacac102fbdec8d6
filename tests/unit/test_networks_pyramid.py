"""Gradients of the pyramid and of sums over a set: those of their formulas."""

import pytest
import torch

from stylefuse.networks.pyramid import collapse, down, laplacian
from stylefuse.networks.sets import weighted_sum


def by_slices(x: torch.Tensor) -> torch.Tensor:
    """`down`, from slices alone."""
    x = torch.nn.functional.pad(x, (1, 1, 1, 1), mode="replicate")
    x = x[..., 0:-2:2, :] + x[..., 3::2, :] + 3 * (x[..., 1:-1:2, :] + x[..., 2::2, :])
    return (x[..., 0:-2:2] + x[..., 3::2] + 3 * (x[..., 1:-1:2] + x[..., 2::2])) / 64


@pytest.mark.parametrize("size", [(2, 2), (4, 6), (32, 20)])
def test_halving_has_the_gradient_of_its_slices(size):
    x = torch.randn(2, 3, *size, dtype=torch.float64, requires_grad=True)
    aim = torch.randn(2, 3, size[0] // 2, size[1] // 2, dtype=torch.float64)
    found, expected = (torch.autograd.grad((f(x) * aim).sum(), x)[0] for f in (down, by_slices))
    assert torch.allclose(down(x), by_slices(x)) and torch.allclose(found, expected, atol=1e-12)
    assert torch.equal(down(x), down(x.detach()))
    assert torch.autograd.gradgradcheck(down, x[:1, :1, :4, :4].detach().requires_grad_())


def test_a_pyramid_passes_its_gradient_on():
    x = torch.randn(1, 1, 16, 16, requires_grad=True)
    collapse(laplacian(x, 3)).square().sum().backward()
    assert torch.allclose(x.grad, 2 * x.detach(), atol=1e-4)


def test_a_weighted_sum_has_the_gradient_of_its_formula():
    weights, x = (torch.randn(2, 3, c, 4, 4, dtype=torch.float64, requires_grad=True) for c in (1, 5))
    assert torch.allclose(weighted_sum(weights, x), (weights * x).sum(1))
    assert torch.autograd.gradcheck(weighted_sum, (weights, x))
