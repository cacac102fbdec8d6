"""Statistics that are fixed for a shot: the same pictures are painted alike, whatever else is in a frame."""

import pytest
import torch

from stylefuse.networks.fixed import FixedGenerator
from stylefuse.networks.generator import style_weights
from support import lively_generator, smooth_pictures

STYLE = style_weights(torch.tensor([1]), 3)


@pytest.fixture(scope="module")
def generator():
    return lively_generator()


def test_statistics_of_one_picture_paint_it_as_before(generator):
    picture = smooth_pictures(1, 48, 48)
    fixed = FixedGenerator(generator)
    assert not fixed.used
    torch.testing.assert_close(fixed.generator(picture, STYLE), generator(picture, STYLE))
    assert fixed.used
    fixed.fix()
    torch.testing.assert_close(fixed.generator(picture, STYLE), generator(picture, STYLE), atol=1e-4, rtol=0)


def test_what_enters_on_the_right_leaves_the_left_as_it_is(generator):
    picture = smooth_pictures(1, 96, 96)
    entered = picture.clone()
    entered[..., 70:] = 1
    fixed = FixedGenerator(generator)
    fixed.generator(picture, STYLE)
    fixed.fix()
    left = [fixed.generator(each, STYLE)[..., :32] for each in (picture, entered)]
    torch.testing.assert_close(*left, atol=1e-5, rtol=0)
    own = [generator(each, STYLE)[..., :32] for each in (picture, entered)]
    assert (own[0] - own[1]).abs().max() > 1e-3


def test_means_of_several_pictures(generator):
    """Two pictures have the statistics of both side by side."""
    fixed = FixedGenerator(generator)
    for each in smooth_pictures(2, 48, 48):
        fixed.generator(each[None], STYLE)
    fixed.fix()
    out = fixed.generator(smooth_pictures(1, 48, 48), STYLE)
    assert out.isfinite().all() and out.abs().max() <= 1
