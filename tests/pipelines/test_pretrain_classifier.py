import logging
from dataclasses import replace
from typing import get_type_hints

import numpy as np
import pytest
import torch
from PIL import Image

from stylefuse.images.manifest import data_hash, rows_of
from stylefuse.images.store import ImageStore
from stylefuse.networks.classifier import load_classifier
from stylefuse.networks.judge import load_judge
from stylefuse.networks.weights import read_weights
from stylefuse.pipelines.pretrain_classifier import create_pipeline
from stylefuse.pipelines.pretrain_classifier.confusion import confusion_of, draw_confusion
from stylefuse.pipelines.pretrain_classifier.nodes import report_classifiers, train_classifier, train_judge
from stylefuse.pipelines.pretrain_classifier.options import PretrainOptions
from stylefuse.training import classifier as training
from stylefuse.training.device import pick_device
from stylefuse.training.options import ClassifierOptions, JudgeOptions
from support import STYLES, assert_equal_weights, rebound

SHORT = ClassifierOptions(images=16, batch_size=8, image_size=64)
SHORT_JUDGE = JudgeOptions(images=16, batch_size=8, image_size=64)
OPTIONS = PretrainOptions(imagenet=False, classifier=SHORT, judge=SHORT_JUDGE)
NODES = [("classifier", train_classifier), ("judge", train_judge)]


@pytest.fixture
def fits(monkeypatch):
    """Counts the trainings and takes their place; each call is the rows by class that it was given."""
    calls = []

    def fit(network, store, rows_by_class, options, on_step):
        calls.append(rows_by_class)

    monkeypatch.setattr(training, "fit_classifier", fit)
    return calls


@pytest.fixture(scope="module")
def trained(tiny_data, tmp_path_factory):
    folder, manifest = tiny_data
    checkpoints = tmp_path_factory.mktemp("checkpoints")
    return [train(manifest, folder, checkpoints, OPTIONS) for _, train in NODES], checkpoints


@pytest.mark.parametrize("index", [0, 1])
def test_what_comes_out_says_what_it_is(trained, tiny_data, index):
    manifest = tiny_data[1]
    facts = trained[0][index].facts
    assert facts["kind"] == NODES[index][0] and facts["styles"] == list(STYLES)
    assert facts["image_size"] == 64 and facts["data_hash"] == data_hash(manifest)
    assert facts["split"] == ("train", "judge")[index] and len(facts["fingerprint"]) == 16


@pytest.mark.parametrize("index", [0, 1])
def test_what_comes_out_says_what_it_was_trained_on(trained, index):
    (where,) = trained[0][index].facts["trained_with"]
    assert (where["device"], where["precision"]) == (pick_device("auto").type, "fp32")


def test_the_judge_learns_from_pictures_of_its_own(tiny_data, tmp_path, fits):
    folder, manifest = tiny_data
    for _, train in NODES:
        train(manifest, folder, tmp_path, OPTIONS)
    for split, rows_by_class in zip(("train", "judge"), fits, strict=True):
        expected = [rows_of(manifest, style, split).tolist() for style in STYLES]
        assert [rows.tolist() for rows in rows_by_class] == expected


@pytest.mark.parametrize(("name", "train"), NODES)
def test_what_was_trained_before_is_not_trained_again(trained, tiny_data, fits, name, train):
    folder, manifest = tiny_data
    again = train(manifest, folder, trained[1], OPTIONS)
    assert not fits
    assert_equal_weights(again, trained[0][[n for n, _ in NODES].index(name)])


def test_renamed_files_are_still_the_same_data(trained, tiny_data, fits):
    folder, manifest = tiny_data
    train_classifier(manifest.assign(path="elsewhere/" + manifest["path"]), folder, trained[1], OPTIONS)
    assert not fits


@pytest.mark.parametrize(
    "changed",
    [
        OPTIONS.model_copy(update={"classifier": replace(SHORT, rate=1e-4)}),
        OPTIONS.model_copy(update={"imagenet": True}),
    ],
)
def test_other_options_are_another_training(trained, tiny_data, fits, changed):
    folder, manifest = tiny_data
    train_classifier(manifest, folder, trained[1], changed)
    assert len(fits) == 1
    train_classifier(manifest, folder, trained[1], OPTIONS)
    assert len(fits) == 1


def test_other_pictures_are_another_training(tiny_data, tmp_path, fits):
    folder, manifest = tiny_data
    other = manifest.assign(sha256=manifest["sha256"] + "?")
    store = rebound(folder, other, tmp_path / "store")
    for table, place in ((manifest, folder), (other, store), (manifest, folder)):
        train_judge(table, place, tmp_path, OPTIONS)
    assert len(fits) == 2


def test_a_damaged_file_is_replaced(tiny_data, tmp_path, fits, caplog):
    folder, manifest = tiny_data
    whole = train_judge(manifest, folder, tmp_path, OPTIONS)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-10])
    with caplog.at_level(logging.WARNING):
        again = train_judge(manifest, folder, tmp_path, OPTIONS)
    assert len(fits) == 2 and file.name in caplog.text
    assert_equal_weights(again, whole)
    assert_equal_weights(read_weights(file), whole)


def test_a_style_without_pictures_to_learn_from_is_named(tiny_data, tmp_path):
    folder, manifest = tiny_data
    lacking = manifest.copy()
    lacking.loc[(manifest["style"] == "red") & (manifest["split"] == "judge"), "split"] = "train"
    with pytest.raises(ValueError, match=r"'red': \d+ usable .* none in the split judge"):
        train_judge(lacking, folder, tmp_path, OPTIONS)
    assert not list(tmp_path.iterdir())


def test_report(trained, tiny_data):
    folder, manifest = tiny_data
    metrics, report = report_classifiers(*trained[0], manifest, folder)
    assert sorted(path.name for path in report.iterdir()) == [
        "classifier_confusion.png",
        "judge_confusion.png",
    ]
    for path in report.iterdir():
        with Image.open(path) as picture:
            assert min(picture.size) > 200 and len(picture.getcolors(1 << 20)) > 10
    networks = {"classifier": load_classifier(trained[0][0]), "judge": load_judge(trained[0][1])}
    assert metrics.keys() == networks.keys()
    for name, network in networks.items():
        counts = confusion_of(network, ImageStore(folder), manifest, STYLES, 64)
        accuracy = dict(zip(STYLES, counts.diagonal() / 3, strict=True))
        assert metrics[name]["accuracy"] == pytest.approx(accuracy)
        weights = trained[0][("classifier", "judge").index(name)]
        assert metrics[name]["fingerprint"] == weights.facts["fingerprint"]
        assert metrics[name]["mean_accuracy"] == pytest.approx(np.mean(list(accuracy.values())))


class ByColour(torch.nn.Module):
    """Knows blue paintings, and takes everything else for photos."""

    def forward(self, x):
        blue = (x[:, 2] - x[:, 0]).mean(dim=(1, 2)) > 0.1
        return torch.stack([~blue, blue, torch.zeros_like(blue)], dim=1).float()


def test_confusion_has_the_truth_by_row(tiny_data, tmp_path):
    folder, manifest = tiny_data
    counts = confusion_of(ByColour(), ImageStore(folder), manifest, STYLES, 32)
    assert counts.tolist() == [[3, 0, 0], [0, 3, 0], [3, 0, 0]]
    draw_confusion(counts, STYLES, "by colour", tmp_path / "confusion.png")
    with Image.open(tmp_path / "confusion.png") as picture:
        assert picture.format == "PNG"


def test_wiring():
    pipeline = create_pipeline()
    assert pipeline.inputs() == {"manifest", "image_store", "checkpoints", "params:pretrain_classifier"}
    assert pipeline.outputs() == {"classifier_metrics", "classifier_report"}
    assert {"classifier", "judge"} <= pipeline.all_outputs()
    for _, train in NODES:
        assert get_type_hints(train)["options"] is PretrainOptions
