"""Noise of a picture is estimated."""

import numpy as np
import pytest

from stylefuse.images.noise import noise_level


@pytest.mark.parametrize("sigma", [0.0, 5.0, 20.0])
def test_noise_is_found_beside_a_slope(sigma):
    slope = np.linspace(60, 190, 81)[:, None, None] * np.ones((1, 101, 3))
    noisy = slope + np.random.default_rng(0).normal(0, sigma, slope.shape)
    assert noise_level(noisy) == pytest.approx(sigma, rel=0.05, abs=0.3)


def test_a_picture_of_one_line_has_none():
    assert noise_level(np.zeros((1, 9), np.uint8)) == 0
