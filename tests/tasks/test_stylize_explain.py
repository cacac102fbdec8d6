"""Maps that explain a restyled picture: made on request, exact, and refused in plain words."""

import pytest
import torch
from PIL import Image

from served_models import STYLES, weights  # noqa: F401
from serving_examples import landscape
from stylefuse.networks.classifier import StyleClassifier, pack_classifier
from stylefuse.networks.critic import Critic, CriticConfig, load_critic, pack_critic
from stylefuse.networks.features import SmallBackbone
from stylefuse.serving.bundle import Bundle
from stylefuse.tasks.maps import MapError, Maps, joined
from stylefuse.tasks.stylize.params import StylizeParams
from support import smooth_pictures

ABOUT = {"image_size": 32}


@pytest.fixture(scope="module")
def classifier():
    """Untrained, with a head and statistics that are no defaults."""
    torch.manual_seed(0)
    network = StyleClassifier(3, SmallBackbone())
    network(smooth_pictures(8, 64, 64))  # running moments
    torch.nn.init.normal_(network.norm.weight)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def networks(weights, classifier):  # noqa: F811
    critic = Critic(3, CriticConfig((4, 8, 8, 8)))
    return Bundle(
        {
            "generator": weights,
            "classifier": pack_classifier(classifier, STYLES, **ABOUT),
            "critic": pack_critic(critic, STYLES, **ABOUT),
        },
        "cpu",
    )


def test_evidence_adds_up_to_the_logits(classifier):
    features = classifier.features(smooth_pictures(2, 48, 80))
    classes = torch.tensor([-0.2, 1.0, 0.3])
    parts = classifier.evidence(features, classes)
    assert [part.shape[2:] for part in parts] == [f.shape[2:] for f in features[-3:]]
    norm, head = classifier.norm, classifier.head
    shift = norm.bias - norm.running_mean * norm.weight / (norm.running_var + norm.eps).sqrt()
    total = sum(part.mean(dim=(1, 2, 3)) for part in parts)
    whole = classifier.classify(features) @ classes
    assert torch.allclose(total, whole - (head(shift) @ classes), rtol=1e-4, atol=1e-4)


def test_evidence_of_means_alone_is_grad_cam(classifier):
    """Where the head reads means alone, the map is the activations weighted by the mean gradient."""
    features = [f.requires_grad_() for f in classifier.features(smooth_pictures(1, 64, 64))]
    widths, start, kept = [f.shape[1] for f in features[-3:]], 0, classifier.head.weight.clone()
    for width in widths:
        classifier.head.weight[:, start + width : start + 2 * width] = 0
        start += 2 * width
    try:
        logit = classifier.classify(features)[0, 1]
        (gradient,) = torch.autograd.grad(logit, features[-1])
        last = classifier.evidence(features, torch.tensor([0.0, 1.0, 0.0]))[-1]
    finally:
        classifier.head.weight.copy_(kept)
    f = features[-1]
    grad_cam = (gradient.sum(dim=(2, 3), keepdim=True) * f).sum(dim=1, keepdim=True)
    assert torch.allclose(last, grad_cam, rtol=1e-3, atol=1e-5)


def test_patches_of_the_critic_average_to_its_logit():
    torch.manual_seed(0)
    critic = Critic(3, CriticConfig((4, 8, 8, 8)))
    loaded = load_critic(pack_critic(critic, STYLES))
    x, style = smooth_pictures(2, 48, 64), torch.tensor([2, 1])
    patches = loaded.patches(x)
    assert patches.shape[:2] == (2, 3)
    means = patches.mean(dim=(2, 3))[torch.arange(2), style]
    assert torch.allclose(means, critic(x, style), atol=1e-6)


def test_all_maps_have_the_shape_of_the_picture(networks):
    photo = landscape(96, 64)
    result = networks.predictor("stylize").predict([photo], StylizeParams(style="ink:0.7,monet:0.3"))
    assert list(result.maps) == ["moved", "classifier", "critic"]
    for name in result.maps:
        (found,) = result.maps[name]
        assert found.shape == (64, 96) and found.min() >= 0 and found.max() <= 1, name
    assert result.maps["classifier"][0].max() == 1
    assert result.maps["moved"] is result.maps["moved"]


def test_an_untouched_photo_is_half_believed(networks):
    result = networks.predictor("stylize").predict(
        [landscape(96, 64)], StylizeParams(style="ink", strength=0)
    )
    assert (result.maps["critic"][0] == 0.5).all() and not result.maps["moved"][0].any()


@pytest.mark.parametrize("name", ["classifier", "critic"])
def test_a_map_without_its_network_says_so(weights, name):  # noqa: F811
    predictor = Bundle({"generator": weights}, "cpu").predictor("stylize")
    result = predictor.predict([Image.new("RGB", (32, 32))], StylizeParams())
    with pytest.raises(MapError, match=f"this model has no {name}: train a model"):
        result.maps[name]


def test_a_style_that_a_network_has_not_learned_is_named(weights, classifier):  # noqa: F811
    about = pack_classifier(classifier, ["photo", "ink", "other"], **ABOUT)
    predictor = Bundle({"generator": weights, "classifier": about}, "cpu").predictor("stylize")
    result = predictor.predict([Image.new("RGB", (32, 32))], StylizeParams(style="monet"))
    with pytest.raises(MapError, match="the classifier has not learned the style monet"):
        result.maps["classifier"]


def test_maps_are_made_when_they_are_read():
    made = []
    maps = joined({"first": [1]}, Maps({"first": lambda: made.append("first") or [2], "other": lambda: [3]}))
    assert (list(maps), len(maps), made) == (["first", "other"], 2, [])
    assert maps["first"] == maps["first"] == [2] and made == ["first"]
