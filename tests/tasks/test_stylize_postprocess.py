"""Contrast and sharpness do what their documentation says."""

import numpy as np
import pytest
from PIL import Image

from serving_examples import landscape
from stylefuse.tasks.stylize.postprocess import RADIUS, adjust


def pixels(image):
    return np.asarray(image).astype(float)


def test_off_it_is_the_same_picture():
    image = landscape()
    assert adjust(image) is image and adjust(image, 1.0, 0.0) is image


@pytest.mark.parametrize("contrast", [0.5, 0.8, 1.3, 2.0])
def test_contrast_is_a_factor_around_the_mean_luma(contrast):
    image = landscape().point(lambda level: 100 + level // 5)  # nothing is clipped
    before, after = pixels(image), pixels(adjust(image, contrast))
    mean = pixels(image.convert("L")).mean()
    assert np.abs(after - (mean + contrast * (before - mean))).max() <= 0.5 + 1e-9
    assert pixels(adjust(image, contrast).convert("L")).mean() == pytest.approx(mean, abs=0.6)


def test_contrast_is_clipped():
    halves = Image.new("RGB", (4, 2), "white")
    halves.paste((0, 0, 0), (0, 0, 2, 2))
    assert np.array_equal(adjust(halves, 2.0), halves)


@pytest.mark.parametrize("sharpen", [0.5, 1.0, 2.0])
def test_sharpening_is_an_unsharp_mask(sharpen):
    """At a step, the overshoot is the amount times what the blur takes away; flat parts stay."""
    step = np.full((40, 60, 3), 100, np.uint8)
    step[:, 30:] = 150
    after = pixels(adjust(Image.fromarray(step), sharpen=sharpen))
    assert np.array_equal(after[:, :22], step[:, :22]) and np.array_equal(after[:, 38:], step[:, 38:])
    distance = np.arange(-60, 60)
    blur = np.exp(-(distance**2) / (2 * RADIUS**2))
    beside = 50 * blur[distance > 0].sum() / blur.sum()  # of the step, on the pixel next to it
    assert after[20, 29, 0] == pytest.approx(100 - sharpen * beside, abs=2 * sharpen + 1)
    assert after[20, 30, 0] == pytest.approx(150 + sharpen * beside, abs=2 * sharpen + 1)


def test_contrast_comes_first():
    image = landscape()
    assert np.array_equal(adjust(image, 1.5, 1.0), adjust(adjust(image, 1.5), sharpen=1.0))
