from itertools import pairwise

import numpy as np
import pytest
from imagehash import phash

from stylefuse.pipelines.sample.crops import Crop, choose_crops
from stylefuse.pipelines.sample.photographs import PHOTOGRAPHS, Photograph, open_photograph


def _overlap(a, b):
    return max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))


@pytest.mark.parametrize("photograph", PHOTOGRAPHS, ids=lambda photograph: photograph.name)
def test_regions_lie_inside_the_photograph_and_share_no_pixel(photograph):
    width, height = open_photograph(photograph).size
    for left, top, right, bottom in (photograph.content, photograph.style):
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
    assert _overlap(photograph.content, photograph.style) == 0


@pytest.mark.parametrize("region", ["content", "style"])
def test_crops_are_squares_inside_their_region_equally_shared(region):
    crops = choose_crops(PHOTOGRAPHS, region, 24, [3])
    for crop in crops:
        left, top, right, bottom = crop.box
        assert right - left == bottom - top >= 140
        assert _overlap(crop.box, getattr(crop.photograph, region)) == (right - left) * (bottom - top)
    counts = [sum(crop.photograph == photograph for crop in crops) for photograph in PHOTOGRAPHS]
    assert counts == [3] * len(PHOTOGRAPHS)
    assert {crop.flip for crop in crops} == {True, False}


def test_no_two_crops_look_alike():
    hashes = [phash(crop.cut(64)) for crop in choose_crops(PHOTOGRAPHS, "style", 80, [1])]
    assert min(a - b for i, a in enumerate(hashes) for b in hashes[:i]) > 8


def test_the_seed_decides_the_crops():
    first, again, other = (choose_crops(PHOTOGRAPHS, "content", 16, seed) for seed in ([1], [1], [2]))
    assert first == again
    assert first != other
    assert all(a != b for a, b in pairwise(first))


def test_flip_mirrors():
    box = (*PHOTOGRAPHS[0].content[:2], 200, 200)
    plain, flipped = (np.asarray(Crop(PHOTOGRAPHS[0], box, flip).cut(64)) for flip in (False, True))
    assert np.array_equal(plain[:, ::-1], flipped)


def test_a_missing_photograph_is_named_with_the_remedy():
    gone = Photograph("gone", "skimage", "data/no-such-file.png", (0, 0, 9, 9), (9, 0, 18, 9), "")
    with pytest.raises(FileNotFoundError, match=r"gone.*data/no-such-file\.png.*sample\.make: false"):
        open_photograph(gone)
    with pytest.raises(FileNotFoundError, match="no_such_package"):
        open_photograph(Photograph("gone", "no_such_package", "a.png", (0, 0, 9, 9), (9, 0, 18, 9), ""))
