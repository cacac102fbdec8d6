"""The colour transfer that styles must beat does what its paper says."""

import pytest
import torch
from skimage.color import rgb2lab

from benchmarks.rivals.reinhard import recolour
from support import smooth_pictures


def lab_moments(picture):
    lab = rgb2lab((picture.double().permute(1, 2, 0).numpy() + 1) / 2)
    return [*lab.mean((0, 1)), *lab.std((0, 1))]


def test_colours_get_the_references_mean_and_deviation():
    # Dull colours: none leaves sRGB, so nothing is clipped.
    photos, references = smooth_pictures(2, 40, 33, 1) * 0.3, smooth_pictures(2, 24, 50, 2) * 0.3 + 0.1
    moved = recolour(photos, references)
    assert moved.shape == photos.shape and moved.dtype == photos.dtype
    for one, reference in zip(moved, references, strict=True):
        assert lab_moments(one) == pytest.approx(lab_moments(reference), abs=0.05)
    assert torch.equal(recolour(photos, references[:1])[0], moved[0])
    assert torch.allclose(recolour(photos, photos), photos, atol=1e-3)


def test_colours_out_of_range_are_clipped_and_flat_photos_stay_flat():
    bright = torch.ones(1, 3, 8, 8) * torch.tensor([1.0, -1.0, 1.0])[:, None, None]
    bright[..., 4:] = -1
    assert recolour(smooth_pictures(1, 32, 32), bright).abs().max() <= 1
    flat = recolour(torch.zeros(1, 3, 32, 32), smooth_pictures(1, 32, 32))
    assert flat.isfinite().all() and flat.std((2, 3)).max() < 1e-3
