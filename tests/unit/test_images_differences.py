"""Differences between photo and result: the map of how much each place was changed."""

import numpy as np
import pytest
from PIL import Image

from stylefuse.images.differences import FULL, MAP_SIDE, measured_differences, moved


def test_what_stays_is_black_and_black_to_white_is_white():
    before = Image.new("RGB", (40, 30))
    after = before.copy()
    after.paste((255, 255, 255), (0, 0, 10, 30))
    found = moved(before, after)
    assert (found.shape, found.dtype) == ((30, 40), np.float32)
    assert (found[:, :10] == 1).all() and (found[:, 10:] == 0).all()


def test_map_and_number_have_one_formula():
    greys = [Image.new("RGB", (8, 8), (level,) * 3) for level in (119, 145)]  # L* 50 and 60: 9.5 by CIEDE2000
    measured = measured_differences(*greys)["colour_difference"]
    assert measured == pytest.approx(9.5, abs=0.2)
    assert moved(*greys).mean() * FULL == pytest.approx(measured, abs=0.01)


def test_large_pictures_give_small_maps():
    picture = Image.new("RGB", (3000, 1500))
    assert moved(picture, picture).shape == (MAP_SIDE // 2, MAP_SIDE)
