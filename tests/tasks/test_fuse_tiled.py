"""Large pictures: decided small, blended at full size, as near to the whole as can be."""

import numpy as np
import pytest
import torch

from stylefuse._progress import listening
from stylefuse.tasks.fuse.network import Fuser
from stylefuse.tasks.fuse.pairs import synthesise
from stylefuse.tasks.fuse.tiled import fuse_any_size
from support import lively_generator, smooth_pictures


@pytest.fixture(scope="module")
def fuser() -> Fuser:
    """At its start: the choice follows local energy."""
    torch.manual_seed(0)
    return Fuser(lively_generator().encoder).eval().requires_grad_(False)


def truth_of(height: int, width: int) -> torch.Tensor:
    noise = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(1)) - 0.5
    return (smooth_pictures(1, height, width) * 0.7 + noise * 0.4).clamp(-1, 1)


def arrays(pictures: torch.Tensor, depth=np.uint8) -> list[np.ndarray]:
    most = np.iinfo(depth).max
    return [((p + 1) / 2 * most).round().permute(1, 2, 0).numpy().astype(depth) for p in pictures]


def psnr(x: np.ndarray, y: np.ndarray) -> float:
    return float(-10 * np.log10(np.square((x.astype(float) - y) / np.iinfo(x.dtype).max).mean() + 1e-12))


@pytest.mark.parametrize("size", [(128, 160), (131, 157)])
@pytest.mark.parametrize("halvings", [1, 2])
def test_halved_decisions_still_choose_the_sharp_pixels(fuser, size, halvings):
    truth = truth_of(*size)
    pair = arrays(synthesise("focus", truth, 2, np.random.default_rng(3))[0])
    (target,) = arrays(truth)
    work = size[0] * size[1] // 4**halvings + 300
    fused = fuse_any_size(fuser, pair, work_pixels=work)
    assert fused.picture.shape == target.shape
    assert psnr(fused.picture, target) > max(psnr(p, target) for p in pair) + 5
    assert np.allclose(sum(fused.weights), 1, atol=1e-5)
    assert fused.weights[0].shape == tuple(-(-side // 2**halvings) for side in size)


def test_strips_leave_no_seams(fuser, monkeypatch):
    pair = arrays(synthesise("focus", truth_of(640, 64), 2, np.random.default_rng(3))[0])
    one = fuse_any_size(fuser, pair, work_pixels=12_000).picture
    monkeypatch.setattr("stylefuse.tasks.fuse.tiled.STRIP", 64)
    other = fuse_any_size(fuser, pair, work_pixels=12_000).picture
    assert np.abs(one.astype(int) - other).max() <= 1


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("work", [10**6, 2_000])
def test_equal_pictures_come_back_with_all_their_levels(fuser, depth, work):
    levels = np.linspace(0, np.iinfo(depth).max, 96 * 96).round().astype(depth).reshape(96, 96)
    picture = np.repeat(levels[:, :, None], 3, axis=2)
    fused = fuse_any_size(fuser, [picture, picture], work_pixels=work).picture
    assert fused.dtype == depth
    assert np.abs(fused.astype(int) - picture).max() <= (0 if depth == np.uint8 else 1)
    assert len(np.unique(fused)) > 0.99 * len(np.unique(picture))


def test_it_says_how_far_it_is(fuser):
    told = []
    with listening(told.append):
        fuse_any_size(fuser, arrays(truth_of(600, 64)) * 2, work_pixels=12_000)
    assert told == sorted(told) and len(set(told)) == 4 and told[-1] == 1


def test_a_grey_and_a_colour_picture_of_two_depths_give_the_deeper_in_colour(fuser):
    colour = arrays(truth_of(64, 64), np.uint16)[0]
    grey = (colour[:, :, 1] >> 8).astype(np.uint8)
    fused = fuse_any_size(fuser, [grey, colour])
    assert fused.mode["multimodal"] == 1  # two sensors: nothing to guess
    assert fuse_any_size(fuser, [grey, colour], mode="focus").mode["focus"] == 1
    assert fused.picture.dtype == np.uint16
    assert fused.picture.shape == (64, 64, 3)


def test_a_mode_that_is_asked_for_is_the_mode_that_is_used(fuser):
    pair = arrays(truth_of(64, 64).repeat(2, 1, 1, 1))
    assert fuse_any_size(fuser, pair, mode="noise").mode["noise"] == 1
    assert sum(fuse_any_size(fuser, pair).mode.values()) == pytest.approx(1)


def test_what_cannot_be_fused_is_refused(fuser):
    a, b = np.zeros((32, 32, 3), np.uint8), np.zeros((32, 40, 3), np.uint8)
    with pytest.raises(ValueError, match="2 sizes"):
        fuse_any_size(fuser, [a, b])
    with pytest.raises(ValueError, match="no mode 'sharp': use one of focus"):
        fuse_any_size(fuser, [a, a], mode="sharp")


def test_a_dark_picture_in_colour_is_not_taken_for_grey(fuser):
    (bright,) = arrays(truth_of(64, 64))
    dark = (bright // 32).astype(np.uint8)  # colour is left, but little of it
    assert fuse_any_size(fuser, [dark, bright]).mode["multimodal"] < 1
