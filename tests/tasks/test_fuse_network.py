"""What must hold for any weights: order, number and size of the inputs, and that equal inputs come back."""

import pytest
import torch

from stylefuse.networks.pyramid import collapse, down, from_luma_chroma, laplacian, to_luma_chroma, up
from stylefuse.tasks.fuse.blend import apply_tone, blend, replace_rejected, wiener_filter
from stylefuse.tasks.fuse.config import FuserConfig
from stylefuse.tasks.fuse.network import MODES, Fuser, load_fuser, pack_fuser
from support import lively_generator, smooth_pictures

CONFIG = FuserConfig((8, 8, 8, 8, 8), (8, 8, 8))


def lively_fuser() -> Fuser:
    """A fuser that does all that a trained one does: at its start the residual and the tones are zero."""
    fuser = Fuser(lively_generator().encoder, CONFIG)
    torch.manual_seed(1)
    for parameter in fuser.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return fuser.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def fuser() -> Fuser:
    return lively_fuser()


def sets(n: int, height: int = 48, width: int = 48, count: int = 2) -> torch.Tensor:
    noise = torch.randn(count * n, 3, height, width, generator=torch.Generator().manual_seed(n)) * 0.1
    return (smooth_pictures(count * n, height, width) + noise).clamp(-1, 1).unflatten(0, (count, n))


def psnr(x: torch.Tensor, y: torch.Tensor) -> float:
    return float(-10 * (((x - y) / 2).square().mean() + 1e-12).log10())


@pytest.mark.parametrize("n", range(2, 9))
def test_any_number_of_pictures(fuser, n):
    x = sets(n)
    fused = fuser(x)
    assert fused.picture.shape == (2, 3, 48, 48)
    assert fused.weights.shape == (2, n, 1, 48, 48)
    assert fused.picture.abs().max() <= 1
    assert (fused.weights.sum(1) - 1).abs().max() < 1e-6
    assert (fused.mode.sum(1) - 1).abs().max() < 1e-6


@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_order_of_the_pictures_does_not_matter(fuser, n):
    x, order = sets(n), torch.randperm(n, generator=torch.Generator().manual_seed(2))
    one, other = fuser(x), fuser(x[:, order])
    assert (one.picture - other.picture).abs().max() < 1e-5
    assert (one.weights[:, order] - other.weights).abs().max() < 1e-5


@pytest.mark.parametrize("n", [2, 4, 8])
def test_equal_pictures_come_back(fuser, n):
    x = sets(1).expand(-1, n, -1, -1, -1)
    assert psnr(fuser(x).picture, x[:, 0]) > 100  # asked for are 45 dB; what agrees is not touched at all


@pytest.mark.parametrize("size", [(16, 16), (17, 16), (31, 45), (16, 99), (64, 33)])
def test_any_size_from_16_up(fuser, size):
    fused = fuser(sets(2, *size))
    assert fused.picture.shape[2:] == fused.weights.shape[3:] == size
    assert fused.picture.isfinite().all()


def test_each_mode_can_be_asked_for(fuser):
    x = sets(3)
    asked = [fuser(x, torch.eye(len(MODES))[[i, i]]) for i in range(len(MODES))]
    assert all(fused.mode[0].argmax() == i for i, fused in enumerate(asked))
    assert not torch.equal(asked[0].picture, asked[1].picture)


def test_at_its_start_it_keeps_the_sharper_of_two():
    torch.manual_seed(0)
    truth = sets(1)[:, 0]
    blurred = torch.nn.functional.avg_pool2d(truth, 5, stride=1, padding=2, count_include_pad=False)
    x = torch.stack([blurred, truth], 1)
    fresh = Fuser(lively_generator().encoder).eval().requires_grad_(False)
    assert psnr(fresh(x).picture, truth) > psnr(blurred, truth) + 10


def test_more_noisy_pictures_are_never_worse():
    """At its start, asked for noise: what training adds must not need this to hold."""
    torch.manual_seed(0)
    truth = smooth_pictures(2, 48, 48)
    noise = torch.randn(2, 8, 3, 48, 48, generator=torch.Generator().manual_seed(3)) * 0.16
    burst = (truth[:, None] + noise).clamp(-1, 1)
    fresh = Fuser(lively_generator().encoder, CONFIG).eval().requires_grad_(False)
    mode = torch.eye(len(MODES))[[MODES.index("noise")] * 2]
    reached = [psnr(fresh(burst[:, :n], mode).picture, truth) for n in range(2, 9)]
    assert reached == sorted(reached)
    assert reached[-1] > reached[0] + 1


def test_the_low_pass_rest_follows_what_is_sharp():
    """A lens blurs light, so that what is blurred is brighter too: averaging would change the tones of a region."""
    torch.manual_seed(0)
    truth = sets(1, 64, 64)[:, 0]
    blurred = torch.nn.functional.avg_pool2d(truth, 9, stride=1, padding=4, count_include_pad=False) + 0.1
    fresh = Fuser(lively_generator().encoder).eval().requires_grad_(False)
    focus = torch.eye(len(MODES))[[MODES.index("focus")] * 2]
    fused = fresh(torch.stack([blurred, truth], 1), focus).picture
    assert abs(float((fused - truth).mean())) < 0.03  # the mean of both is off by 0.05


def test_the_encoder_is_read_and_not_owned(fuser):
    fresh = Fuser(lively_generator().encoder, CONFIG)
    assert not any("encoder" in name or "stem" in name for name in fresh.state_dict())
    fresh(sets(2)).picture.mean().backward()
    assert all(p.grad is None for p in fresh._shared[0].parameters())


def test_a_batch_is_as_its_sets_alone(fuser):
    x = sets(3)
    assert (fuser(x).picture[1:] - fuser(x[1:]).picture).abs().max() < 1e-5


def asked_for(*modes: str) -> torch.Tensor:
    return torch.nn.functional.one_hot(
        torch.tensor([MODES.index(mode) for mode in modes]), len(MODES)
    ).float()


def test_damage_is_also_looked_at_in_smaller_copies(fuser):
    x, occlusion = sets(2, 144, 160, count=1), asked_for("occlusion")
    plan, decided = fuser.plan(x, occlusion), fuser.plan_multiscale(x, occlusion)
    # 72×80 px are padded to 80×80; 36 px are too small to be looked at
    smaller = fuser.plan(fuser.pad(down(x[0])[None]), occlusion)
    assert torch.allclose(decided.luma[1], (plan.luma[1] + smaller.luma[0][..., :72, :80]) / 2, atol=1e-4)
    assert torch.allclose(decided.luma[4], (plan.luma[4] + smaller.luma[3][..., :9, :10]) / 2, atol=1e-4)
    finest = (plan.luma[0] + up(smaller.luma[0][0])[None, ..., :144, :160]) / 2
    assert torch.allclose(decided.luma[0], finest, atol=1e-4)
    assert torch.equal(decided.tone, plan.tone) and torch.equal(decided.shrink[0], plan.shrink[0])


@pytest.mark.parametrize(("mode", "size"), [("focus", 160), ("noise", 160), ("occlusion", 112)])
def test_other_sets_and_small_ones_are_looked_at_once(fuser, mode, size):
    x = sets(2, size, size, count=1)
    plan, decided = fuser.plan(x, asked_for(mode)), fuser.plan_multiscale(x, asked_for(mode))
    assert all(torch.equal(a, b) for a, b in zip(plan.luma, decided.luma, strict=True))


def test_what_else_is_in_a_batch_changes_nothing_of_a_set(fuser):
    x = sets(2, 144, 144)
    both = fuser(x, asked_for("occlusion", "focus")).picture
    for index, mode in enumerate(("occlusion", "focus")):
        alone = fuser(x[index : index + 1], asked_for(mode)).picture
        assert (both[index : index + 1] - alone).abs().max() < 1e-4


@pytest.mark.parametrize("shape", [(2, 3, 48, 48), (2, 1, 3, 48, 48), (2, 2, 1, 48, 48)])
def test_what_is_no_batch_of_sets_is_refused(fuser, shape):
    with pytest.raises(ValueError, match="expected N×n×3×H×W"):
        fuser(torch.zeros(shape))


def test_it_goes_to_disk_and_back(fuser):
    weights = pack_fuser(fuser, "abc", images_seen=3)
    again = load_fuser(weights, lively_generator(), "abc")
    x = sets(2)
    assert torch.equal(again(x).picture, fuser(x).picture)
    with pytest.raises(ValueError, match=r"generator abc, this one is other: run the train_fusion"):
        load_fuser(weights, lively_generator(), "other")
    with pytest.raises(ValueError, match="not of a fuser"):
        load_fuser(weights._replace(facts={"kind": "critic"}), lively_generator(), "abc")


def test_pyramids_come_back_exactly():
    x = sets(1, 64, 96)[:, 0]
    parts = laplacian(x, 4)
    assert [part.shape[2] for part in parts] == [64, 32, 16, 8, 4]
    assert (collapse(parts) - x).abs().max() < 1e-6
    assert (from_luma_chroma(to_luma_chroma(x)) - x).abs().max() < 1e-6


def test_halving_and_doubling_keep_places():
    ramp = torch.arange(64.0).expand(1, 1, 64, 64)
    assert (up(down(ramp)) - ramp)[..., 4:-4].abs().max() < 1e-4


def test_tone_zero_changes_nothing_and_undoes_an_exposure():
    x = sets(1)[:, 0]
    assert (apply_tone(x, torch.zeros(2, 2)) - x).abs().max() < 1e-5
    darker = (x + 1) / 2 * 0.5 * 2 - 1
    brighter = apply_tone(darker, torch.tensor([0.0, 2.0]).log().nan_to_num(neginf=0.0).expand(2, 2))
    assert (brighter - x).abs().max() < 0.01


def test_what_is_lifted_far_beyond_white_still_learns_that_it_is():
    x, tone = torch.full((1, 3, 1, 1), 0.9), torch.tensor([[0.0, 3.0]], requires_grad=True)
    lifted = apply_tone(x, tone)
    assert lifted.max() < 2 and lifted.min() > 1
    lifted.sum().backward()
    assert tone.grad[0, 1] > 0.01


def test_what_is_not_chosen_gives_way_where_asked():
    x = torch.stack([torch.full((1, 3, 8, 8), -1.0), torch.full((1, 3, 8, 8), 0.5)], 1)
    logits = torch.tensor([0.0, 20.0])[None, :, None, None, None].expand(1, 2, 1, 8, 8)
    replaced, weights = replace_rejected(x, torch.ones(1, 1, 1, 8, 8), logits)
    assert (replaced - 0.5).abs().max() < 1e-6
    kept, _ = replace_rejected(x, torch.zeros(1, 1, 1, 8, 8), logits)
    assert torch.equal(kept, x)
    assert weights[0, 1].min() > 0.999


def test_without_residual_no_value_lies_far_outside_the_inputs(fuser):
    x = sets(3, 64, 64)
    plan = fuser.plan(x)._replace(tone=torch.zeros(2, 3, 2))
    picture, _ = blend(x, plan)
    overshoot = torch.maximum(picture - x.amax(1), x.amin(1) - picture).clamp_min(0)
    assert overshoot.mean() < 0.02


def test_noise_is_taken_out_where_pictures_disagree_and_only_there():
    band = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 0.1
    noise = torch.randn(1, 8, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 0.3
    amount = torch.ones(1, 2, 32, 32)
    sets = band[:, None] + noise
    for n in (2, 8):
        mean = sets[:, :n].mean(1)
        cleaned = wiener_filter(mean, sets[:, :n], amount)
        assert (cleaned - band).square().mean() < 0.9 * (mean - band).square().mean()
        assert torch.equal(wiener_filter(mean, sets[:, :n], amount * 0), mean)
    equal = band[:, None].expand(-1, 4, -1, -1, -1)
    assert torch.equal(wiener_filter(band, equal, amount), band)
