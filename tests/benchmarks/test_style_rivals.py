"""The networks that StyleFuse is compared with must be the published ones, and learn, or beating them says nothing."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.rivals import adain, cut, cyclegan, training
from benchmarks.rivals.adain import AdaIN, AdaINTraining, train_adain
from benchmarks.rivals.cut import CUT, cut_generator, train_cut
from benchmarks.rivals.cyclegan import CycleGAN, Pool, blocks_for, cyclegan_generator, train_cyclegan
from benchmarks.rivals.johnson import johnson_generator
from benchmarks.rivals.resnet import BlurDown, PatchGAN, draw_weights
from stylefuse.networks.blocks import instance_moments
from stylefuse.networks.features import imagenet_efficientnet
from support import smooth_pictures


@pytest.fixture(scope="module")
def features():
    return imagenet_efficientnet()


@pytest.fixture(params=["cut", "cyclegan", "adain"])
def begin(request, features):
    """Starts a small game of each kind, with the same weights every time."""
    small = {
        "cut": lambda: CUT(ngf=4, blocks=5, ndf=4),
        "cyclegan": lambda: CycleGAN(ngf=4, blocks=1, ndf=4),
        "adain": lambda: AdaINTraining(features),
    }

    def start():
        torch.manual_seed(0)
        return small[request.param]()

    return start


def batches(count=2, size=32):
    """Photos, and other pictures with much red and little blue."""
    tint = torch.tensor([0.5, 0.0, -0.5])[:, None, None]
    return smooth_pictures(count, size, size, 1), (smooth_pictures(count, size, size, 2) / 2 + tint)


def parameters(game):
    networks = [value for value in vars(game).values() if isinstance(value, nn.Module)]
    return {f"{i}.{name}": p for i, n in enumerate(networks) for name, p in n.named_parameters()}


@pytest.mark.parametrize(
    ("network", "count"),
    [
        (cut_generator, 11_378_179),
        (cyclegan_generator, 11_378_179),
        (lambda: cyclegan_generator(blocks=6), 7_837_699),
        (johnson_generator, 1_679_235),
        (PatchGAN, 2_764_737),
        (lambda: PatchGAN(antialiased=True), 2_764_737),
    ],
)
def test_networks_have_the_published_size(network, count):
    with torch.device("meta"):
        assert sum(p.numel() for p in network().parameters()) == count


@pytest.mark.parametrize(
    "network", [lambda: cut_generator(4, 2), lambda: cyclegan_generator(4, 2), johnson_generator]
)
@pytest.mark.parametrize("size", [(32, 32), (33, 50), (47, 35)])
def test_generators_take_any_size_and_stay_in_range(network, size):
    torch.manual_seed(0)
    restyled = network().eval()(smooth_pictures(2, *size))
    assert restyled.shape == (2, 3, *size)
    assert restyled.abs().max() <= 1


def test_adain_takes_any_size_of_photo_and_reference(features):
    network = AdaIN(features).eval()
    for size, reference in [((32, 32), (64, 40)), ((37, 50), (33, 35))]:
        restyled = network(smooth_pictures(2, *size), smooth_pictures(1, *reference))
        assert restyled.shape == (2, 3, *size)
        assert restyled.abs().max() <= 1


def test_cut_compares_the_published_layers():
    generator = cut_generator()
    maps = generator.features(torch.zeros(1, 3, 32, 32), cut.LAYERS)
    shapes = [(3, 38), (128, 32), (256, 16), (256, 8), (256, 8)]
    assert [each.shape for each in maps] == [(1, c, s, s) for c, s in shapes]


def test_blurred_resampling_is_zhangs():
    x = torch.rand(2, 3, 9, 12)
    weights = torch.tensor([1.0, 2, 1])
    kernel = torch.outer(weights, weights).expand(3, 1, 3, 3) / 16
    expected = F.conv2d(F.pad(x, (1,) * 4, mode="reflect"), kernel, stride=2, groups=3)
    assert torch.allclose(BlurDown()(x), expected, atol=1e-6)

    weights = torch.tensor([1.0, 3, 3, 1])
    kernel = torch.outer(weights, weights).expand(3, 1, 4, 4) / 16
    padded = F.pad(x, (1,) * 4, mode="replicate")
    expected = F.conv_transpose2d(padded, kernel, stride=2, padding=3, groups=3)
    up = next(layer for layer in cut_generator(4, 1).layers if isinstance(layer, nn.Upsample))
    assert torch.allclose(up(x), expected, atol=1e-6)


def test_initial_weights_have_the_published_gain():
    network = nn.Conv2d(64, 64, 3)
    draw_weights(network, "normal")
    assert network.weight.std().item() == pytest.approx(0.02, rel=0.03)
    draw_weights(network, "xavier")
    assert network.weight.std().item() == pytest.approx(0.02 / (64 * 9) ** 0.5, rel=0.03)
    assert not network.bias.any()


def test_a_step_reaches_every_parameter(begin):
    game = begin()
    game.step(*batches())
    trained = {id(p) for o in game.optimisers for group in o.param_groups for p in group["params"]}
    for name, parameter in parameters(game).items():
        if "features." not in name:  # AdaIN's frozen encoder
            assert id(parameter) in trained, name
            assert parameter.grad is not None and parameter.grad.isfinite().all(), name
            # a norm takes out the bias before it
            assert parameter.ndim == 1 or parameter.grad.any(), name


def test_equal_seeds_train_alike(begin):
    results = []
    for _ in range(2):
        game = begin()
        losses = [game.step(*batches()) for _ in range(2)]
        results.append((losses, parameters(game)))
    assert results[0][0] == results[1][0]
    assert all(torch.equal(p, results[1][1][name]) for name, p in results[0][1].items())


def test_training_lowers_the_losses(begin):
    """They learn a tint, and keep the content by what each has for that."""
    game, falling = begin(), {"nce", "identity_nce", "cycle", "identity", "content", "style"}
    for optimiser in game.optimisers:
        optimiser.param_groups[0]["lr"] = 2e-3  # the published rates take more steps
    photos, paintings = batches()
    references = (paintings,) if isinstance(game, AdaINTraining) else ()

    def distance():
        with torch.no_grad():
            restyled = game.network(photos, *references)
        return (restyled.mean((0, 2, 3)) - paintings.mean((0, 2, 3))).abs().mean().item()

    before = distance()
    losses = [game.step(photos, paintings) for _ in range(40)]
    for name in falling & losses[0].keys():
        first, last = (sum(each[name] for each in part) for part in (losses[:5], losses[-5:]))
        assert last < 0.9 * first, name
    # The colours of CUT, which nothing ties to the paintings but the critic, swing for longer than this.
    assert isinstance(game, CUT) or distance() < 0.5 * before


def test_the_rate_is_constant_then_falls_to_zero():
    factors = [training.second_half_falls(share) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert factors == [1, 1, 1, 0.5, 0]
    assert [adain.falls(share) for share in (0, 0.5, 1)] == [1, 1 / 5, 1 / 9]


def test_time_ends_the_training_and_sets_the_rate(monkeypatch):
    class Still:
        def __init__(self):
            self.network = nn.Linear(1, 1)
            self.optimisers = [torch.optim.SGD(self.network.parameters(), lr=8.0)]
            self.rates = []

        def step(self, photos, paintings):
            self.rates.append(self.optimisers[0].param_groups[0]["lr"])
            return {"loss": 0.0}

    game, seen, seconds = Still(), [], itertools.count(0, 15)
    monkeypatch.setattr(training.time, "monotonic", lambda: next(seconds))
    photos, paintings = (iter([torch.zeros(3, 3, 8, 8)] * 4) for _ in range(2))
    network = training.train(lambda first: game, photos, paintings, 1, 0, lambda *facts: seen.append(facts))
    assert [(pictures, share) for pictures, _, share in seen] == [(3, 0.25), (6, 0.5), (9, 0.75), (12, 1.0)]
    assert game.rates == [8, 8, 8, 4]
    assert not network.training and not network.weight.requires_grad


@pytest.mark.parametrize(
    ("train", "batch"),
    [(train_cut, cut.BATCH), (train_cyclegan, cyclegan.BATCH), (train_adain, adain.BATCH)],
)
def test_published_networks_train_and_restyle(train, batch):
    photos, paintings = batches(batch)
    seen = []
    network = train(iter([photos]), iter([paintings]), 1e-9, 0, lambda *facts: seen.append(facts))
    assert [(pictures, share) for pictures, _, share in seen] == [(batch, 1.0)]
    assert not network.training and not any(p.requires_grad for p in network.parameters())
    assert network(*((photos, paintings) if train is train_adain else (photos,))).shape == photos.shape


def test_cyclegan_has_the_published_number_of_blocks():
    assert [blocks_for(size) for size in (64, 128, 256, 512)] == [6, 6, 9, 9]


def test_the_pool_mixes_new_fakes_with_old():
    torch.manual_seed(0)
    pool, pictures = Pool(), torch.arange(250.0).view(250, 1, 1, 1)
    assert torch.equal(pool.exchange(pictures[:50]), pictures[:50])
    shown = pool.exchange(pictures[50:])
    assert 70 < (shown == pictures[50:]).sum() < 130
    assert (shown <= pictures[50:]).all()
    everything = torch.cat([shown, torch.stack(pool.kept)]).flatten()
    assert everything.sort().values.equal(pictures.flatten())


def test_adain_transfers_the_statistics_of_features(features):
    photos, paintings = batches(2, 64)
    content, style = features(photos)[adain.STAGE], features(paintings)[adain.STAGE]
    moved = adain.transfer(content, style)
    for got, wanted in zip(instance_moments(moved), instance_moments(style), strict=True):
        assert torch.allclose(got, wanted, rtol=1e-2, atol=1e-3)
    assert torch.allclose(adain.transfer(content, content), content, atol=1e-4)
    maps = [content]
    assert adain.style_distance(maps, maps) == 0
    assert adain.style_distance([moved], [style]) < 1e-3 * adain.style_distance(maps, [style])


def test_adain_leaves_the_encoder_as_it_was(features):
    game = AdaINTraining(features)
    game.step(*batches())
    before, after = features.state_dict(), game.network.features.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
