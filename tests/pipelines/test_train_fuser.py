"""The nodes of train_fuser: they resume, refuse a foreign generator, and measure beside the rules."""

from dataclasses import replace

import pandas as pd
import pytest
from PIL import Image

from stylefuse.networks.encoder import encoder_hash
from stylefuse.networks.generator import load_generator, pack_generator
from stylefuse.networks.weights import Weights
from stylefuse.pipelines.progress import TrackedProgress
from stylefuse.pipelines.train_head import create_pipeline
from stylefuse.pipelines.train_head.nodes import evaluate_head, train_head
from stylefuse.pipelines.train_head.options import parameters_of
from stylefuse.tasks.fuse.config import FuserConfig
from stylefuse.tasks.fuse.head import FUSER
from stylefuse.tasks.fuse.network import load_fuser
from stylefuse.tasks.fuse.options import FusionEvaluation, FusionOptions
from stylefuse.tasks.fuse.pairs import WITH_TRUTH
from stylefuse.tasks.fuse.rules import RULES
from stylefuse.training.run_lock import TrainingRefusedError
from support import STYLES, assert_equal_weights, lively_generator

TRAINING = FusionOptions(
    images=18,
    batch_size=6,
    image_size=32,
    large_size=64,
    most_inputs=2,
    fuser=FuserConfig((4, 4, 8, 8, 8), (4, 4, 8)),
    log_every=6,
    sample_every=6,
    checkpoint_every=6,
    precision="fp32",
    device="cpu",
)
OPTIONS = parameters_of(FUSER)(
    restart=False,
    training=TRAINING,
    evaluation=FusionEvaluation(photos=2, image_size=48, inputs=(2, 3), seed=1),
)


@pytest.fixture(scope="module")
def generator():
    return pack_generator(lively_generator(), STYLES, fingerprint="f00d", image_size=32)


@pytest.fixture(scope="module")
def train(tiny_data, generator):
    folder, manifest = tiny_data

    def run(workspace, options=OPTIONS, generator=generator):
        for name in ("checkpoints", "samples"):
            (workspace / name).mkdir(exist_ok=True)
        spaces = workspace / "checkpoints", workspace / "samples"
        log, fuser = train_head(FUSER, manifest, folder, generator, *spaces, options)
        return fuser, log

    return run


@pytest.fixture(scope="module")
def trained(train, tmp_path_factory):
    workspace = tmp_path_factory.mktemp("fuser")
    return *train(workspace), workspace


def test_the_fuser_knows_what_it_is_and_whose_encoder_it_reads(trained, generator):
    fuser, log, _ = trained
    assert fuser.facts["generator"] == "f00d"
    assert fuser.facts["encoder"] == encoder_hash(load_generator(generator).encoder)
    assert fuser.facts["images_seen"] == 18
    assert list(log["images_seen"]) == [6, 12, 18]
    assert {"log_error", "dissimilarity", "best_of_inputs", "mode", "gradient"} <= set(log.columns)
    load_fuser(fuser, load_generator(generator), "f00d")


def test_the_log_names_the_fuser_that_it_belongs_to_and_is_saved_before_it(trained):
    fuser, log, _ = trained
    assert set(log["fingerprint"]) == {fuser.facts["fingerprint"]}
    node = next(node for node in create_pipeline(FUSER).nodes if node.name == "train_fuser")
    assert node.outputs == ["fusion_log", "fuser"]
    assert [each["precision"] for each in fuser.facts["trained_with"]] == ["fp32"]


def test_sample_grids_show_every_kind(trained):
    *_, workspace = trained
    grids = sorted((workspace / "samples").glob("images-*.png"))
    assert [grid.stem for grid in grids] == [f"images-{seen:09d}" for seen in (0, 6, 12, 18)]
    with Image.open(grids[-1]) as grid:
        assert grid.height >= 6 * TRAINING.image_size


def test_interrupted_it_goes_on_to_the_same_fuser(trained, train, tmp_path, monkeypatch):
    """And no other training begins in its place."""

    class StopError(Exception):
        pass

    step = TrackedProgress.on_step

    def stop(progress, seen, losses):
        step(progress, seen, losses)
        if seen == 12:
            raise StopError

    with monkeypatch.context() as patch:
        patch.setattr(TrackedProgress, "on_step", stop)
        with pytest.raises(StopError):
            train(tmp_path)
    other = OPTIONS.model_copy(update={"training": replace(TRAINING, rate=0.5)})
    with pytest.raises(
        TrainingRefusedError, match=r"options.rate: 0.0015 -> 0.5(?s:.*)train_fuser.restart=true"
    ):
        train(tmp_path, other)
    fuser, log = train(tmp_path)
    assert_equal_weights(fuser, trained[0])
    pd.testing.assert_frame_equal(log, trained[1])


def test_other_options_are_another_training(trained, train, tmp_path):
    fuser, _ = train(tmp_path, OPTIONS.model_copy(update={"training": replace(TRAINING, seed=8)}))
    assert fuser.facts["fingerprint"] != trained[0].facts["fingerprint"]


def test_it_is_measured_beside_every_rule_on_every_kind(trained, tiny_data, generator):
    folder, manifest = tiny_data
    evaluation, report = evaluate_head(FUSER, manifest, folder, generator, trained[0], OPTIONS)
    table = pd.DataFrame(evaluation["table"])
    assert list(zip(table["kind"], table["n"], strict=True)) == [(k, n) for k in WITH_TRUTH for n in (2, 3)]
    assert set(RULES) <= set(table.columns)
    assert table.drop(columns="kind").notna().all(axis=None)
    assert evaluation["about"]["fingerprint"] == trained[0].facts["fingerprint"]
    for kind in WITH_TRUTH:
        rows = table[table["kind"] == kind]
        lead = (rows["fuser"] - rows[list(RULES)].max(axis=1)).mean()
        assert evaluation["summary"][f"{kind}_lead"] == pytest.approx(lead)
    assert {path.name for path in report.iterdir()} == {"fusion.csv", "fusion.md", "fused.png"}


def test_the_same_fuser_measures_the_same(trained, tiny_data, generator):
    folder, manifest = tiny_data
    one, other = (evaluate_head(FUSER, manifest, folder, generator, trained[0], OPTIONS)[0] for _ in range(2))
    assert one == other


def test_another_generator_with_the_same_encoder_keeps_the_fuser(
    trained, train, tiny_data, generator, tmp_path
):
    """As one that has learned a further style."""
    folder, manifest = tiny_data
    tensors = {
        name: tensor if name.startswith("encoder.") else tensor + 0.1
        for name, tensor in generator.tensors.items()
    }
    other = Weights(tensors, {**generator.facts, "fingerprint": "beef"})
    evaluate_head(FUSER, manifest, folder, other, trained[0], OPTIONS)
    again, _ = train(tmp_path, generator=other)
    assert again.facts["fingerprint"] == trained[0].facts["fingerprint"]


def test_a_fuser_of_another_encoder_is_refused(trained, tiny_data, generator):
    folder, manifest = tiny_data
    tensors = {name: tensor + 0.1 for name, tensor in generator.tensors.items()}
    other = Weights(tensors, {**generator.facts, "fingerprint": "beef"})
    with pytest.raises(ValueError, match="f00d, this one is beef: run the train_fusion pipeline"):
        evaluate_head(FUSER, manifest, folder, other, trained[0], OPTIONS)


def test_a_fuser_from_before_there_were_hashes_is_known_by_its_generator(trained, tiny_data, generator):
    folder, manifest = tiny_data
    facts = {name: value for name, value in trained[0].facts.items() if name != "encoder"}
    old = trained[0]._replace(facts=facts)
    evaluate_head(FUSER, manifest, folder, generator, old, OPTIONS)
    other = generator._replace(facts={**generator.facts, "fingerprint": "beef"})
    with pytest.raises(ValueError, match="f00d, this one is beef: run the train_fusion pipeline"):
        evaluate_head(FUSER, manifest, folder, other, old, OPTIONS)


def test_two_processes_train_the_fuser_together(train, tmp_path):
    """The same losses as one process up to rounding, though each computes half of every batch."""
    single = replace(TRAINING, images=12, large_share=0.0, large_size=32)
    double = replace(single, strategy="ddp", devices=2)
    logs = []
    for name, training in (("single", single), ("double", double)):
        (tmp_path / name).mkdir()
        logs.append(train(tmp_path / name, OPTIONS.model_copy(update={"training": training}))[1])
    assert logs[0].columns.equals(logs[1].columns)
    numbers = [log.drop(columns="fingerprint") for log in logs]
    pd.testing.assert_frame_equal(*numbers, rtol=2e-3)
