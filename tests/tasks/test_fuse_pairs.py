"""Sets made from photos: seeded, of the right kind, and other in tests than in training."""

import numpy as np
import pytest
import torch

from stylefuse.tasks.fuse.fills import random_fill
from stylefuse.tasks.fuse.pairs import KINDS, WITH_TRUTH, synthesise
from stylefuse.tasks.fuse.regions import random_regions
from support import smooth_pictures


def textured(count: int = 2, side: int = 64) -> torch.Tensor:
    noise = torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(1)) - 0.5
    return (smooth_pictures(count, side, side) * 0.7 + noise * 0.3).clamp(-1, 1)


def made(kind: str, n: int = 2, seed: int = 0, unseen: bool = False, truth: torch.Tensor | None = None):
    return synthesise(kind, textured() if truth is None else truth, n, np.random.default_rng(seed), unseen)


def psnr(x: torch.Tensor, y: torch.Tensor) -> float:
    return float(-10 * ((x - y) / 2).square().mean().log10())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [2, 3, 8])
@pytest.mark.parametrize("unseen", [False, True])
def test_a_set_has_its_shape_range_and_eight_bits(kind, n, unseen):
    x = made(kind, n, unseen=unseen)
    assert x.shape == (2, n, 3, 64, 64)
    levels = (x + 1) * 127.5
    assert levels.min() >= 0
    assert levels.max() <= 255
    assert torch.allclose(levels, levels.round(), atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_seeds_make_equal_sets_and_others_do_not(kind):
    assert torch.equal(made(kind), made(kind))
    assert not torch.equal(made(kind), made(kind, seed=1))


@pytest.mark.parametrize("kind", KINDS)
def test_what_tests_see_no_training_has_seen(kind):
    if kind == "sensors":
        pytest.skip("it has no truth, so no result to hold against it")
    assert not torch.equal(made(kind), made(kind, unseen=True))


@pytest.mark.parametrize("kind", WITH_TRUTH)
def test_every_picture_is_worse_than_the_truth(kind):
    truth = textured()
    x = made(kind, 3, truth=truth)
    assert max(psnr(x[i, j], truth[i]) for i in range(2) for j in range(3)) < 40


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("unseen", [False, True])
def test_occluded_pictures_show_all_of_the_truth_together(n, unseen):
    truth = textured()
    x = made("occlusion", n, unseen=unseen, truth=truth)
    nearest = (x - truth[:, None]).abs().amax(2).amin(1)
    assert nearest.max() <= 1.01 / 127.5


def test_focus_keeps_each_place_sharp_somewhere():
    truth = textured()
    x = made("focus", truth=truth)
    nearest = (x - truth[:, None]).abs().mean(2).amin(1)
    assert nearest.mean() < 0.3 * (x - truth[:, None]).abs().mean()


def test_exposures_lie_on_both_sides_of_the_truth():
    truth = textured()
    means = made("exposure", 3, truth=truth).mean((2, 3, 4))
    assert (means.amin(1) < truth.mean((1, 2, 3)) - 0.1).all()
    assert (means.amax(1) > truth.mean((1, 2, 3)) + 0.1).all()


def test_some_training_brackets_have_more_light_and_shade_than_their_photo():
    truth = torch.full((1, 3, 64, 64), -0.4)
    truth[..., 32:] = 0.4
    made_of = [made("exposure", 3, seed, truth=truth)[0] for seed in range(20)]
    # In the middle picture the bright half is about as it should be; the dark half shows how it was lit.
    dark = [x[(x[..., 48:].mean((1, 2, 3)) - 0.4).abs().argmin(), ..., :16].mean() for x in made_of]
    assert min(dark) < -0.75
    assert sorted(dark)[10] > -0.75


def test_noise_is_independent():
    truth = torch.zeros(1, 3, 64, 64)
    a, b = (made("noise", truth=truth) - truth[:, None])[0]
    assert abs(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1]) < 0.05


def test_colour_comes_from_one_side_and_structure_from_the_other():
    x = made("colour_structure")
    spread = (x.amax(2) - x.amin(2)).mean((2, 3))
    assert (spread.amin(1) < 0.01).all()
    assert (spread.amax(1) > 0.05).all()


@pytest.mark.parametrize("n", [2, 3, 6])
@pytest.mark.parametrize("unseen", [False, True])
def test_regions_cover_each_place_once(n, unseen):
    for seed in range(5):
        regions = random_regions(40, 56, n, np.random.default_rng(seed), unseen)
        assert regions.shape == (n, 40, 56)
        assert (regions.sum(0) == 1).all()


@pytest.mark.parametrize("unseen", [False, True])
def test_fills_stay_in_range_and_take_any_size(unseen):
    for seed in range(12):
        fill = random_fill(33, 47, np.random.default_rng(seed), unseen)
        assert fill.shape == (33, 47, 3)
        assert fill.min() >= 0
        assert fill.max() <= 1


def test_what_cannot_be_made_is_refused_by_name():
    with pytest.raises(ValueError, match="no kind of set 'sharp': use one of focus"):
        made("sharp")
    for n in (1, 9):
        with pytest.raises(ValueError, match=f"n is {n}: a set has 2 to 8"):
            made("focus", n)
