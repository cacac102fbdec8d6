"""Content scores: known values, and blindness to what belongs to the style."""

import pytest
import torch
from skimage.metrics import structural_similarity

from stylefuse.images.luma import WEIGHTS
from stylefuse.metrics.content import (
    STANDARDISED_RANGE,
    edge_correlation,
    luma_ssim,
    patch_retrieval,
    standardised_luma,
)
from stylefuse.metrics.similarity import psnr


def smooth_noise(n, size=48, seed=0):
    coarse = torch.rand(n, 3, size // 6, size // 6, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    return torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear") * 0.6


def test_a_picture_is_like_itself():
    x = smooth_noise(3)
    assert luma_ssim(x, x) == pytest.approx([1, 1, 1], abs=1e-5)
    assert edge_correlation(x, x) == pytest.approx([1, 1, 1], abs=1e-5)
    assert psnr(x, x) == pytest.approx([100, 100, 100])


def test_brightness_contrast_and_saturation_do_not_count():
    x = smooth_noise(3)
    assert luma_ssim(x, 0.5 * x + 0.3) == pytest.approx([1, 1, 1], abs=1e-3)
    assert edge_correlation(x, 0.5 * x + 0.3) == pytest.approx([1, 1, 1], abs=1e-3)
    grey = (x * torch.tensor(WEIGHTS).view(1, 3, 1, 1)).sum(1, keepdim=True).expand_as(x)
    assert luma_ssim(x, grey) == pytest.approx([1, 1, 1], abs=1e-3)


def test_structure_counts():
    x, other = smooth_noise(3), smooth_noise(3, seed=1)
    assert luma_ssim(x, other).max() < 0.5
    assert luma_ssim(x, -x).max() < 0  # an inverted picture is no copy
    assert edge_correlation(x, other).abs().max() < 0.5
    noisy = x + 0.2 * torch.randn(x.shape, generator=torch.Generator().manual_seed(2))
    assert (luma_ssim(x, noisy) < luma_ssim(x, x)).all()


def test_ssim_equals_that_of_scikit_image():
    x, y = smooth_noise(1), smooth_noise(1) * 0.8 + 0.1 * smooth_noise(1, seed=1)
    a, b = (standardised_luma(z)[0, 0].double().numpy() + STANDARDISED_RANGE / 2 for z in (x, y))
    expected = structural_similarity(
        a, b, data_range=STANDARDISED_RANGE, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert float(luma_ssim(x, y)) == pytest.approx(expected, abs=1e-3)


def test_standardised_luma_of_a_flat_picture_is_zero():
    flat = torch.full((1, 3, 16, 16), 0.25)
    assert standardised_luma(flat).abs().max() < 1e-3
    assert edge_correlation(flat, smooth_noise(1, 16)[:, :, :16, :16]) == pytest.approx([0], abs=1e-3)
    x = standardised_luma(smooth_noise(2))
    assert x.mean(dim=(1, 2, 3)) == pytest.approx([0, 0], abs=1e-4)
    assert x.std(dim=(1, 2, 3)) == pytest.approx([1, 1], abs=1e-2)


def test_patch_retrieval():
    keys = torch.randn(8, 64, 16, generator=torch.Generator().manual_seed(0))
    assert patch_retrieval(keys, keys) == 1
    assert patch_retrieval(3 * keys, keys) == 1
    random = torch.randn(8, 64, 16, generator=torch.Generator().manual_seed(1))
    assert patch_retrieval(random, keys) == pytest.approx(1 / 64, abs=0.03)
    assert patch_retrieval(keys.roll(1, dims=1), keys) == 0
    # keys of another picture are no rivals
    assert patch_retrieval(keys, torch.cat([keys[:1]] * 8)) < 0.2


def test_a_blank_picture_finds_nothing():
    keys = torch.ones(2, 16, 4)
    assert patch_retrieval(keys, keys) == 0


def test_pictures_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        luma_ssim(torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 17))
    with pytest.raises(ValueError, match="11×11"):
        luma_ssim(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8))
