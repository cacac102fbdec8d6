import numpy as np
import pytest
import torch

from serving_examples import landscape, picture
from stylefuse.images.io import to_tensor
from stylefuse.networks.generator import load_generator, style_weights
from stylefuse.serving.bundle import Bundle
from stylefuse.tasks.stylize.colour import preserve_color
from stylefuse.tasks.stylize.params import StylizeParams
from stylefuse.tasks.stylize.postprocess import adjust

INK, MONET = StylizeParams(style="ink"), StylizeParams(style="monet")


def with_(params, **changes):
    return params.model_copy(update=changes)


@pytest.fixture(scope="module")
def restyle(weights):
    return Bundle({"generator": weights}, device="cpu").predictor("stylize").restyle


def pixels(image):
    return np.asarray(image).astype(int)


@pytest.mark.parametrize("keep", ["none", "luma", "match"])
def test_strength_0_is_the_input_itself(restyle, keep):
    image = picture()
    assert np.array_equal(restyle(image, with_(INK, strength=0.0, preserve_color=keep)), image)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (33, 7), (64, 64)])
@pytest.mark.parametrize("whole_pixels", [10_000, 0])
def test_keeps_every_size(restyle, size, whole_pixels):
    result = restyle(picture(*size), MONET, whole_pixels)
    assert (result.size, result.mode) == (size, "RGB")


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (33, 67), (131, 70), (64, 64), (301, 33)])
def test_in_strips_it_comes_to_the_same(restyle, monkeypatch, size):
    monkeypatch.setattr("stylefuse.tasks.stylize.repaint.TILE_PIXELS", 300)
    image = landscape(*size)
    whole, strips = (pixels(restyle(image, MONET, limit)) for limit in (10**9, 0))
    assert np.abs(whole - strips).max() <= 1  # a level that rounding turned over
    assert (whole != strips).mean() < 0.001


def test_is_the_generator(restyle, weights):
    image = picture(64, 48)
    with torch.inference_mode():
        expected = load_generator(weights)(to_tensor(image)[None], style_weights(torch.tensor([2]), 3, 0.5))
    found = to_tensor(restyle(image, with_(MONET, strength=0.5)))
    assert (found - expected[0]).abs().max() <= 1 / 127.5


def test_a_mixture_is_the_generator_called_with_its_weights(restyle, weights):
    image = picture(64, 48)
    rows = torch.tensor([[0.2, 0.8 * 0.7, 0.8 * 0.3]])
    with torch.inference_mode():
        expected = load_generator(weights)(to_tensor(image)[None], rows)
    look = {"style": "ink:0.7,monet:0.3", "strength": 0.8}
    found = restyle(image, StylizeParams(**look))
    assert (to_tensor(found) - expected[0]).abs().max() <= 1 / 127.5
    other_way = restyle(image, StylizeParams(**{**look, "style": "monet:3, ink:7"}))
    assert np.array_equal(found, other_way)


def test_strength_grows_and_styles_differ(restyle):
    image = picture(64, 64)
    looks = [with_(MONET, strength=strength) for strength in (0.0, 0.5, 1.0)]
    change = [np.abs(pixels(restyle(image, look)) - pixels(image)).mean() for look in looks]
    assert change[0] == 0 and change[2] > 1
    assert not np.array_equal(restyle(image, INK), restyle(image, MONET))


def test_the_look_s_colours_and_finish_come_after_the_network(restyle):
    image = landscape()
    plain = restyle(image, MONET)
    kept = restyle(image, with_(MONET, preserve_color="luma"))
    assert np.array_equal(kept, preserve_color(plain, image, "luma"))
    assert not np.array_equal(kept, plain)
    both = restyle(image, with_(MONET, preserve_color="luma", contrast=1.3, sharpen=0.5))
    assert np.array_equal(both, adjust(kept, 1.3, 0.5))
    alone = restyle(image, with_(MONET, strength=0.0, contrast=1.3))
    assert np.array_equal(alone, adjust(image, 1.3))
