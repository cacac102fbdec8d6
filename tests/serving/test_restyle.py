import numpy as np
import pytest
import torch
from PIL import Image
from serving_examples import picture

from stylefuse.images.io import to_tensor
from stylefuse.networks.generator import load_generator, style_weights
from stylefuse.serving.restyle import Restyler


@pytest.fixture(scope="module")
def restyle(weights):
    return Restyler(weights, device="cpu")


def pixels(image):
    return np.asarray(image).astype(int)


def test_strength_0_is_the_input_itself(restyle):
    image = picture()
    assert np.array_equal(restyle(image, 1, 0.0), image)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (33, 7), (64, 64)])
@pytest.mark.parametrize("work_pixels", [10_000, 40])
def test_keeps_every_size(restyle, size, work_pixels):
    result = restyle(picture(*size), 2, 1.0, work_pixels)
    assert (result.size, result.mode) == (size, "RGB")


def test_is_the_generator(restyle, weights):
    image = picture(64, 48)
    with torch.inference_mode():
        expected = load_generator(weights)(to_tensor(image)[None], style_weights(torch.tensor([2]), 3, 0.5))
    found = to_tensor(restyle(image, 2, 0.5))
    assert (found - expected[0]).abs().max() <= 1 / 127.5


def test_strength_grows_and_styles_differ(restyle):
    image = picture(64, 64)
    change = [np.abs(pixels(restyle(image, 2, s)) - pixels(image)).mean() for s in (0.0, 0.5, 1.0)]
    assert change[0] == 0 and change[2] > 1
    assert not np.array_equal(restyle(image, 1, 1.0), restyle(image, 2, 1.0))


def test_a_large_picture_keeps_its_fine_detail(restyle):
    """Repainted at a quarter of its pixels; a checkerboard of single pixels would vanish if resized."""
    rows, columns = np.indices((96, 96))
    board = np.where((rows + columns) % 2, 140, 100).astype(np.uint8)
    image = Image.fromarray(np.stack([board] * 3, axis=-1))
    result = pixels(restyle(image, 2, 1.0, work_pixels=48 * 48)).mean(axis=-1)
    contrast = np.abs(np.diff(result[20:-20, 20:-20], axis=1)).mean()
    assert contrast > 5  # the tanh flattens some of the 40 levels; resizing would leave none
