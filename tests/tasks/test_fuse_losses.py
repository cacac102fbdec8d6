import math

import pytest
import torch

from stylefuse.losses.errors import log_error_loss
from stylefuse.tasks.fuse.losses import best_of_inputs_loss, dissimilarity_loss, mode_loss
from support import smooth_pictures

TRUTH = smooth_pictures(2, 32, 32)


def noise(seed: int = 0) -> torch.Tensor:
    return torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def test_the_truth_itself_costs_nothing_more():
    assert log_error_loss(TRUTH, TRUTH) == pytest.approx(-6)  # 60 dB, the floor
    assert dissimilarity_loss(TRUTH, TRUTH) == pytest.approx(0, abs=1e-6)


def test_ten_times_the_error_costs_two_whatever_its_size():
    for size in (0.02, 0.2):
        ten = log_error_loss(TRUTH + 10 * size * noise(), TRUTH) - log_error_loss(
            TRUTH + size * noise(), TRUTH
        )
        assert ten == pytest.approx(2, abs=0.01)


def test_each_picture_counts_alike_however_bad_another_is():
    fused = torch.cat([TRUTH[:1] + 0.02, TRUTH[1:] + 0.5])
    expected = (math.log10(0.01**2 + 1e-6) + math.log10(0.25**2 + 1e-6)) / 2
    assert log_error_loss(fused, TRUTH) == pytest.approx(expected, abs=1e-4)


def test_without_truth_the_brighter_and_steeper_input_is_aimed_at():
    dark = TRUTH * 0.2 - 0.8
    inputs = torch.stack([TRUTH, dark], 1)
    losses = [best_of_inputs_loss(fused, inputs) for fused in (TRUTH, (TRUTH + dark) / 2, dark)]
    assert losses == sorted(losses)


def test_the_order_of_the_inputs_does_not_matter():
    inputs = torch.stack([TRUTH, noise().clamp(-1, 1), -TRUTH], 1)
    assert best_of_inputs_loss(TRUTH, inputs).item() == pytest.approx(
        best_of_inputs_loss(TRUTH, inputs[:, [2, 0, 1]]).item(), abs=1e-6
    )


def test_a_flat_set_gives_finite_gradients():
    fused = torch.zeros(1, 3, 16, 16, requires_grad=True)
    best_of_inputs_loss(fused, torch.zeros(1, 2, 3, 16, 16)).backward()
    assert fused.grad.isfinite().all()


def test_an_undecided_mode_costs_the_logarithm_of_their_number():
    assert mode_loss(torch.zeros(3, 5), torch.tensor([0, 2, 4])) == pytest.approx(math.log(5))
