"""The photo's colours in the restyled picture."""

import numpy as np
import pytest
from PIL import Image

from serving_examples import landscape
from stylefuse.tasks.stylize.colour import colours, matching, preserve_color

# ITU-R BT.601, full range: luma, then the differences that chroma is made of.
YCBCR = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


@pytest.fixture(scope="module")
def photo():
    """Of middling levels: nothing is clipped."""
    return landscape(90, 61).point(lambda level: 90 + level // 4)


@pytest.fixture(scope="module")
def restyled():
    other = landscape(90, 61, seed=3)
    return Image.merge("RGB", other.split()[::-1]).point(lambda level: 70 + level // 3)


def ycbcr(image):
    return np.asarray(image) @ YCBCR.T


def test_none_leaves_the_picture(photo, restyled):
    assert preserve_color(restyled, photo, "none") is restyled


def test_luma_is_the_restyled_one_and_chroma_the_photo_s(photo, restyled):
    kept = ycbcr(preserve_color(restyled, photo, "luma"))
    assert np.abs(kept[..., 0] - ycbcr(restyled)[..., 0]).max() <= 0.5 + 1e-6
    assert np.abs(kept[..., 1:] - ycbcr(photo)[..., 1:]).max() < 1e-6


def test_luma_is_clipped_where_it_must_be():
    photo, white = Image.new("RGB", (4, 4), (250, 120, 10)), Image.new("RGB", (4, 4), "white")
    assert np.asarray(preserve_color(white, photo, "luma"))[0, 0].tolist() == [255, 229, 119]


def test_match_has_the_photo_s_mean_and_covariance(photo, restyled):
    matched = preserve_color(restyled, photo, "match")
    for found, wanted, before in zip(*(colours(each) for each in (matched, photo, restyled)), strict=True):
        assert np.abs(found - wanted).max() < 0.01 * np.abs(wanted).max() + 0.2
        assert np.abs(before - wanted).max() > 10 * np.abs(found - wanted).max()


def test_colours_are_numpy_s(photo):
    mean, covariance = colours(photo)
    levels = np.asarray(photo).reshape(-1, 3).astype(float)
    assert np.allclose(mean, levels.mean(0)) and np.allclose(covariance, np.cov(levels.T, bias=True))


def test_equal_colours_are_left_alone(photo):
    matrix, shift = matching(*colours(photo), *colours(photo))
    assert np.allclose(matrix, np.eye(3), atol=1e-6) and np.allclose(shift, 0, atol=1e-4)
    assert np.array_equal(preserve_color(photo, photo, "match"), photo)


@pytest.mark.parametrize("flat", ["black", "white", (10, 200, 30)])
def test_flat_and_grey_pictures_stay_sound(photo, flat):
    one = Image.new("RGB", photo.size, flat)
    grey = photo.convert("L").convert("RGB")
    assert np.ptp(np.asarray(preserve_color(one, photo, "match")), axis=(0, 1)).max() == 0
    assert np.array_equal(preserve_color(photo, one, "match"), one)
    back = np.asarray(preserve_color(photo, grey, "match")).astype(int)
    assert np.ptp(back, axis=2).max() <= 1
    # No chroma to enlarge: noise of rounding does not turn into colour.
    noisy = np.asarray(grey).astype(int) + np.random.default_rng(0).integers(0, 2, (*photo.size[::-1], 3))
    colourful = np.asarray(preserve_color(Image.fromarray(noisy.astype(np.uint8)), photo, "match"))
    assert np.ptp(colourful.astype(int) - noisy, axis=2).std() < 20
