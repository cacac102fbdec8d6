"""Patches of luma: what is taken out of them, and what stays."""

import pytest
import torch

from stylefuse.metrics.patches import luma_patches
from support import smooth_pictures


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_patches_are_grey_and_standardised():
    patches = luma_patches(smooth_pictures(3, 40, 50), 24, 4, seeded())
    assert patches.shape == (12, 3, 24, 24)
    assert patches.eq(patches[:, :1]).all() and patches.abs().max() <= 1
    deviation, mean = torch.std_mean(patches[:, 0], dim=(1, 2), correction=0)
    assert mean.abs().max() < 0.02
    assert torch.allclose(deviation, torch.full((12,), 1 / 3), atol=0.02)


def test_tone_and_cast_are_gone():
    x = smooth_pictures(2, 40, 40)
    other = 0.5 * x + torch.tensor([0.3, 0.1, -0.2]).view(1, 3, 1, 1)
    assert torch.allclose(luma_patches(other, 24, 3, seeded()), luma_patches(x, 24, 3, seeded()), atol=0.02)


def test_the_seed_decides_the_places():
    x = smooth_pictures(2, 64, 64)
    assert luma_patches(x, 24, 3, seeded(1)).equal(luma_patches(x, 24, 3, seeded(1)))
    assert not luma_patches(x, 24, 3, seeded(1)).equal(luma_patches(x, 24, 3, seeded(2)))


def test_a_whole_picture_is_its_only_patch_and_a_flat_one_is_grey():
    assert luma_patches(torch.full((1, 3, 24, 24), 0.7), 24, 2, seeded()).abs().max() < 0.01


def test_small_pictures_are_refused():
    with pytest.raises(ValueError, match="patches of 24 px need larger pictures than 20×30"):
        luma_patches(torch.zeros(1, 3, 20, 30), 24, 1, seeded())
