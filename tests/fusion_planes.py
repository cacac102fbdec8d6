"""Grey planes for the tests of fusion metrics, float64 in [0, 255]."""

import numpy as np
from scipy.ndimage import gaussian_filter


def texture(seed=0, shape=(64, 64)):
    """8-bit grey with coarse and fine detail."""
    noise = np.random.default_rng(seed).standard_normal((2, *shape))
    x = gaussian_filter(noise[0], 6) * 12 + gaussian_filter(noise[1], 1)
    return np.rint(128 + 40 * x / x.std()).clip(0, 255)


def flat(level, size=64):
    return np.full((size, size), float(level))
