import pytest
import torch

from stylefuse.networks.critic import Critic, CriticConfig, FeatureCritic
from stylefuse.networks.encoder import Encoder
from stylefuse.networks.projection import PatchProjection
from support import smooth_pictures


@pytest.fixture
def critic():
    torch.manual_seed(0)
    return Critic(3, CriticConfig((4, 8, 8, 8)))


@pytest.mark.parametrize("size", [(32, 32), (48, 80)])
def test_one_logit_a_picture(critic, size):
    logits = critic(smooth_pictures(4, *size), torch.tensor([0, 1, 2, 1]))
    assert logits.shape == (4,) and logits.dtype == torch.float32


def test_logits_are_float32_under_autocast(critic):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert critic(smooth_pictures(2, 32, 32), torch.tensor([1, 2])).dtype == torch.float32


def test_the_style_is_a_condition(critic):
    x = smooth_pictures(1, 32, 32).expand(3, -1, -1, -1)
    assert len(set(critic(x, torch.arange(3)).tolist())) == 3


def test_pictures_of_a_batch_do_not_touch_each_other(critic):
    x, style = smooth_pictures(4, 32, 32), torch.tensor([1, 2, 1, 2])
    alone = torch.cat([critic(x[i : i + 1], style[i : i + 1]) for i in range(4)])
    assert torch.allclose(critic(x, style), alone, atol=1e-5)


def test_gradients_reach_the_picture_twice(critic):
    x = smooth_pictures(2, 32, 32).requires_grad_()
    logits = critic(x, torch.tensor([1, 2]))
    (gradient,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    assert gradient.abs().sum() > 0
    gradient.square().sum().backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in critic.parameters())


def test_encoder_halves_from_level_to_level():
    levels = Encoder((4, 6, 8))(smooth_pictures(2, 32, 48))
    assert [tuple(level.shape) for level in levels] == [(2, 4, 32, 48), (2, 6, 16, 24), (2, 8, 8, 12)]


def test_projection_looks_at_the_places_named():
    torch.manual_seed(0)
    projection = PatchProjection((4, 8), width=5)
    levels = [torch.randn(2, 4, 6, 6), torch.randn(2, 8, 3, 3)]
    places = [torch.tensor([0, 7, 35]), torch.tensor([8])]
    before = projection(levels, places)
    assert [tuple(vectors.shape) for vectors in before] == [(2, 3, 5), (2, 1, 5)]
    levels[0][:, :, 1, 1] += 1  # place 7 of 6×6
    after = projection(levels, places)
    changed = [not torch.equal(before[0][:, i], after[0][:, i]) for i in range(3)]
    assert changed == [False, True, False]
    assert torch.equal(before[1], after[1])


@pytest.fixture
def feature_critic():
    torch.manual_seed(0)
    return FeatureCritic(3, (4, 6), width=8)


def feature_maps(count):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(count, c, s, s, generator=generator) for c, s in ((4, 8), (6, 4))]


def test_one_logit_a_picture_from_its_features(feature_critic):
    logits = feature_critic(feature_maps(4), torch.tensor([0, 1, 2, 1]))
    assert logits.shape == (4,) and logits.dtype == torch.float32
    same = [f[:1].expand(3, -1, -1, -1) for f in feature_maps(1)]
    assert len(set(feature_critic(same, torch.arange(3)).tolist())) == 3


def test_every_feature_map_has_its_say_and_no_other_picture_has(feature_critic):
    feature_critic.eval()  # in training the spectral norm is estimated anew with every call
    maps, style = feature_maps(3), torch.tensor([1, 2, 1])
    before = feature_critic(maps, style)
    for i in range(2):
        other = [f.clone() for f in maps]
        other[i][1] += 1
        changed = (feature_critic(other, style) - before).abs() > 1e-6
        assert changed.tolist() == [False, True, False]


def test_feature_critic_cannot_grow_steep(feature_critic):
    """The spectral norm holds the slope, whatever the size of the weights."""
    maps, style = feature_maps(4), torch.tensor([0, 1, 2, 1])
    with torch.no_grad():
        for parameter in feature_critic.parameters():
            if parameter.ndim == 4:
                parameter *= 1000
    for _ in range(20):
        logits = feature_critic(maps, style)
    assert logits.abs().max() < 20
