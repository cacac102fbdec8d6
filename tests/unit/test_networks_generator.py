import pytest
import torch

from stylefuse.networks.generator import (
    GRAIN_SIDE,
    Generator,
    GeneratorConfig,
    load_generator,
    pack_generator,
    style_weights,
)
from stylefuse.networks.weights import Weights, read_weights, write_weights
from support import assert_equal_weights, lively_generator, smooth_pictures


@pytest.fixture(scope="module")
def generator():
    return lively_generator()


def row(index, count=1, rows=3):
    return style_weights(torch.full((count,), index), rows)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (3, 2), (5, 300), (127, 129), (64, 64)])
@pytest.mark.parametrize("config", [GeneratorConfig((4, 8), 1), GeneratorConfig((4, 4, 8), 0)])
def test_any_size_comes_back_as_it_went_in(size, config):
    pictures = torch.rand(2, 3, *size) * 2 - 1
    out = lively_generator(config=config)(pictures, row(1, 2))
    assert out.shape == pictures.shape
    assert out.isfinite().all() and out.abs().max() <= 1


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
def test_flat_pictures_stay_finite(generator, value):
    out = generator(torch.full((1, 3, 20, 20), value), row(2))
    assert out.isfinite().all() and out.abs().max() <= 1


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "decibels",
    [25, 35],
)
def test_every_style_begins_as_the_identity(seed, decibels):
    torch.manual_seed(seed)
    pictures = smooth_pictures(3, 96, 96, seed)
    with torch.no_grad():
        out = Generator(3)(pictures, torch.eye(3))
    psnr = 10 * torch.log10(4 / (out - pictures).square().mean(dim=(1, 2, 3)))
    assert psnr.min() > decibels


def test_style_weights():
    weights = style_weights(torch.tensor([0, 2, 1]), 3, torch.tensor([0.3, 0.25, 1.0]))
    assert weights.tolist() == [[1, 0, 0], [0.75, 0, 0.25], [0, 1, 0]]
    assert weights.dtype == torch.float32
    assert torch.equal(style_weights(torch.tensor([2]), 3), torch.tensor([[0.0, 0, 1]]))
    assert torch.equal(style_weights(torch.tensor([1, 2]), 3, 0.0), torch.tensor([[1.0, 0, 0]] * 2))


def test_style_weights_sum_to_one():
    styles = torch.arange(5).repeat(20)
    sums = style_weights(styles, 5, torch.linspace(0, 1, 100)).sum(dim=1)
    assert torch.allclose(sums, torch.ones(100), atol=1e-6)


def test_styles_differ_and_mix(generator):
    x = smooth_pictures(1, 32, 32)
    first, second = generator(x, row(1)), generator(x, row(2))
    mixed = generator(x, torch.tensor([[0.0, 0.5, 0.5]]))
    assert (first - second).abs().mean() > 0.02
    # Interpolated rows give a picture nearer to both than they are to each other.
    apart = (first - second).abs().mean()
    assert (mixed - first).abs().mean() < apart and (mixed - second).abs().mean() < apart


def test_strength_moves_away_from_the_identity_row(generator):
    x = smooth_pictures(1, 32, 32)
    at = [generator(x, style_weights(torch.tensor([1]), 3, strength)) for strength in (0.0, 0.2, 0.5, 1.0)]
    distances = [(picture - at[0]).abs().mean() for picture in at]
    assert torch.equal(at[0], generator(x, row(0)))
    assert distances == sorted(distances) and distances[1] > 0


def test_a_style_depends_on_its_own_row_alone():
    x = smooth_pictures(1, 32, 32)
    generator = lively_generator()
    before = [generator(x, row(i)) for i in range(3)]
    for table in generator.style_parameters():
        table[1] += 0.5
    after = [generator(x, row(i)) for i in range(3)]
    assert torch.equal(before[0], after[0]) and torch.equal(before[2], after[2])
    assert not torch.allclose(before[1], after[1], atol=1e-2)


def test_style_parameters_are_what_grows_with_the_number_of_styles():
    three, four = (Generator(rows, GeneratorConfig((4, 8), 1)) for rows in (3, 4))
    tables = {id(p) for p in three.style_parameters()}
    assert tables and all(p.shape[0] == 3 for p in three.style_parameters())
    others = dict(four.named_parameters())
    for name, parameter in three.named_parameters():
        assert (parameter.shape != others[name].shape) == (id(parameter) in tables), name


def test_pictures_of_a_batch_do_not_touch_each_other(generator):
    x = smooth_pictures(4, 40, 40)
    styles = style_weights(torch.tensor([1, 2, 0, 1]), 3)
    together = generator(x, styles)
    x[1:], styles[1:] = -x[1:], styles[[2, 3, 1]]
    assert torch.equal(generator(x, styles)[0], together[0])
    alone = generator(x[:1], styles[:1])
    assert torch.allclose(alone[0], together[0], atol=1e-5)


def test_memory_layout_does_not_matter():
    x, styles = smooth_pictures(2, 33, 47), style_weights(torch.tensor([1, 2]), 3)
    contiguous = lively_generator()(x, styles)
    generator = lively_generator().to(memory_format=torch.channels_last)
    channels_last = generator(x.contiguous(memory_format=torch.channels_last), styles)
    assert torch.allclose(contiguous, channels_last, atol=1e-4)


def test_flat_places_are_not_painted_alike_all_over():
    """Convolutions alone would repeat one stroke; only borders could be told from what lies between them."""
    x = torch.zeros(1, 3, 96, 96)
    spread = {}
    for grain in (0.0, 0.1):
        generator = lively_generator(GeneratorConfig((4, 8), 1, grain))
        spread[grain] = generator(x, row(1))[..., 32:64, 32:64].std(dim=(2, 3)).mean()
    assert spread[0.0] < 1e-4 and spread[0.1] > 0.01


def test_grain_is_of_the_place_and_repeats_far_apart(generator):
    zeros = torch.zeros(1, 3, 40, 60)
    grain = generator.add_grain(zeros, (0, 0))
    assert grain.std() == pytest.approx(generator.config.grain, rel=0.1) and grain.mean().abs() < 0.01
    assert torch.equal(generator.add_grain(zeros[..., 7:, 9:], (7, 9)), grain[..., 7:, 9:])
    assert torch.equal(generator.add_grain(zeros, (GRAIN_SIDE, 2 * GRAIN_SIDE)), grain)
    x = smooth_pictures(1, 32, 32)
    assert not torch.allclose(generator(x, row(1)), generator(x, row(1), (100, 3)), atol=1e-3)


def test_grain_is_not_in_what_is_not_repainted():
    generator = lively_generator()
    torch.nn.init.zeros_(generator.head.weight)
    x = smooth_pictures(1, 32, 32)
    assert torch.equal(generator(x, row(1)), generator.recolour(x, row(1)).tanh())


def test_negative_grain_is_refused():
    with pytest.raises(ValueError, match="grain is -2"):
        GeneratorConfig(grain=-2.0)


def test_generators_from_before_the_grain_stay_as_they_were_trained():
    without = lively_generator(GeneratorConfig((4, 8), 1, grain=0.0))
    packed = pack_generator(without, ["photo", "ink", "monet"])
    del packed.facts["config"]["grain"]
    x = smooth_pictures(1, 32, 32)
    assert torch.equal(load_generator(packed)(x, row(1)), without(x, row(1)))


def test_features_know_no_style_and_are_padded_to_the_stride(generator):
    levels = generator.features(smooth_pictures(2, 33, 47))
    assert [tuple(level.shape) for level in levels] == [(2, 4, 34, 48), (2, 8, 17, 24)]


def test_comes_back_from_disk_bit_for_bit(generator, tmp_path):
    packed = pack_generator(generator, ["photo", "ink", "monet"], image_size=64, images_seen=5)
    assert packed.facts["styles"] == ["photo", "ink", "monet"] and packed.facts["images_seen"] == 5
    write_weights(tmp_path / "generator.safetensors", packed)
    loaded = load_generator(read_weights(tmp_path / "generator.safetensors"))
    x = smooth_pictures(2, 31, 40)
    assert torch.equal(loaded(x, row(2, 2)), generator(x, row(2, 2)))
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())
    again = pack_generator(loaded, ["photo", "ink", "monet"], image_size=64, images_seen=5)
    assert_equal_weights(Weights(packed.tensors, {}), Weights(again.tensors, {}))


def test_other_networks_are_refused(tiny_classifier):
    with pytest.raises(ValueError, match="classifier, not of a generator"):
        load_generator(tiny_classifier)
