"""Margins of reproductions are found; what a picture shows is left alone."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from stylefuse.images.trim import Margins, cut, find_margins


@pytest.fixture
def painting():
    """A 200×150 picture of coarse coloured noise that reaches every side."""
    noise = np.random.default_rng(1).integers(30, 220, (15, 20, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((200, 150), Image.Resampling.NEAREST)


def framed(picture, left, top, right, bottom, colour):
    sheet = Image.new("RGB", (picture.width + left + right, picture.height + top + bottom), colour)
    sheet.paste(picture, (left, top))
    return sheet


def assert_close(found, expected):
    """The whole margin goes, and at most three pixels of the picture with it."""
    for name, a, b in zip(Margins._fields, found, expected, strict=True):
        assert b <= a <= b + 3, (name, found, expected)


@pytest.mark.parametrize("colour", ["white", "black", (128, 128, 128), (240, 235, 220)])
@pytest.mark.parametrize(
    "margins", [(30, 30, 30, 30), (0, 80, 0, 80), (60, 0, 60, 0), (20, 40, 30, 10)], ids=str
)
def test_mats_and_letterbox_bars_are_found(painting, colour, margins):
    found = find_margins(framed(painting, *margins, colour))
    for side, (a, b) in enumerate(zip(found, margins, strict=True)):
        assert (a == 0) if b == 0 else (b <= a <= b + 3), (side, found)


def test_noise_of_jpeg_and_a_soft_edge_do_not_hide_a_mat(painting, tmp_path):
    framed(painting, 30, 20, 30, 20, "white").filter(ImageFilter.GaussianBlur(0.7)).save(
        tmp_path / "a.jpg", quality=70
    )
    with Image.open(tmp_path / "a.jpg") as image:
        assert_close(find_margins(image.convert("RGB")), (30, 20, 30, 20))


def test_mat_in_a_mat_is_peeled(painting):
    inner = framed(painting, 12, 12, 12, 12, (90, 90, 90))
    assert_close(find_margins(framed(inner, 40, 20, 40, 20, "white")), (52, 32, 52, 32))


def test_white_strip_on_one_side_is_cut(painting):
    assert_close(find_margins(framed(painting, 0, 0, 0, 10, "white")), (0, 0, 0, 10))


def test_large_picture_is_cut_inside_its_margin(painting):
    large = framed(painting.resize((2000, 1500), Image.Resampling.NEAREST), 301, 203, 299, 197, "white")
    found = find_margins(large)
    assert all(b <= a <= b + 12 for a, b in zip(found, (301, 203, 299, 197), strict=True)), found
    assert (np.asarray(cut(large, found)) != 255).any(axis=2).all()


def sky_over_land():
    pixels = np.empty((150, 200, 3), np.uint8)
    pixels[:90] = (120, 170, 230)
    pixels[90:] = (40, 110, 50)
    return Image.fromarray(pixels)


def white_ground_with_strokes():
    pixels = np.full((150, 200, 3), 250, np.uint8)
    rng = np.random.default_rng(2)
    for _ in range(25):
        x, y = rng.integers(40, 160), rng.integers(30, 120)
        pixels[y : y + 2, x : x + rng.integers(5, 30)] = 20
    return Image.fromarray(pixels)


def round_painting():
    y, x = np.mgrid[:150, :200]
    inside = (x - 100) ** 2 + (y - 75) ** 2 < 60**2
    return Image.fromarray(np.where(inside[..., None], (90, 60, 40), (250, 250, 250)).astype(np.uint8))


def gradient_sky():
    column = np.linspace(250, 80, 150)[:, None, None]
    return Image.fromarray((column * np.ones((1, 200, 3))).astype(np.uint8))


def lead_around_glass():
    noise = np.random.default_rng(3).integers(60, 220, (15, 20, 3), dtype=np.uint8)
    return framed(Image.fromarray(noise).resize((252, 252), Image.Resampling.NEAREST), 2, 2, 2, 2, "black")


def mostly_margin():
    pixels = np.full((200, 200, 3), 255, np.uint8)
    pixels[95:105] = 30
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    "make",
    [
        sky_over_land,
        white_ground_with_strokes,
        round_painting,
        gradient_sky,
        lead_around_glass,
        mostly_margin,
    ],
)
def test_plain_content_is_left_alone(make):
    assert find_margins(make()) == Margins()


@pytest.mark.parametrize("colour", ["white", "black", (90, 140, 200)])
def test_flat_picture_is_left_alone(colour):
    assert find_margins(Image.new("RGB", (120, 90), colour)) == Margins()


def test_full_picture_is_left_alone(painting):
    assert find_margins(painting) == Margins()
    assert cut(painting, Margins()).tobytes() == painting.tobytes()


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (20, 20)])
def test_tiny_pictures_are_left_alone(size):
    assert find_margins(Image.new("RGB", size, "white")) == Margins()
