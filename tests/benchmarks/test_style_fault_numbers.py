"""Numbers of frames, dots and colours react to the fault that they are named after, and are quiet without it."""

import pytest
import torch

from benchmarks.style.colours import colour_kept, hue_variety, strong_colours
from benchmarks.style.flat_places import coloured_dots
from benchmarks.style.lab import lab
from benchmarks.style.margins import border_effect, margin_step, margin_texture
from support import smooth_pictures


def photos(n=8, size=128, seed=0):
    """Smooth coloured pictures under fine grey noise, cut out of larger ones: those flatten towards their borders."""
    random = torch.Generator().manual_seed(seed)
    inside = (..., slice(16, 16 + size), slice(16, 16 + size))
    return 0.4 * smooth_pictures(n, 2 * size, 2 * size, seed)[inside] + 0.05 * torch.randn(
        n, 1, size, size, generator=random
    )


def tinted(x, *ab):
    """Add a little of one colour, given as red and blue."""
    return x + torch.tensor([ab[0], 0, ab[1]])[:, None, None]


def recoloured(x):
    return 0.8 * x.flip(1) + 0.1


# --- frames


@pytest.mark.parametrize("shade", [-0.3, 0.3])
def test_a_margin_or_a_corner_that_the_photo_does_not_have(shade):
    x = photos()
    margin, corner = recoloured(x), recoloured(x)
    margin[:, :, :, -6:] += shade
    corner[:, :, :12, :12] += shade
    assert abs(margin_step(recoloured(x), x)) < 0.1
    assert margin_step(margin, x) > 0.5 and margin_step(corner, x) > 0.5


def test_a_frame_of_the_photo_does_not_count():
    x = photos()
    x[:, :, :6] -= 0.3
    assert abs(margin_step(0.9 * x, x)) < 0.05 < margin_step(x)


def test_streaks_in_the_margins():
    x = photos()
    streaks = torch.zeros_like(x)
    streaks[:, :, :, :6:2] = 0.2
    streaks[:, :, :, -6::2] = 0.2
    assert margin_texture(0.7 * x, x) == pytest.approx(1, abs=0.1)
    assert margin_texture(x + streaks, x) > 1.3


def test_an_effect_of_the_border_shows_and_that_of_the_place_does_not():
    def framed(x):
        y = recoloured(x)
        y[:, :, :3] += 0.1
        y[:, :, -3:] += 0.1
        return y

    x = photos()
    assert border_effect(recoloured, x) == pytest.approx(0, abs=1e-3)
    # Two of four sides by 0.1 of 127.5 levels a unit.
    assert border_effect(framed, x) == pytest.approx(6.4, abs=0.2)


# --- colours


def test_known_colours_in_cielab():
    x = torch.tensor([[1.0, 1, 1], [-1, -1, -1], [1, -1, -1]])[:, :, None, None]
    found = lab(x)[:, :, 0, 0]
    expected = torch.tensor([[100, 0, 0], [0, 0, 0], [53.2, 80.1, 67.2]])
    assert torch.allclose(found, expected, atol=0.1)


def test_dots_of_colour_show_and_dots_of_grey_do_not():
    x = photos()
    dots = 0.1 * torch.randn(8, 1, 128, 128, generator=torch.Generator().manual_seed(1))
    coloured = dots * torch.tensor([1.0, -1, 0])[:, None, None]
    clean = coloured_dots(x, x)
    assert coloured_dots(x + dots, x) < clean + 2 and coloured_dots(x + coloured, x) > clean + 5


def test_few_orange_pictures_among_grey_ones():
    grey = 0.3 * photos().mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    paintings = tinted(grey, 0.02, -0.02)
    fakes = grey.clone()
    assert strong_colours(fakes, paintings) < 0.05
    fakes[:2, :, :64] = tinted(fakes[:2, :, :64], 0.4, -0.4)
    assert strong_colours(fakes, paintings) > 0.4


def test_one_hue_whatever_the_photo():
    x = photos(24)
    several = tinted(x, 0, 0)
    one = tinted(0.2 * x, 0.5, -0.2)
    assert hue_variety(one) < 0.1 < 0.4 < hue_variety(several)
    assert torch.isnan(torch.tensor(hue_variety(torch.zeros(2, 3, 64, 64))))


def test_colours_that_come_from_the_photo_and_those_that_do_not():
    x, other = photos(), photos(seed=1)
    assert colour_kept(recoloured(x), x) > 0.9
    assert colour_kept(other, x) < 0.3
    assert colour_kept(x, torch.zeros_like(x)) == pytest.approx(0, abs=1e-6)
