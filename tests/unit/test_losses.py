"""Known values of the losses, and the signs that formulation.md corrects in the article."""

import math

import pytest
import torch

from stylefuse.losses.adversarial import (
    relativistic_critic_loss,
    relativistic_generator_loss,
    zero_centred_penalty,
)
from stylefuse.losses.content import (
    feature_content_loss,
    low_pass_luma_loss,
    patch_nce_loss,
)
from stylefuse.losses.style import colour_directions, colour_loss, colour_quantiles, style_loss
from support import smooth_pictures


def maps(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(3, c, s, s, generator=generator) for c, s in ((4, 8), (6, 4))]


@pytest.mark.parametrize("loss", [relativistic_critic_loss, relativistic_generator_loss])
def test_equal_logits_cost_log_2(loss):
    logits = torch.tensor([-3.0, 0.0, 50.0])
    assert loss(logits, logits).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("loss", [relativistic_critic_loss, relativistic_generator_loss])
def test_extreme_logits_stay_finite(loss):
    far = torch.tensor([1e4, -1e4])
    assert loss(far, -far).isfinite()


def test_the_critic_wants_reals_up_and_fakes_down():
    """Item 2: the printed loss has both signs the wrong way round."""
    real, fake = (torch.randn(8).requires_grad_() for _ in range(2))
    relativistic_critic_loss(real, fake).backward()
    assert (real.grad < 0).all() and (fake.grad > 0).all()


def test_the_generator_wants_fakes_up():
    """Item 3: the printed loss drives G away from fooling D."""
    real, fake = torch.randn(8), torch.randn(8).requires_grad_()
    relativistic_generator_loss(real, fake).backward()
    assert (fake.grad < 0).all()


def test_the_game_is_symmetric():
    real, fake = torch.randn(8), torch.randn(8)
    assert relativistic_generator_loss(real, fake) == relativistic_critic_loss(fake, real)


def test_penalty_of_a_linear_critic():
    weight = torch.randn(3, 8, 8)
    pictures = torch.randn(5, 3, 8, 8, requires_grad=True)
    penalty = zero_centred_penalty((pictures * weight).sum(dim=(1, 2, 3)), pictures)
    assert penalty.item() == pytest.approx(weight.square().sum().item() / 2, rel=1e-6)


def test_penalty_can_be_learned_from():
    weight = torch.randn(3, 4, 4, requires_grad=True)
    pictures = torch.randn(2, 3, 4, 4, requires_grad=True)
    zero_centred_penalty((pictures * weight).sum(dim=(1, 2, 3)), pictures).backward()
    assert torch.allclose(weight.grad, weight, atol=1e-6)


def test_matching_patches_cost_less():
    keys = torch.randn(2, 16, 32)
    matching = patch_nce_loss(keys + 0.1 * torch.randn_like(keys), keys)
    assert matching < patch_nce_loss(keys.roll(1, dims=1), keys)
    assert matching < 0.1


def test_indistinct_patches_cost_the_log_of_their_number():
    same = torch.ones(2, 16, 8)
    assert patch_nce_loss(same, same).item() == pytest.approx(math.log(16), rel=1e-5)


def test_patches_are_compared_within_their_picture():
    keys = torch.randn(2, 16, 32)
    assert patch_nce_loss(keys.flip(0), keys) > patch_nce_loss(keys, keys) + 1


def test_the_photos_patches_get_no_gradient():
    queries, keys = (torch.randn(1, 4, 8, requires_grad=True) for _ in range(2))
    patch_nce_loss(queries, keys).backward()
    assert queries.grad.abs().sum() > 0 and keys.grad is None


def test_low_pass_luma():
    photo = smooth_pictures(2, 64, 64)
    assert low_pass_luma_loss(photo, photo) == 0
    assert low_pass_luma_loss(0.5 * photo - 0.3, photo) < 0.02
    assert low_pass_luma_loss(-photo, photo) > 0.5
    assert low_pass_luma_loss(photo.flip(3), photo) > 0.5


def test_low_pass_luma_is_blind_to_strokes_and_palette():
    photo = smooth_pictures(2, 64, 64)
    strokes = torch.tensor([0.2, -0.2]).repeat(32).expand(64, 64)
    assert low_pass_luma_loss(photo + strokes, photo) < 1e-4
    luma_free = torch.tensor([0.587, -0.299, 0.0])[:, None, None] * torch.linspace(-0.5, 0.5, 64)
    assert low_pass_luma_loss(photo + luma_free, photo) < 1e-4


def test_low_pass_luma_of_flat_pictures_can_be_learned_from():
    fake = torch.zeros(1, 3, 32, 32, requires_grad=True)
    low_pass_luma_loss(fake, smooth_pictures(1, 32, 32)).backward()
    assert fake.grad.isfinite().all() and fake.grad.abs().sum() > 0


def test_content_features_ignore_what_carries_style():
    photo = maps()
    restyled = [f * torch.rand(f.shape[1], 1, 1).add(0.5) + torch.randn(f.shape[1], 1, 1) for f in photo]
    assert feature_content_loss(restyled, photo) < 1e-3
    assert feature_content_loss(maps(1), photo) > 0.5
    assert feature_content_loss([f.flip(3) for f in photo], photo) > 0.5


def test_content_features_of_photos_get_no_gradient():
    fake, photo = ([f.requires_grad_() for f in maps(seed)] for seed in (0, 1))
    feature_content_loss(fake, photo).backward()
    assert all(f.grad.abs().sum() > 0 for f in fake) and all(p.grad is None for p in photo)


def test_flat_features_can_be_learned_from():
    fake = [torch.zeros_like(f).requires_grad_() for f in maps()]
    feature_content_loss(fake, maps()).backward()
    assert all(f.grad.isfinite().all() for f in fake)


def test_style_loss_falls_towards_the_style_but_not_to_zero():
    style = torch.tensor([1, 2])
    certainty = torch.tensor([-5.0, 0, 2, 3, 10, 40])
    losses = [style_loss(c * torch.eye(3)[style], style).item() for c in certainty]
    assert losses[0] > losses[1] > losses[2]
    assert min(losses) > 0.2
    assert losses[-1] > losses[-2] > losses[3]  # to be certain is worse than to be nearly so


def test_colour_loss_compares_distributions_and_not_places():
    pictures = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    directions = colour_directions(pictures)
    wanted = colour_quantiles(pictures, directions)
    assert wanted.shape == (16, 256)
    areas = torch.nn.functional.avg_pool2d(pictures, 4).transpose(0, 1).flatten(1)
    assert torch.allclose((directions @ areas).std(1), torch.ones(16), atol=0.05)
    moved = pictures.flip(0, 2, 3)
    tinted = pictures * 0.9 + torch.tensor([0.1, 0, 0])[:, None, None]
    one, other, most = (colour_loss(p, wanted, directions).item() for p in (moved, tinted, pictures * 0 + 1))
    assert one < 1e-3 < other < most


def test_colours_of_few_pictures_and_of_many_are_comparable():
    pictures = smooth_pictures(1, 64, 64).repeat(5, 1, 1, 1)
    directions = colour_directions(pictures)
    assert colour_loss(pictures[:1], colour_quantiles(pictures, directions), directions) < 0.02
