"""The node of `evaluate` from end to end, and the held-out pictures that it reads."""

import hashlib
import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
import torch
from kedro.pipeline import Pipeline
from PIL import Image
from torch import nn

from project import configuration
from stylefuse.evaluation.heldout import held_out, twins_of
from stylefuse.evaluation.settings import Settings
from stylefuse.images.manifest import data_hash
from stylefuse.images.store import ImageStore, write_store
from stylefuse.networks.classifier import build_classifier, pack_classifier
from stylefuse.networks.generator import Generator, GeneratorConfig, pack_generator
from stylefuse.networks.judge import Judge, pack_judge
from stylefuse.pipelines.evaluate import create_pipeline
from stylefuse.pipelines.evaluate.nodes import evaluate_styles
from stylefuse.pipelines.evaluate.options import EvaluateOptions, ViewingOptions
from tinted_pictures import SIZE, STYLES, scenes, tint

OPTIONS = EvaluateOptions(
    photos=8,
    paintings=12,
    batch_size=3,
    halvings=3,
    bootstrap_repeats=20,
    directions=50,
    grid_photos=3,
    viewing=ViewingOptions(photos=3, paintings=4, sizes=(64, 96), views=(64,)),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A sample folder, its manifest and store: 9 photos, and 7 paintings of each style with their twins."""
    root = tmp_path_factory.mktemp("world")
    sample, store, rows, pixels = root / "sample", root / "store", [], []
    for index, style in enumerate(STYLES):
        for i in range(9 if style == "photo" else 7):
            clean = scenes(9, 100 * index)[i : i + 1]
            clean = nn.functional.interpolate(clean, size=(70, 64), mode="bilinear")
            painted = tint(clean, torch.eye(3)[index : index + 1])
            folder = sample / "photos" if style == "photo" else sample / "styles" / style
            path = write_png(folder / f"{i}.png", painted)
            if style != "photo":
                write_png(sample / "twins" / style / f"{i}.png", clean)
            pixels.append(np.asarray(Image.open(path)))
            rows.append(
                {
                    "path": f"{i}.png" if style == "photo" else f"{style}/{i}.png",
                    "style": style,
                    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                    "split": {0: "train", 1: "judge"}.get(i, "test"),
                    "verdict": "ok",
                    "row": len(rows),
                    "trim": "",
                }
            )
    manifest = pd.DataFrame(rows)
    write_store(store, pixels, manifest)
    return sample, manifest, store


def folders(sample):
    return sample, sample / "photos", sample / "styles"


def write_png(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = ((picture[0] + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()
    Image.fromarray(levels).save(path)
    return path


@pytest.fixture(scope="module")
def weights(world):
    pictures = data_hash(world[1])
    torch.manual_seed(0)
    generator = Generator(3, GeneratorConfig(channels=(4, 8), blocks=1))
    return (
        pack_generator(
            generator, STYLES, image_size=SIZE, images_seen=12, data_hash=pictures, fingerprint="f"
        ),
        pack_judge(Judge(3), STYLES, data_hash=pictures),
        pack_classifier(build_classifier(3, imagenet=False), STYLES, data_hash=pictures),
    )


def test_held_out_pictures_are_those_of_the_test_split(world):
    _, manifest, store = world
    found = held_out(manifest, ImageStore(store), STYLES[1:], SIZE, photos=3, paintings=99, seed=1)
    assert found.photos.shape == (3, 3, SIZE, SIZE)
    assert {s: len(p) for s, p in found.paintings.items()} == {"blue": 5, "red": 5}
    again = held_out(manifest, ImageStore(store), STYLES[1:], SIZE, photos=3, paintings=99, seed=1)
    assert torch.equal(found.photos, again.photos)
    with pytest.raises(ValueError, match="green"):
        held_out(manifest, ImageStore(store), ["green"], SIZE, photos=3, paintings=99, seed=1)


def test_twins_count_only_where_the_manifest_is_of_the_sample(world):
    sample, manifest, _ = world
    found = twins_of(manifest, sample, "red", SIZE, most=3)
    assert found.clean.shape == found.painted.shape == (3, 3, SIZE, SIZE)
    assert (found.painted - found.clean)[:, 0].mean() == pytest.approx(0.3, abs=0.05)
    own = manifest.assign(sha256="0" * 64)  # own pictures that happen to have the same names
    assert twins_of(own, sample, "red", SIZE, most=3) is None
    assert twins_of(manifest, sample / "absent", "red", SIZE, most=3) is None


def test_the_node_writes_numbers_and_a_report(world, weights, caplog, monkeypatch):
    sample, manifest, store = world
    logged = {}
    tracker = pytest.importorskip("mlflow")
    monkeypatch.setattr(tracker, "active_run", lambda: True)
    monkeypatch.setattr(tracker, "log_metrics", logged.update)
    monkeypatch.setattr(tracker, "log_dict", lambda *args: None)
    monkeypatch.setattr(tracker, "log_artifacts", lambda folder, place: logged.update({place: folder}))
    with caplog.at_level("INFO"):
        evaluation, summary, folder = evaluate_styles(*weights, manifest, store, *folders(sample), OPTIONS)
    text = json.dumps(evaluation, allow_nan=False)
    assert json.loads(text) == evaluation  # plain types: what is read back is what was measured
    assert summary == {**evaluation["summary"], "generator": "f"}
    assert evaluation["about"]["photos"] == 7
    if not torch.cuda.is_available():
        assert (evaluation["about"]["device"], evaluation["about"]["precision"]) == ("cpu", "fp32")
    assert evaluation["styles"]["red"]["truth"]["pictures"] == 5
    assert evaluation["identity"]["psnr"] > 20  # a fresh generator is near the identity
    assert set(evaluation["not_computed"]) == {"fid", "kid", "lpips", "dino_structure"}
    assert "blue" in caplog.text
    assert "judge" in caplog.text
    assert logged["evaluate.summary.ssim"] == evaluation["summary"]["ssim"]
    assert logged["evaluation"] == str(folder)
    page = (folder / "index.html").read_text(encoding="utf-8")
    for picture in folder.glob("*.png"):
        assert f'src="{picture.name}"' in page
        Image.open(picture).verify()
    names = {p.name for p in folder.glob("*.png")}
    assert names >= {"styles.png", "crops.png", "style-1.png", "style-2.png", "strength.png", "mixing.png"}
    assert names >= {"viewing-screen.png", "viewing-details.png"}
    assert "truth-1.png" in names
    assert "{{" not in page
    assert "None" not in page


def test_networks_of_other_styles_are_refused_by_name(world, weights):
    sample, manifest, store = world
    generator, judge, classifier = weights
    strange = judge._replace(facts={**judge.facts, "styles": ["photo", "blue", "green"]})
    with pytest.raises(ValueError, match=r"judge does not know .*red.*green"):
        evaluate_styles(generator, strange, classifier, manifest, store, *folders(sample), OPTIONS)


def test_classes_in_another_order_are_found_by_name(world, weights):
    sample, manifest, store = world
    generator, judge, classifier = weights
    swapped = judge._replace(
        facts={**judge.facts, "styles": ["red", "blue", "photo"]},
        tensors={n: t.flip(0) if n.startswith("head") else t for n, t in judge.tensors.items()},
    )
    straight, *_ = evaluate_styles(generator, judge, classifier, manifest, store, *folders(sample), OPTIONS)
    turned, *_ = evaluate_styles(generator, swapped, classifier, manifest, store, *folders(sample), OPTIONS)
    assert turned["styles"]["red"]["judge"] == pytest.approx(straight["styles"]["red"]["judge"], abs=1e-5)
    assert turned["judge_confusion"] == straight["judge_confusion"]


def test_the_options_name_a_missing_weights_file(world, weights, tmp_path):
    sample, manifest, store = world
    options = OPTIONS.model_copy(update={"inception_weights": str(tmp_path / "absent.pth")})
    with pytest.raises(FileNotFoundError, match=r"evaluate\.inception_weights"):
        evaluate_styles(*weights, manifest, store, *folders(sample), options)


def test_wiring():
    pipeline = create_pipeline()
    assert isinstance(pipeline, Pipeline)
    assert pipeline.inputs() == {
        "generator", "judge", "classifier", "manifest", "image_store", "sample", "photos", "styles",
        "params:evaluate", "reviser",
    }  # fmt: skip
    assert pipeline.outputs() == {"evaluation", "evaluation_summary", "evaluation_report"}


def test_the_parameters_file_holds_the_defaults_of_the_library():
    assert EvaluateOptions(**configuration("parameters")["evaluate"]).settings() == Settings()
    assert EvaluateOptions.model_fields.keys() == asdict(Settings()).keys()
