"""Distances between sets of features: values known in closed form."""

import math

import numpy as np
import pytest
import torch
from scipy import linalg

from stylefuse.metrics.distribution import (
    bootstrap,
    frechet_distance,
    kernel_distance,
    normalised_score,
    sliced_wasserstein,
)

DISTANCES = [sliced_wasserstein, kernel_distance, frechet_distance]


def gauss(n, d, seed, shift=0.0, scale=1.0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) * scale + shift


@pytest.mark.parametrize("distance", [sliced_wasserstein, frechet_distance])
@pytest.mark.parametrize("n", [6, 100])  # fewer and more rows than columns
def test_equal_sets_are_at_distance_zero(distance, n):
    a = gauss(n, 16, 0)
    assert distance(a, a[torch.randperm(n)]) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("n", [6, 100])
def test_a_shift_counts_squared(n):
    a = gauss(n, 16, 0)
    shift = torch.linspace(-1, 2, 16)
    assert frechet_distance(a, a + shift) == pytest.approx(float(shift.square().sum()), rel=1e-5)
    # 3·d·E[(u·δ)²] = 3·‖δ‖², up to the sampling of directions
    assert sliced_wasserstein(a, a + shift, directions=4000) == pytest.approx(
        3 * float(shift.square().sum()), rel=0.08
    )


def test_frechet_of_gaussians_with_known_deviations():
    a, b = gauss(20_000, 4, 0), gauss(20_000, 4, 1, scale=3.0)
    assert frechet_distance(a, b) == pytest.approx(4 * (3 - 1) ** 2, rel=0.03)


@pytest.mark.parametrize("n", [12, 60])
def test_frechet_equals_the_textbook_formula(n):
    a, b = gauss(n, 16, 0).double().numpy(), gauss(n, 16, 1, shift=0.3, scale=1.5).double().numpy()
    ca, cb = np.cov(a.T), np.cov(b.T)
    root = linalg.sqrtm(ca @ cb).real if n > 16 else None
    # for singular covariances scipy's root is unreliable: use the eigenvalues
    trace = np.trace(root) if root is not None else np.sqrt(np.abs(np.linalg.eigvals(ca @ cb))).sum()
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca) + np.trace(cb) - 2 * trace
    assert frechet_distance(torch.tensor(a), torch.tensor(b)) == pytest.approx(expected, rel=1e-4)


def test_frechet_is_biased_in_small_sets_and_kernel_distance_is_not():
    small = [(gauss(10, 32, 2 * i), gauss(10, 32, 2 * i + 1)) for i in range(200)]
    kernel = torch.tensor([kernel_distance(a, b) for a, b in small])
    assert abs(kernel.mean()) < 3 * kernel.std() / math.sqrt(len(kernel))
    assert kernel.min() < 0 < kernel.max()
    assert min(frechet_distance(a, b) for a, b in small[:20]) > 1


def test_kernel_distance_equals_its_definition():
    a, b = gauss(5, 3, 0).double(), gauss(4, 3, 1, shift=1).double()
    k = lambda x, y: (float(x @ y) / 3 + 1) ** 3  # noqa: E731
    within = lambda s: np.mean([k(x, y) for i, x in enumerate(s) for j, y in enumerate(s) if i != j])  # noqa: E731
    expected = within(a) + within(b) - 2 * np.mean([k(x, y) for x in a for y in b])
    assert kernel_distance(a, b) == pytest.approx(expected)


def test_sliced_wasserstein_of_unequal_sets():
    a, b = gauss(400, 8, 0), gauss(250, 8, 1)
    near, far = sliced_wasserstein(a, b, 200), sliced_wasserstein(a, b + 1, 200)
    assert near < 1.5
    assert far == pytest.approx(3 * 8, rel=0.25)
    assert sliced_wasserstein(a, b, 200) == pytest.approx(sliced_wasserstein(b, a, 200))
    # a set and the same set with every row twice have one distribution
    assert sliced_wasserstein(a, a.repeat(2, 1), 200) < 0.02


def test_sliced_wasserstein_depends_on_the_seed_alone():
    a, b = gauss(30, 8, 0), gauss(30, 8, 1)
    assert sliced_wasserstein(a, b, 50, seed=3) == sliced_wasserstein(a, b, 50, seed=3)
    assert sliced_wasserstein(a, b, 50, seed=3) != sliced_wasserstein(a, b, 50, seed=4)


@pytest.mark.parametrize("distance", DISTANCES)
def test_unusable_sets_are_refused(distance):
    with pytest.raises(ValueError, match="width"):
        distance(gauss(5, 3, 0), gauss(5, 4, 0))
    with pytest.raises(ValueError, match="at least"):
        distance(gauss(0, 3, 0), gauss(5, 3, 0))


def test_bootstrap_interval_covers_the_truth_about_as_often_as_it_says():
    def shift_of_means(a, b):
        return float((a.mean(0) - b.mean(0)).sum())

    hits = 0
    for i in range(100):
        low, high = bootstrap(shift_of_means, gauss(40, 1, 2 * i, shift=0.5), gauss(40, 1, 2 * i + 1), 100, i)
        hits += low <= 0.5 <= high
    assert 80 <= hits <= 98


@pytest.mark.parametrize("distance", DISTANCES)
def test_bootstrap_interval_is_around_the_estimate(distance):
    a, b = gauss(30, 8, 0), gauss(30, 8, 1, shift=0.7)
    low, high = bootstrap(distance, a, b, 50, 0)
    assert low < distance(a, b) < high
    moved = bootstrap(distance, a, b, 50, 0, centre=100.0)
    assert moved == pytest.approx((low - distance(a, b) + 100, high - distance(a, b) + 100))


def test_score_anchors():
    assert normalised_score(photo=5.0, fake=5.0, half=1.0).value == 0
    assert normalised_score(photo=5.0, fake=1.0, half=1.0).value == 1
    assert normalised_score(photo=5.0, fake=7.0, half=1.0).value == -0.5


@pytest.mark.parametrize("photo, fake, half", [(1.0, 0.5, 1.0), (1.0, 0.5, 2.0), (1.0, math.nan, 0.5)])
def test_no_score_without_a_gap(photo, fake, half):
    score = normalised_score(photo, fake, half)
    assert score.value is None
    assert score.reason
