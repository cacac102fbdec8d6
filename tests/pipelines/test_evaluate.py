"""The evaluation: what it says of generators whose quality is known, and the node from end to end."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
import torch
from kedro.pipeline import Pipeline
from PIL import Image
from torch import nn

from stylefuse.evaluation.compare import compare_sets
from stylefuse.evaluation.heldout import HeldOut, Twins, held_out, twins_of
from stylefuse.evaluation.measure import Networks, measure
from stylefuse.evaluation.summary import flat, plain, summarise, warnings_of
from stylefuse.images.manifest import data_hash
from stylefuse.images.store import ImageStore, write_store
from stylefuse.networks.classifier import build_classifier, pack_classifier
from stylefuse.networks.generator import Generator, GeneratorConfig, pack_generator
from stylefuse.networks.judge import Judge, pack_judge
from stylefuse.pipelines.evaluate import create_pipeline
from stylefuse.pipelines.evaluate.nodes import evaluate_styles
from stylefuse.pipelines.evaluate.options import EvaluateOptions

OPTIONS = EvaluateOptions(
    photos=8, paintings=12, batch_size=3, halvings=3, bootstrap_repeats=20, directions=50, grid_photos=3
)
STYLES = ["photo", "blue", "red"]
SIZE = 64


def scenes(count, seed):
    """Grey random scenes, N×3×SIZE×SIZE."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 1, 8, 8, generator=generator) - 0.5
    return nn.functional.interpolate(coarse, size=(SIZE, SIZE), mode="bilinear").expand(-1, 3, -1, -1)


def tint(x, style):
    """The true style: a colour cast. Row 0 leaves the picture alone."""
    casts = torch.tensor([[0.0, 0, 0], [-0.3, -0.3, 0.3], [0.3, -0.3, -0.3]])
    return (x + (style @ casts)[:, :, None, None]).clamp(-1, 1)


class StandInGenerator(nn.Module):
    def __init__(self, paint):
        super().__init__()
        self.paint = paint

    def forward(self, x, style):
        return self.paint(x, style)

    def features(self, x):
        flat = x - x.mean(dim=(2, 3), keepdim=True)  # as instance norm does: a cast is no content
        patches = nn.functional.unfold(flat, 5, stride=4, padding=2)
        return [x, patches.view(len(x), -1, SIZE // 4, SIZE // 4)]


class ColourJudge(nn.Module):
    """Names the style by the mean colour."""

    def embed(self, x):
        return torch.cat([x.mean(dim=(2, 3)), x.std(dim=(2, 3))], dim=1)

    def forward(self, x):
        red, _, blue = x.mean(dim=(2, 3)).unbind(1)
        return 20 * torch.stack([torch.full_like(red, 0.3), blue - red, red - blue], dim=1)


def networks(paint, inception=None):
    judge, classes = ColourJudge(), [0, 1, 2]
    return Networks(
        StandInGenerator(paint), judge, judge, STYLES, classes, classes, torch.device("cpu"), inception
    )


@pytest.fixture(scope="module")
def pictures():
    paintings = {
        s: tint(scenes(12, i), torch.eye(3)[i].expand(12, -1)) for i, s in enumerate(STYLES[1:], start=1)
    }
    return HeldOut(scenes(8, 0), paintings)


def test_the_true_style_scores_high_everywhere(pictures):
    twins = {"red": Twins(scenes(4, 7), tint(scenes(4, 7), torch.eye(3)[2].expand(4, -1)))}
    found = measure(networks(tint), pictures, twins, OPTIONS)
    for style in STYLES[1:]:
        m = found["styles"][style]
        assert m["judge"]["accuracy_fakes"] == m["judge"]["accuracy_paintings"] == 1
        assert m["judge"]["accuracy_photos"] == 0
        assert m["classifier"]["gap_to_judge"] == 0
        for distance in m["distances"].values():
            assert distance["score"] > 0.8
            assert distance["low"] <= distance["fake"] <= distance["high"]
            assert distance["n"] == 6
        assert m["content"]["ssim"] > 0.99 > m["content"]["ssim_wrong_photo"]
        assert m["content"]["edge_correlation"] > 0.99 > m["content"]["edge_correlation_wrong_photo"]
        assert m["content"]["patch_retrieval"] > 0.9
        assert found["not_collapsed"]["variance_ratio"][style] == pytest.approx(1, abs=0.5)
    assert found["identity"] == {"psnr": 100, "judge_accuracy_photos": 1}
    assert found["styles"]["red"]["truth"]["psnr"] > found["styles"]["red"]["truth"]["psnr_untouched"] + 20
    assert "not computed" in found["styles"]["blue"]["truth"]["reason"]
    assert found["judge_confusion"]["fakes"] == [[0, 0, 0], [0, 8, 0], [0, 0, 8]]
    assert found["judge_confusion"]["real"] == [[8, 0, 0], [0, 12, 0], [0, 0, 12]]


def test_an_untouched_photo_scores_zero(pictures):
    found = measure(networks(lambda x, style: x), pictures, {}, OPTIONS)
    for style in STYLES[1:]:
        m = found["styles"][style]
        assert m["judge"]["accuracy_fakes"] == 0
        assert m["content"]["ssim"] == pytest.approx(1, abs=1e-4)
        for distance in m["distances"].values():
            assert distance["score"] == pytest.approx(0, abs=1e-9)
            assert distance["fake"] == distance["photo"]
    assert found["not_collapsed"]["same_photo_between_styles"] == 0


def test_one_picture_for_every_photo_is_seen_as_collapse(pictures):
    found = measure(
        networks(lambda x, style: tint(scenes(1, 9).expand(len(x), -1, -1, -1), style)), pictures, {}, OPTIONS
    )
    for style in STYLES[1:]:
        assert found["styles"][style]["judge"]["accuracy_fakes"] == 1  # the judge alone would be fooled
        assert found["not_collapsed"]["variance_ratio"][style] < 0.01
        assert found["styles"][style]["content"]["ssim"] < 0.5
        assert found["styles"][style]["content"]["patch_retrieval"] < 0.2


def test_the_numbers_do_not_depend_on_the_batch_size(pictures):
    one = measure(networks(tint), pictures, {}, OPTIONS)
    other = measure(networks(tint), pictures, {}, OPTIONS.model_copy(update={"batch_size": 8}))
    assert flat(one) == pytest.approx(flat(other), rel=1e-3, abs=1e-4)


def test_too_few_paintings_give_a_reason_instead_of_a_number(pictures):
    few = HeldOut(pictures.photos, {s: p[:3] for s, p in pictures.paintings.items()})
    found = measure(networks(tint), few, {}, OPTIONS)
    distance = found["styles"]["red"]["distances"]["sw_judge"]
    assert distance["score"] is None
    assert "3 paintings" in distance["reason"]
    assert summarise(found)["score"] is None
    assert summarise(found)["ssim"] > 0.9


def test_compared_sets_are_of_equal_size():
    sizes = set()

    def distance(a, b):
        sizes.add((len(a), len(b)))
        return float(a.mean() - b.mean()) ** 2

    compare_sets(distance, torch.zeros(50, 2), torch.ones(50, 2), torch.randn(21, 2), 4, 20, 0)
    assert (10, 10) in sizes
    assert sizes - {(10, 10)} == {(50, 21)}  # the bootstrap redraws both whole sets


def test_inception_adds_fid_and_kid_beside_the_judges_distances(pictures):
    found = measure(
        networks(tint, inception=nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten())), pictures, {}, OPTIONS
    )
    distances = found["styles"]["red"]["distances"]
    assert set(distances) == {"sw_judge", "kid_judge", "frechet_judge", "kid", "fid"}
    assert distances["fid"]["score"] > 0.8
    assert distances["fid"]["all"] < distances["fid"]["photo"]
    without = measure(networks(tint), pictures, {}, OPTIONS)["styles"]["red"]["distances"]
    assert without == {name: without[name] for name in ("sw_judge", "kid_judge", "frechet_judge")}


def test_warnings_name_the_style_and_the_reason(pictures):
    blank = networks(lambda x, style: tint(torch.zeros_like(x), style))
    notes = warnings_of(measure(blank, pictures, {}, OPTIONS))
    assert any("red" in note and "look alike" in note for note in notes)
    assert any("6 pictures with 6" in note for note in notes)
    assert not any("judge" in note for note in notes)
    swapped = HeldOut(
        pictures.photos, dict(zip(STYLES[1:], list(pictures.paintings.values())[::-1], strict=True))
    )
    notes = warnings_of(measure(networks(tint), swapped, {}, OPTIONS))
    assert any("blue: the judge recognises only 0 %" in note for note in notes)


def test_numbers_that_json_cannot_write_become_null():
    assert plain({"a": [float("nan"), 1.0], "b": {"c": float("inf")}}) == {"a": [None, 1.0], "b": {"c": None}}


def test_flat_names_suit_the_tracker():
    assert flat({"styles": {"van Gogh (1888)": {"ssim": 0.5, "reason": "", "score": None}}}) == {
        "evaluate.styles.van Gogh _1888_.ssim": 0.5
    }


# ---- from files


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
        evaluation, summary, folder = evaluate_styles(*weights, manifest, store, sample, OPTIONS)
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
    assert "truth-1.png" in names
    assert "{{" not in page
    assert "None" not in page


def test_networks_of_other_styles_are_refused_by_name(world, weights):
    sample, manifest, store = world
    generator, judge, classifier = weights
    strange = judge._replace(facts={**judge.facts, "styles": ["photo", "blue", "green"]})
    with pytest.raises(ValueError, match=r"judge does not know .*red.*green"):
        evaluate_styles(generator, strange, classifier, manifest, store, sample, OPTIONS)


def test_classes_in_another_order_are_found_by_name(world, weights):
    sample, manifest, store = world
    generator, judge, classifier = weights
    swapped = judge._replace(
        facts={**judge.facts, "styles": ["red", "blue", "photo"]},
        tensors={n: t.flip(0) if n.startswith("head") else t for n, t in judge.tensors.items()},
    )
    straight, *_ = evaluate_styles(generator, judge, classifier, manifest, store, sample, OPTIONS)
    turned, *_ = evaluate_styles(generator, swapped, classifier, manifest, store, sample, OPTIONS)
    assert turned["styles"]["red"]["judge"] == pytest.approx(straight["styles"]["red"]["judge"], abs=1e-5)
    assert turned["judge_confusion"] == straight["judge_confusion"]


def test_the_options_name_a_missing_weights_file(world, weights, tmp_path):
    sample, manifest, store = world
    options = OPTIONS.model_copy(update={"inception_weights": str(tmp_path / "absent.pth")})
    with pytest.raises(FileNotFoundError, match=r"evaluate\.inception_weights"):
        evaluate_styles(*weights, manifest, store, sample, options)


def test_wiring():
    pipeline = create_pipeline()
    assert isinstance(pipeline, Pipeline)
    assert pipeline.inputs() == {
        "generator", "judge", "classifier", "manifest", "image_store", "sample", "params:evaluate",
    }  # fmt: skip
    assert pipeline.outputs() == {"evaluation", "evaluation_summary", "evaluation_report"}
