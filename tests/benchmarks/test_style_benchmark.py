"""The style benchmark on pictures so small that it takes seconds, with stand-ins for the rivals."""

import json
import sys
import types

import pytest
import torch
from PIL import Image
from torch import nn

from benchmarks import rivals
from benchmarks.style import __main__ as style
from benchmarks.style import own_training
from benchmarks.style.compare import COMPARED
from benchmarks.style.data import endless_crops, load_data, references
from benchmarks.style.methods import Length
from benchmarks.style.own_training import train_own
from stylefuse.datasets import ManifestDataset
from stylefuse.images.manifest import rows_of
from stylefuse.networks.judge import Judge, pack_judge
from stylefuse.networks.weights import write_weights
from stylefuse.training.trainer import Trainer
from support import STYLES, classifier_weights, write_tiny_data


class Tint(nn.Module):
    """A rival that was trained: it turns pictures to one colour."""

    def __init__(self, shift=0.0):
        super().__init__()
        self.shift = nn.Parameter(torch.tensor(shift))

    def forward(self, x, reference=None):
        return x + self.shift if reference is None else reference.roll(1, 2)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A data root after ingest and pretrain_classifier."""
    root = tmp_path_factory.mktemp("data")
    manifest = write_tiny_data(root / "05_model_input" / "images")
    ManifestDataset(filepath=str(root / "03_primary" / "manifest.csv")).save(manifest)
    write_weights(root / "06_models" / "classifier.safetensors", classifier_weights())
    torch.manual_seed(0)
    write_weights(root / "06_models" / "judge.safetensors", pack_judge(Judge(len(STYLES)), STYLES))
    return root


@pytest.fixture
def stand_ins(monkeypatch):
    """Modules in place of the trained rivals; returns what was asked of them."""
    asked = []

    def stand_in(name, **contents):
        def train(photos, paintings, minutes, seed, on_step):
            batch = next(photos), next(paintings)
            asked.append((name, minutes, seed, *(tuple(b.shape) for b in batch), float(batch[1].mean())))
            on_step(1, {"loss": 2.0}, 0.5)
            on_step(2, {"loss": 1.0}, 1.0)
            return Tint(0.1 * len(asked))

        module = types.ModuleType(f"benchmarks.rivals.{name}")
        module.__dict__.update({f"train_{name}": train, **contents})
        monkeypatch.setitem(sys.modules, f"benchmarks.rivals.{name}", module)
        monkeypatch.setattr(rivals, name, module, raising=False)

    stand_in("cut", BATCH=1, cut_generator=Tint)
    stand_in("cyclegan", BATCH=1, cyclegan_generator=lambda blocks: Tint(), blocks_for=lambda size: 6)
    stand_in("adain", BATCH=8, AdaIN=lambda features: Tint())
    stand_in("reinhard", recolour=lambda photos, shown: (photos + shown.mean((2, 3), keepdim=True)) / 2)
    return asked


def command(root, out, *more):
    return ["compare", "--data", str(root), "--env", "test", "--out", str(out), *more]


@pytest.mark.slow
def test_all_recipes_are_measured_alike_and_kept(root, tmp_path, stand_ins, capsys):
    arguments = command(root, tmp_path, "--minutes", "0.01")
    assert style.main(arguments) == 0
    text = capsys.readouterr().out
    assert text == (tmp_path / "table.md").read_text(encoding="utf-8") + "\n"
    for name in COMPARED:
        record = json.loads((tmp_path / "runs" / f"{name}-seed-1.json").read_text())
        assert record["measured"].keys() == {"blue", "red"}
        for measured in record["measured"].values():
            assert 0 <= measured["judge"]["accuracy_fakes"] <= 1
            assert {"content", "distances", "truth", "patches", "brush", "faults"} <= measured.keys()
        assert f"| {name} (1) |" in text
    # each style has its share of the minutes and its own paintings; all styles are mixed for the network of all
    small, large = (1, 3, 64, 64), (8, 3, 64, 64)
    assert [call[:5] for call in stand_ins] == [
        *[(name, 0.005, 1, small, small) for name in ("cut", "cut", "cyclegan", "cyclegan")],
        ("adain", 0.01, 1, large, large),
    ]
    cut = json.loads((tmp_path / "runs" / "cut-seed-1.json").read_text())
    assert cut["cost"]["parameters"] == 2 and cut["training"]["images"] == 4
    assert cut["training"]["losses"] == {"loss": 1.5}
    own = json.loads((tmp_path / "runs" / "stylefuse-seed-1.json").read_text())["training"]
    assert own["images"] % 4 == 0 and own["calibrated_images_per_second"] > 0 and "patch_nce" in own["losses"]
    names = {path.name for path in (tmp_path / "sheets").iterdir()}
    assert names == {"styles-seed-1.png", "details-blue-seed-1.png", "details-red-seed-1.png"}
    with Image.open(tmp_path / "sheets" / "styles-seed-1.png") as sheet:
        assert sheet.height == 2 * 7 * (64 + 2) - 2  # two styles: photo, five methods, paintings

    stand_ins.clear()
    assert style.main(arguments) == 0 and not stand_ins and capsys.readouterr().out == text
    (tmp_path / "runs" / "cut-seed-1.json").unlink()
    assert style.main([*arguments, "--evaluate-again"]) == 0 and not stand_ins
    assert capsys.readouterr().out == text
    assert style.main(command(root, tmp_path, "--minutes", "0.02")) == 1
    assert "other minutes" in capsys.readouterr().err


def test_the_untouched_photo_scores_nothing_and_keeps_everything(root, tmp_path):
    assert style.main(command(root, tmp_path, "--images", "8", "--recipes", "untouched")) == 0
    record = json.loads((tmp_path / "runs" / "untouched-seed-1.json").read_text())
    assert record["cost"] == {"parameters": 0, "gmacs": 0} and record["training"] == {}
    for measured in record["measured"].values():
        assert measured["content"]["ssim"] == pytest.approx(1, abs=1e-4)
        assert measured["judge"]["accuracy_fakes"] == measured["judge"]["accuracy_photos"]
        assert measured["patches"]["accuracy_fakes"] == measured["patches"]["accuracy_photos"]


@pytest.mark.parametrize(
    ("missing", "made_by"),
    [("03_primary/manifest.csv", "ingest"), ("06_models/judge.safetensors", "pretrain_classifier")],
)
def test_what_is_missing_is_named_with_the_command_that_makes_it(root, tmp_path, capsys, missing, made_by):
    (tmp_path / "03_primary").mkdir()
    for each in ("05_model_input", "06_models"):
        (tmp_path / each).mkdir()
        for path in (root / each).iterdir():
            (tmp_path / each / path.name).symlink_to(path)
    (tmp_path / "03_primary" / "manifest.csv").symlink_to(root / "03_primary" / "manifest.csv")
    (tmp_path / missing).unlink()
    assert style.main(command(tmp_path, tmp_path / "out", "--images", "8", "--recipes", "stylefuse")) == 1
    said = capsys.readouterr().err
    assert missing in said and f"kedro run --env test --pipelines {made_by}" in said


def test_a_style_without_paintings_is_refused(root, tmp_path, capsys):
    asked = command(root, tmp_path, "--images", "8", "--paintings", "0", "--recipes", "stylefuse")
    with pytest.raises(SystemExit):
        style.main(asked)
    assert "--paintings: 0 is less than 1" in capsys.readouterr().err


def test_rivals_ask_for_minutes(root, tmp_path, stand_ins, capsys):
    assert style.main(command(root, tmp_path, "--images", "8", "--recipes", "cut")) == 1
    assert "--minutes" in capsys.readouterr().err


def test_an_ablation_takes_the_same_steps(root):
    data = load_data(root, "test")
    first, second = (train_own("mine", data, data.training, Length(None, 10), seed=3) for _ in range(2))
    assert first.facts["training"]["images"] == 8  # whole batches of 4
    assert all(first.tensors[name].equal(second.tensors[name]) for name in first.tensors)


def test_half_the_time_may_go_to_pictures_of_half_the_size(root, monkeypatch):
    data = load_data(root, "test")
    trained = []

    def learned(training):
        return next(iter(training.generator.state_dict().values())).clone()

    class Watched(Trainer):
        def train(self, build, options):
            training = build()
            before, state = learned(training), training.state
            assert state.images_seen == 0 and state.samplers[0].draw(1).shape[-1] == options.image_size
            super().train(lambda: training, options)
            trained.append((options.image_size, options.images, before, learned(training)))

    monkeypatch.setattr(own_training, "Trainer", Watched)
    weights = train_own(
        "mine", data, data.training, Length(None, 16), seed=3, stages=own_training.small_first
    )
    (small, many, _, handed_over), (full, few, taken, _) = trained
    assert (small, full) == (32, 64) and (many, few) == (28, 8)  # 3.4 times as many, in whole batches of 4
    assert taken.equal(handed_over)
    assert weights.facts["training"]["images"] == 36 and weights.facts["image_size"] == 64


def test_fewer_paintings_are_learned_from_and_the_rest_stays(root):
    everything, fewer = load_data(root, "test"), load_data(root, "test", paintings=2)
    for style_name in STYLES:
        for split in ("train", "judge", "test"):
            before = set(rows_of(everything.manifest, style_name, split))
            after = set(rows_of(fewer.manifest, style_name, split))
            limited = split == "train" and style_name != "photo"
            assert len(before) > 2 and after <= before and len(after) == (2 if limited else len(before))
    assert fewer.version != everything.version


def test_crops_and_references_repeat_with_their_seed_and_are_of_their_style(root):
    data = load_data(root, "test")
    batches = [next(endless_crops(data, ["blue", "red"], 4, seed)) for seed in (1, 1, 2)]
    assert batches[0].equal(batches[1]) and not batches[0].equal(batches[2])
    redder = batches[0].mean((2, 3))[:, 0] > batches[0].mean((2, 3))[:, 2]
    assert redder.tolist() == [False, True, False, True]
    photos = torch.zeros(5, 3, 96, 96)
    shown = references(data, STYLES.index("red"), photos, seed=0)
    assert shown.equal(references(data, STYLES.index("red"), photos, seed=0)) and shown.shape == photos.shape
    assert (shown.mean((2, 3))[:, 0] > shown.mean((2, 3))[:, 2]).all()
