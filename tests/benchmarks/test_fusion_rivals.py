"""The rules and the network that the fuser is compared with must be sound, or beating them says nothing."""

import cv2
import numpy as np
import pytest
import torch

from benchmarks.fusion.scores import psnr, to_levels
from benchmarks.rivals.ifcnn import IFCNN, sets_of, train_ifcnn, train_step
from stylefuse.tasks.fuse.rules import RULES, average, guided_filter, laplacian_pyramid, maximum, mertens
from support import smooth_pictures


def scene(seed=0, size=128):
    """A textured coloured picture, size×size×3 float32 in [0, 1]."""
    random = np.random.default_rng(seed)
    soft = cv2.resize(
        random.random((6, 6, 3)).astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR
    )
    fine = cv2.GaussianBlur(random.random((size, size, 1)).astype(np.float32), (0, 0), 0.8)[..., None]
    return (0.7 * soft + 0.6 * (fine - 0.5) + 0.15).clip(0, 1)


def multi_focus(truth, n=2):
    """n pictures, each sharp in its own vertical strip, with a soft edge."""
    blurred = cv2.GaussianBlur(truth, (0, 0), 3)
    x = np.arange(truth.shape[1]) * n // truth.shape[1]
    masks = [cv2.GaussianBlur(np.tile(np.float32(x == i), (len(truth), 1)), (0, 0), 1.5) for i in range(n)]
    return np.stack([m[..., None] * truth + (1 - m[..., None]) * blurred for m in masks])


def decibels(picture, truth):
    return psnr(to_levels(picture), to_levels(truth))


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("name", RULES)
def test_equal_inputs_come_back(name, n):
    truth = scene()
    fused = RULES[name](np.stack([truth] * n))
    assert fused.shape == truth.shape and fused.dtype == np.float32
    assert np.abs(fused - truth).max() < 1 / 255


@pytest.mark.parametrize("name", RULES)
def test_the_order_of_the_inputs_does_not_matter(name):
    stack = multi_focus(scene(), 3)
    stack[0, :40, :40] = stack[1, :40, :40] = 0.5  # ties
    assert np.abs(RULES[name](stack) - RULES[name](stack[[2, 0, 1]])).max() < 1e-4


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("shape", [(16, 16), (37, 61)])
def test_rules_take_any_size_and_stay_in_range(name, shape):
    stack = np.random.default_rng(0).random((2, *shape, 3)).astype(np.float32)
    fused = RULES[name](stack)
    assert fused.shape == (*shape, 3)
    assert fused.min() >= 0 and fused.max() <= 1


@pytest.mark.parametrize("n", [2, 3])
def test_rules_that_choose_find_what_is_sharp(n):
    truth = scene()
    stack = multi_focus(truth, n)
    best_input = max(decibels(picture, truth) for picture in stack)
    for rule in (laplacian_pyramid, guided_filter, mertens):
        assert decibels(rule(stack), truth) > decibels(average(stack), truth) + 5, rule.__name__
        assert decibels(rule(stack), truth) > best_input + 5, rule.__name__


def test_average_and_maximum_are_what_they_are_called():
    stack = np.stack([np.full((16, 16, 3), v, np.float32) for v in (0.2, 0.4, 0.9)])
    assert average(stack) == pytest.approx(0.5)
    assert maximum(stack) == pytest.approx(0.9)


def test_mertens_chooses_in_grey_sets_too():
    truth = np.repeat(scene()[:, :, :1], 3, axis=2)
    stack = multi_focus(truth)
    assert decibels(mertens(stack), truth) > decibels(average(stack), truth) + 3


def test_a_copy_does_not_swamp_the_mean():
    truth = to_levels(scene())
    assert psnr(truth, truth) == 60
    assert psnr(np.full((16, 16, 3), 10, np.uint8), np.full((16, 16, 3), 20, np.uint8)) == pytest.approx(
        28.1308
    )


def test_what_is_no_number_is_not_scored():
    with pytest.raises(ValueError, match="not numbers"):
        to_levels(np.array([0.5, np.nan]))


def test_the_network_has_the_size_of_ifcnn():
    assert sum(p.numel() for p in IFCNN().parameters()) == 83_587


def test_the_network_takes_any_number_of_inputs_in_any_order():
    torch.manual_seed(0)
    network = IFCNN().eval()
    x = torch.rand(2, 3, 3, 20, 17) * 2 - 1
    assert network(x).shape == (2, 3, 20, 17)
    assert torch.allclose(network(x), network(x[:, [2, 0, 1]]), atol=1e-4)


def test_training_lowers_the_loss_on_a_batch():
    torch.manual_seed(0)
    network, truth = IFCNN().train(), smooth_pictures(5, 32, 32)
    sets = sets_of(truth, np.random.default_rng(0))
    assert sets.shape[0] == 5 and 2 <= sets.shape[1] <= 4
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3)
    losses = [train_step(network, optimiser, sets, truth) for _ in range(2)]
    assert losses[1] < losses[0]


def test_training_stops_when_its_time_is_up():
    truth, seen = smooth_pictures(2, 32, 32), []
    network = train_ifcnn(iter([truth] * 3), 1e-9, seed=0, on_step=lambda *facts: seen.append(facts))
    assert [(step, share) for step, _, share in seen] == [(1, 1.0)]
    assert not network.training
