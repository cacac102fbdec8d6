import logging
import re
import signal
from dataclasses import replace
from typing import get_type_hints

import pandas as pd
import pytest
import torch
from PIL import Image

from stylefuse.images.manifest import data_hash
from stylefuse.networks.generator import load_generator, style_weights
from stylefuse.networks.weights import read_weights
from stylefuse.pipelines.progress import TrackedProgress
from stylefuse.pipelines.train_hybrid import create_pipeline
from stylefuse.pipelines.train_hybrid.nodes import train_generator
from stylefuse.pipelines.train_hybrid.options import TrainOptions
from stylefuse.tasks.stylize import training as hybrid
from stylefuse.training import collapse, device, fingerprint
from stylefuse.training.run_lock import TrainingRefusedError
from stylefuse.training.session import TrainingDivergedError
from support import STYLES, TINY, assert_equal_weights, rebound, smooth_pictures

# Six steps; checkpoints after 8, 16 and 24 images.
OPTIONS = TrainOptions(restart=False, training=replace(TINY, images=24))


@pytest.fixture(scope="module")
def train(tiny_data, tiny_classifier):
    """The node in a folder: checkpoints and samples are its subfolders."""
    folder, manifest = tiny_data

    def run(workspace, options=OPTIONS, manifest=manifest):
        for name in ("checkpoints", "samples"):
            (workspace / name).mkdir(exist_ok=True)
        store = rebound(folder, manifest, workspace / "store")
        log, critic, generator = train_generator(
            manifest, store, tiny_classifier, workspace / "checkpoints", workspace / "samples", options
        )
        assert critic.facts["fingerprint"] == generator.facts["fingerprint"]
        return generator, log

    return run


@pytest.fixture(scope="module")
def uninterrupted(train, tmp_path_factory):
    workspace = tmp_path_factory.mktemp("uninterrupted")
    return *train(workspace), workspace


@pytest.fixture
def steps(monkeypatch):
    """Counts the training steps."""
    seen, step = [], hybrid.HybridTraining.step

    def counted(training, options):
        losses = step(training, options)
        seen.append(training.state.images_seen)
        return losses

    monkeypatch.setattr(hybrid.HybridTraining, "step", counted)
    return seen


def stop(monkeypatch, at, how):
    """Call `how` once, when `at` images were seen."""
    step = TrackedProgress.on_step

    def stopping(progress, images_seen, losses):
        step(progress, images_seen, losses)
        if images_seen == at:
            how()

    monkeypatch.setattr(TrackedProgress, "on_step", stopping)


@pytest.fixture
def hangup():
    """After the test SIGHUP is what it was: the first one that a training gets makes it ignored."""
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


def crash():
    raise RuntimeError("out of memory")


def test_the_generator_says_what_it_is(uninterrupted, tiny_data):
    weights = uninterrupted[0]
    facts = weights.facts
    assert facts["kind"] == "generator" and facts["styles"] == list(STYLES)
    assert facts["image_size"] == 32 and facts["images_seen"] == 24
    assert facts["data_hash"] == data_hash(tiny_data[1]) and len(facts["fingerprint"]) == 16
    picture = smooth_pictures(1, 33, 50)
    assert load_generator(weights)(picture, style_weights(torch.tensor([2]), 3)).shape == picture.shape


def test_losses_by_images_seen(uninterrupted):
    log = uninterrupted[1]
    assert log["images_seen"].tolist() == [8, 16, 24]
    assert len(log.columns) > 4 and log.notna().any().all()  # some terms are not of every step


def test_what_is_handed_over_is_the_ema(uninterrupted):
    weights, _, workspace = uninterrupted
    newest = read_weights(max(workspace.rglob("*.safetensors")))
    for name, tensor in weights.tensors.items():
        assert torch.equal(tensor, newest.tensors[f"ema/{name}"]), name
    assert not torch.equal(weights.tensors["head.weight"], newest.tensors["generator/head.weight"])


def test_samples_are_drawn_while_it_trains(uninterrupted):
    drawn = sorted((uninterrupted[2] / "samples").iterdir())
    assert [path.stem for path in drawn] == [f"images-{seen:09d}" for seen in (0, 16, 24)]
    for path in drawn:
        with Image.open(path) as picture:  # three photos by photo and two styles
            assert picture.width > 3 * 32 and picture.height >= 3 * 32


@pytest.mark.parametrize(
    ("at", "how", "error", "resumes_at"),
    [
        (12, lambda: signal.raise_signal(signal.SIGINT), KeyboardInterrupt, 12),
        (12, lambda: signal.raise_signal(signal.SIGTERM), SystemExit, 12),
        (12, lambda: signal.raise_signal(signal.SIGHUP), SystemExit, 12),
        (20, crash, RuntimeError, 16),
        (4, crash, RuntimeError, 0),
    ],
)
def test_stopped_and_run_again_it_ends_with_the_same_weights(
    train, uninterrupted, tmp_path, monkeypatch, steps, hangup, at, how, error, resumes_at
):
    with monkeypatch.context() as patch:
        stop(patch, at, how)
        with pytest.raises(error):
            train(tmp_path)
    assert steps[-1] == at
    steps.clear()
    weights, log = train(tmp_path)
    assert steps == list(range(resumes_at + 4, 25, 4))
    assert_equal_weights(weights, uninterrupted[0])
    assert log["images_seen"].is_monotonic_increasing and log["images_seen"].is_unique
    assert log["images_seen"].iloc[-1] == 24


@pytest.mark.parametrize("at", [12, 16])  # within an interval of the log, and between two
def test_a_log_of_two_sittings_is_whole(train, uninterrupted, tmp_path, monkeypatch, at):
    with monkeypatch.context() as patch:
        stop(patch, at, lambda: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    pd.testing.assert_frame_equal(train(tmp_path)[1], uninterrupted[1], check_exact=True)


AUTO = TrainOptions(restart=False, training=replace(TINY, images=24, precision="auto"))


def on_a_processor(patch, bf16_pays):
    patch.setattr(device, "_bf16_pays", lambda: bf16_pays)


def stopped_at_12(train, workspace, monkeypatch, bf16_pays):
    with monkeypatch.context() as patch:
        on_a_processor(patch, bf16_pays)
        stop(patch, 12, lambda: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            train(workspace, AUTO)


def precisions(weights):
    return [(each["from_image"], each["precision"]) for each in weights.facts["trained_with"]]


def test_what_auto_picked_is_in_the_log_and_in_the_facts(train, tmp_path, bf16_pays, caplog):
    """And stopped and run again on the same machine, it ends with the same weights."""
    with caplog.at_level(logging.INFO):
        weights, _ = train(tmp_path, AUTO)
    picked = "bf16" if bf16_pays else "fp32"
    threads = torch.get_num_threads()
    (where,) = weights.facts["trained_with"]
    assert (where["device"], where["precision"], where["threads"]) == ("cpu", picked, threads)
    assert re.search(
        rf"train: trains on cpu \(.+\), {picked}, {threads} thread.*machine's choice", caplog.text
    )
    assert f"sample grids lie in {tmp_path / 'samples'}" in caplog.text
    assert "If this stage ran alone, go on with" in caplog.text
    assert "kedro run --pipelines evaluate,register" in caplog.text


@pytest.mark.parametrize("bf16_pays", [True, False])
def test_auto_resumed_on_the_same_machine_gives_the_same_weights(
    train, tmp_path, tmp_path_factory, monkeypatch, bf16_pays, caplog
):
    stopped_at_12(train, tmp_path, monkeypatch, bf16_pays)
    on_a_processor(monkeypatch, bf16_pays)
    resumed, log = train(tmp_path, AUTO)
    assert "equal up to rounding only" not in caplog.text
    whole, log_of_whole = train(tmp_path_factory.mktemp("whole"), AUTO)
    assert_equal_weights(resumed, whole)
    pd.testing.assert_frame_equal(log, log_of_whole, check_exact=True)


def test_begun_in_fp32_it_stays_in_it_on_a_machine_that_is_faster_in_bf16(
    train, uninterrupted, tmp_path, monkeypatch, caplog
):
    stopped_at_12(train, tmp_path, monkeypatch, bf16_pays=False)
    on_a_processor(monkeypatch, True)
    weights, _ = train(tmp_path, AUTO)
    assert precisions(weights) == [(0, "fp32")]
    assert "equal up to rounding only" not in caplog.text
    for name, tensor in weights.tensors.items():
        assert torch.equal(tensor, uninterrupted[0].tensors[name]), name


def test_a_change_of_precision_on_another_machine_is_said(train, tmp_path, monkeypatch, caplog):
    stopped_at_12(train, tmp_path, monkeypatch, bf16_pays=True)
    on_a_processor(monkeypatch, False)
    weights, _ = train(tmp_path, AUTO)
    assert "precision: bf16 -> fp32; from here on equal up to rounding only" in caplog.text
    assert precisions(weights) == [(0, "bf16"), (12, "fp32")]
    on_a_processor(monkeypatch, True)
    assert precisions(train(tmp_path, AUTO)[0]) == [(0, "bf16"), (12, "fp32")]  # only handed over


def test_the_log_names_the_generator_that_it_belongs_to(uninterrupted):
    weights, log, _ = uninterrupted
    assert set(log["fingerprint"]) == {weights.facts["fingerprint"]}


def test_the_generator_is_saved_last():
    (node,) = create_pipeline().nodes
    assert node.outputs == ["training_log", "critic", "generator"]


def test_a_finished_training_is_only_handed_over(train, uninterrupted, steps):
    weights, log, workspace = uninterrupted
    again, log_again = train(workspace)
    assert not steps
    assert_equal_weights(again, weights)
    pd.testing.assert_frame_equal(log_again, log)


def test_a_damaged_checkpoint_costs_what_came_after_the_one_before(
    train, uninterrupted, tmp_path, steps, caplog
):
    train(tmp_path)
    steps.clear()
    newest = max(tmp_path.rglob("*.safetensors"))
    newest.write_bytes(newest.read_bytes()[:1000])
    with caplog.at_level(logging.WARNING):
        weights, _ = train(tmp_path)
    assert newest.name in caplog.text
    assert steps == [20, 24]
    assert_equal_weights(weights, uninterrupted[0])


def test_restart_forgets_the_checkpoints(train, uninterrupted, tmp_path, steps):
    short = OPTIONS.model_copy(update={"training": replace(OPTIONS.training, images=8)})
    first, _ = train(tmp_path, short)
    again, _ = train(tmp_path, short.model_copy(update={"restart": True}))
    assert steps == [4, 8, 4, 8]
    assert_equal_weights(again, first)


def test_half_written_grids_of_a_killed_run_are_removed(train, tmp_path):
    short = OPTIONS.model_copy(update={"training": replace(OPTIONS.training, images=4)})
    samples = tmp_path / "samples"
    samples.mkdir()
    users = [".notes.tmp", "0123456789abcdef.tmp", ".0123456789abcdeg.tmp", ".0123456789abcdef0.tmp"]
    for name in (".0123456789abcdef.tmp", *users):
        (samples / name).write_bytes(b"half")
    train(tmp_path, short)
    assert {path.name for path in samples.iterdir() if path.suffix == ".tmp"} == set(users)


def test_other_options_or_pictures_are_another_training(train, tiny_data, tmp_path, steps):
    short = replace(OPTIONS.training, images=4)
    manifest = tiny_data[1]
    for training, table in (
        (short, manifest),
        (replace(short, seed=8), manifest),
        (short, manifest.assign(sha256=manifest["sha256"] + "?")),
        (short, manifest),
    ):
        train(tmp_path, TrainOptions(restart=False, training=training), table)
    assert steps == [4, 4, 4]
    assert len(list((tmp_path / "checkpoints").glob("hybrid-*"))) == 3


@pytest.fixture
def unfinished(train, tmp_path, monkeypatch):
    """A training that was stopped at 12 of 24 images, in `tmp_path`."""
    with monkeypatch.context() as patch:
        stop(patch, 12, lambda: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    return tmp_path


def test_an_unfinished_training_is_not_left_behind_by_accident(train, uninterrupted, unfinished, tiny_data):
    manifest = tiny_data[1]
    other = OPTIONS.model_copy(update={"training": replace(OPTIONS.training, critic_rate=0.5)})
    with pytest.raises(
        TrainingRefusedError, match=r"(?s)12 of 24 images.*options.critic_rate: 0.001 -> 0.5.*restart=true"
    ):
        train(unfinished, other)
    fewer = manifest[manifest["path"] != "red/train-0.png"]
    with pytest.raises(TrainingRefusedError, match="data: red 1 removed"):
        train(unfinished, OPTIONS, fewer)
    assert_equal_weights(train(unfinished)[0], uninterrupted[0])


def test_restart_begins_another_and_removes_the_unfinished_one(train, unfinished, steps):
    other = TrainOptions(restart=True, training=replace(OPTIONS.training, critic_rate=0.5))
    train(unfinished, other)
    assert steps == [4, 8, 12, 16, 20, 24]
    assert len(list((unfinished / "checkpoints").glob("hybrid-*"))) == 1


def test_a_changed_classifier_or_code_is_named(unfinished, tiny_data, tiny_classifier, monkeypatch):
    folder, manifest = tiny_data
    other = tiny_classifier._replace(facts={**tiny_classifier.facts, "fingerprint": "beef"})
    spaces = unfinished / "checkpoints", unfinished / "samples"
    with pytest.raises(TrainingRefusedError, match="classifier: 0123456789abcdef -> beef"):
        train_generator(manifest, folder, other, *spaces, OPTIONS)
    monkeypatch.setattr(fingerprint, "code_hash", lambda *modules: "another")
    with pytest.raises(TrainingRefusedError, match="code: the training's modules were changed"):
        train_generator(manifest, folder, tiny_classifier, *spaces, OPTIONS)


def test_a_training_that_diverges_leaves_its_state_and_a_report(train, tmp_path, monkeypatch, steps):
    loss = hybrid.style_loss

    def poisoned(logits, style):
        return loss(logits, style) * (float("nan") if len(steps) >= 1 else 1.0)

    with monkeypatch.context() as patch:
        patch.setattr(hybrid, "style_loss", poisoned)
        with pytest.raises(TrainingDivergedError, match="style, generator_gradient not finite"):
            train(tmp_path)
    (report,) = tmp_path.rglob("diverged.txt")
    text = report.read_text()
    assert text.startswith("style, generator_gradient not finite for 4 steps at 20 images")
    assert [line.split(":")[0] for line in text.splitlines()[3:]] == [f"{n} images" for n in (8, 12, 16, 20)]
    assert max(report.parent.glob("*.safetensors")).stem == "images-000000020"


def test_a_collapsed_critic_is_said_and_changes_nothing(train, uninterrupted, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(collapse, "PATIENCE", 3)
    monkeypatch.setattr(collapse, "_LEAST_LOSS", 100.0)
    with caplog.at_level(logging.WARNING):
        weights, log = train(tmp_path)
    (said,) = [record.message for record in caplog.records if "collapsed" in record.message]
    assert said.startswith("at 12 images the critic has collapsed")
    assert log["critic_collapsed"].tolist() == [0.0, 1.0, 1.0]
    assert_equal_weights(weights, uninterrupted[0])


def test_the_same_seed_gives_the_same_numbers(train, uninterrupted, tmp_path):
    weights, log = train(tmp_path)
    assert_equal_weights(weights, uninterrupted[0])
    pd.testing.assert_frame_equal(log, uninterrupted[1], check_exact=True)


def test_a_style_without_training_pictures_is_named(train, tiny_data, tmp_path):
    manifest = tiny_data[1]
    without = manifest[(manifest["style"] != "red") | (manifest["split"] != "train")]
    with pytest.raises(ValueError, match=r"'red': \d+ usable .* none in the split train"):
        train(tmp_path, OPTIONS, without)


def test_more_checkpoints_are_kept_where_asked(train, tmp_path):
    train(tmp_path, TrainOptions(restart=False, training=replace(OPTIONS.training, keep_checkpoints=3)))
    kept = sorted(path.stem for path in tmp_path.rglob("*.safetensors"))
    assert kept == ["images-000000008", "images-000000016", "images-000000024"]


def test_wiring():
    pipeline = create_pipeline()
    assert pipeline.inputs() == {
        "manifest",
        "image_store",
        "classifier",
        "checkpoints",
        "training_samples",
        "params:train_hybrid",
    }
    assert pipeline.outputs() == {"critic", "generator", "training_log"}
    assert get_type_hints(train_generator)["options"] is TrainOptions
