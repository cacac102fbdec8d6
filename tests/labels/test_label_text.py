"""The visible label: its height, its contrast, and what it leaves alone."""

import numpy as np
import pytest
from PIL import Image

from stylefuse.labels.visible import TEXTS, with_text

SIZES = [(64, 64), (64, 48), (48, 64), (64, 1000), (1000, 64), (1500, 1000), (1000, 1500)]


def grounds(width, height):
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return {"black": np.zeros_like(noise), "white": np.full_like(noise, 255), "noise": noise}


def luminance(levels):
    """Relative luminance of WCAG 2.2."""
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def contrast(text, ground):
    lighter, darker = sorted((luminance(text / 255), luminance(ground / 255)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def check(ground, language, name):
    height, width = ground.shape[:2]
    found = with_text(ground, language)
    changed = (found != ground).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert rows[0] > height * 0.3 and (columns[0] > width * 0.3 or width < 500), name  # in the corner
    corner = found[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    drawn = (corner > 180).all(axis=2)  # strokes; where they are thin, their edges are darker
    if name == "noise":
        drawn = (with_text(np.zeros_like(ground), language) > 128).all(axis=2)
        drawn = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    ink = np.flatnonzero(drawn.any(axis=1))
    assert ink[-1] - ink[0] + 1 >= 0.05 * min(width, height), name
    plate = np.percentile(corner[~drawn].mean(axis=1), 90) if name == "noise" else np.median(corner[~drawn])
    assert contrast(np.full(3, np.median(corner[drawn])), np.full(3, plate)) >= 4.5, name


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", TEXTS)
def test_the_text_is_high_enough_and_stands_out(size, language):
    for name, ground in grounds(*size).items():
        check(ground, language, name)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(6000, 4000), (4000, 6000)])
@pytest.mark.parametrize("language", TEXTS)
def test_so_it_is_on_24_megapixels(size, language):
    for name, ground in grounds(*size).items():
        check(ground, language, name)


@pytest.mark.parametrize("language", TEXTS)
def test_capital_letters_alone_have_the_height(language):
    found = with_text(np.zeros((400, 400), np.uint8), language)
    columns = np.flatnonzero((found > 128).any(axis=0))
    first = found[:, columns[0] : columns[0] + 10]  # of the A
    assert np.ptp(np.flatnonzero((first > 128).any(axis=1))) + 1 >= 0.05 * 400


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("grey", [True, False])
def test_depth_and_greyness_stay(dtype, grey):
    picture = np.full((100, 120) if grey else (100, 120, 3), 1000 if dtype == np.uint16 else 30, dtype)
    before = picture.copy()
    found = with_text(picture, "zh")
    assert (found.dtype, found.shape) == (picture.dtype, picture.shape)
    assert np.array_equal(picture, before) and np.array_equal(found[:50], picture[:50])
    assert found.max() > 0.9 * np.iinfo(dtype).max


def test_the_rest_of_a_picture_stays_as_it_is():
    picture = Image.effect_noise((300, 200), 50).convert("RGB")
    found = with_text(picture, "en")
    assert np.array_equal(np.asarray(found)[:150], np.asarray(picture)[:150])


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (16, 16)])
def test_tiny_pictures_do_no_harm(size):
    assert with_text(Image.new("RGB", size), "en").size == size
