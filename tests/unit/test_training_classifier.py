import copy

import numpy as np
import pytest
import torch

from stylefuse.images.crops import centre_crops
from stylefuse.images.manifest import rows_of
from stylefuse.images.store import ImageStore
from stylefuse.networks.classifier import build_classifier
from stylefuse.networks.judge import Judge
from stylefuse.training.classifier import fit_classifier, predict
from stylefuse.training.options import ClassifierOptions
from support import STYLES, smooth_pictures

OPTIONS = ClassifierOptions(images=240, batch_size=8, image_size=32, rate=5e-3)


def fit(tiny_data, network, options=OPTIONS, split="train", on_step=lambda seen, loss: None):
    folder, manifest = tiny_data
    rows = [rows_of(manifest, style, split) for style in STYLES]
    fit_classifier(network, ImageStore(folder), rows, options, on_step)
    return network


def new(seed=0):
    torch.manual_seed(seed)
    return build_classifier(3, imagenet=False)


def test_learns_which_paintings_are_of_which_style(tiny_data):
    """Item 4 of formulation.md: cross-entropy on real pictures."""
    steps = []
    network = fit(tiny_data, new(), on_step=lambda seen, loss: steps.append((seen, loss)))
    assert [seen for seen, _ in steps] == list(range(8, 241, 8))
    losses = [loss for _, loss in steps]
    assert np.mean(losses[-3:]) < 0.8 * losses[0]
    folder, manifest = tiny_data
    for index, style in enumerate(STYLES):
        pictures = centre_crops(ImageStore(folder), rows_of(manifest, style, "test"), 32)
        assert (predict(network, pictures).argmax(dim=1) == index).all(), style


def test_equal_seeds_train_equal_networks(tiny_data):
    short = ClassifierOptions(images=24, batch_size=8, image_size=32)
    one, same = (fit(tiny_data, new(), short).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    other = fit(tiny_data, new(), ClassifierOptions(images=24, batch_size=8, image_size=32, seed=8))
    assert not torch.equal(one["head.weight"], other.head.weight)


def test_frozen_features_stay_as_they_are(tiny_data):
    torch.manual_seed(0)
    network = build_classifier(3, imagenet=True)
    before = copy.deepcopy(network.backbone.state_dict())
    head = network.head.weight.clone()
    fit(tiny_data, network, ClassifierOptions(images=8, batch_size=4, image_size=32))
    after = network.backbone.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not torch.equal(network.head.weight, head)


def test_the_judge_learns_too(tiny_data):
    torch.manual_seed(0)
    options = ClassifierOptions(images=480, batch_size=8, image_size=64, rate=1e-2, degrade=False)
    judge = fit(tiny_data, Judge(3), options, split="judge")
    folder, manifest = tiny_data
    hits = []
    for index, style in enumerate(STYLES):
        pictures = centre_crops(ImageStore(folder), rows_of(manifest, style, "test"), 64)
        hits += (predict(judge, pictures).argmax(dim=1) == index).tolist()
    assert sum(hits) > len(hits) * 2 / 3  # chance is a third


def test_ends_in_eval_mode(tiny_data):
    assert not fit(tiny_data, new(), ClassifierOptions(images=8, batch_size=8, image_size=32)).training


def test_classes_are_drawn_equally_often_whatever_their_sizes(tiny_data):
    class Recorder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight, self.seen = torch.nn.Parameter(torch.zeros(3)), []

        def forward(self, x):
            self.seen += x.flatten(1).mean(dim=1).tolist()
            return self.weight.expand(len(x), 3)

    folder, manifest = tiny_data
    rows = [rows_of(manifest, style, "train") for style in STYLES]
    rows[0] = np.repeat(rows[0], 20)
    recorder = Recorder()
    options = ClassifierOptions(images=48, batch_size=6, image_size=32, degrade=False)
    losses = []
    fit_classifier(recorder, ImageStore(folder), rows, options, lambda seen, loss: losses.append(loss))
    # Equal numbers of each class: no bias has anything to learn, so the loss stays at log 3.
    assert losses == pytest.approx([np.log(3)] * 8, abs=1e-4)


def test_probabilities_do_not_depend_on_the_batch():
    network, pictures = new(), smooth_pictures(7, 32, 32)
    together, apart = predict(network, pictures), predict(network, pictures, batch_size=2)
    assert together.shape == (7, 3)
    assert torch.allclose(together.sum(dim=1), torch.ones(7))
    assert torch.allclose(together, apart, atol=1e-5)
