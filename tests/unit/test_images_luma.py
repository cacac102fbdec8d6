"""Luma, the one definition, against Pillow's and in both of its forms."""

import numpy as np
import pytest
import torch
from PIL import Image

from stylefuse.images.luma import WEIGHTS, batch_luma, luma

PIXELS = np.random.default_rng(0).integers(0, 256, (7, 9, 3), np.uint8)


def test_it_is_pillows_but_for_rounding():
    grey = np.asarray(Image.fromarray(PIXELS).convert("L")).astype(float)
    assert np.abs(luma(PIXELS) - grey).max() < 0.51


def test_weights_sum_to_one():
    assert sum(WEIGHTS) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_levels_become_float32(dtype):
    assert luma(PIXELS.astype(dtype)).dtype == np.float32


def test_batches_have_the_same_luma():
    x = torch.from_numpy(PIXELS.astype(np.float32)).permute(2, 0, 1)[None]
    assert batch_luma(x).shape == (1, 1, 7, 9)
    assert batch_luma(x)[0, 0].numpy() == pytest.approx(luma(PIXELS), rel=1e-6)


def test_batches_have_a_gradient():
    x = torch.zeros(2, 3, 4, 5, requires_grad=True)
    batch_luma(x).sum().backward()
    assert x.grad[0, :, 0, 0].tolist() == pytest.approx(WEIGHTS)
