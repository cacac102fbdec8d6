"""A task with a small trained head, declared in one file of at most 120 lines, is trained, resumed and measured."""

import inspect
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import mlflow
import pandas as pd
import pytest

import stylefuse.tasks
import toy_head
from project import configuration
from service_support import Client, inline_app
from serving_examples import encoded, landscape
from stylefuse.configuration import merged
from stylefuse.networks.generator import load_generator, pack_generator
from stylefuse.pipelines.progress import TrackedProgress
from stylefuse.pipelines.register.options import RegisterOptions
from stylefuse.pipelines.train_head import create_pipeline
from stylefuse.pipelines.train_head.nodes import evaluate_head, train_head
from stylefuse.pipelines.train_head.options import parameters_of
from stylefuse.serving.bundle import read_model
from stylefuse.serving.service.request_handler import RequestHandler
from stylefuse.tasks.head import HeadEvaluation
from stylefuse.tasks.task import find_heads, find_tasks
from stylefuse.training.options import HeadOptions
from support import STYLES, assert_equal_weights, lively_generator
from toy_head import HEAD

TRAINING = HeadOptions(
    images=240,
    batch_size=6,
    image_size=32,
    rate=1e-2,
    log_every=60,
    sample_every=120,
    checkpoint_every=60,
    precision="fp32",
    device="cpu",
)
OPTIONS = parameters_of(HEAD)(
    restart=False, training=TRAINING, evaluation=HeadEvaluation(photos=3, image_size=32)
)


@pytest.fixture(scope="module")
def generator():
    return pack_generator(lively_generator(), STYLES, fingerprint="f00d", image_size=32)


@pytest.fixture(scope="module")
def train(tiny_data, generator):
    folder, manifest = tiny_data

    def run(workspace, **changes):
        for name in ("checkpoints", "samples"):
            (workspace / name).mkdir(exist_ok=True)
        options = OPTIONS.model_copy(update={"training": replace(TRAINING, **changes)})
        spaces = workspace / "checkpoints", workspace / "samples"
        log, head = train_head(HEAD, manifest, folder, generator, *spaces, options)
        return head, log

    return run


@pytest.fixture(scope="module")
def trained(train, tmp_path_factory):
    workspace = tmp_path_factory.mktemp("whole")
    return *train(workspace), workspace


def test_the_file_is_short():
    assert len(Path(inspect.getfile(toy_head)).read_text(encoding="utf-8").splitlines()) <= 120


def test_stopped_and_run_again_it_ends_as_if_nothing_had_happened(trained, train, tmp_path, monkeypatch):
    class StopError(Exception):
        pass

    def stop(progress, images_seen, losses):
        if images_seen == 150:  # between two checkpoints
            raise StopError

    with monkeypatch.context() as patch:
        patch.setattr(TrackedProgress, "on_step", stop)
        with pytest.raises(StopError):
            train(tmp_path)
    head, log = train(tmp_path)
    assert_equal_weights(head, trained[0])
    pd.testing.assert_frame_equal(log, trained[1], check_exact=True)
    grids = [sorted(p.name for p in (each / "samples").iterdir()) for each in (trained[2], tmp_path)]
    assert grids[0] == grids[1] == [f"images-{seen:09d}.png" for seen in (0, 120, 240)]


def test_two_processes_train_it_together(trained, train, tmp_path):
    _, log = train(tmp_path, strategy="ddp", devices=2)
    pd.testing.assert_frame_equal(log, trained[1], rtol=1e-3)


def test_it_has_learned_what_it_is_for(trained, tiny_data, generator):
    folder, manifest = tiny_data
    evaluation, report = evaluate_head(HEAD, manifest, folder, generator, trained[0], OPTIONS)
    assert evaluation["summary"]["denoised"] < 0.7 * evaluation["summary"]["untouched"]
    assert evaluation["about"]["fingerprint"] == trained[0].facts["fingerprint"]
    assert {file.name for file in report.iterdir()} == {
        "denoise_head.csv",
        "denoise_head.md",
        "denoised.png",
    }


def test_it_is_bound_to_its_encoder(trained, tiny_data, generator):
    folder, manifest = tiny_data
    network = load_generator(generator)
    network.encoder.stem.weight.add_(0.1)
    other = pack_generator(network, STYLES, fingerprint="beef", image_size=32)
    with pytest.raises(
        ValueError, match=r"the denoise_head reads the encoder .*run the train_denoise pipeline"
    ):
        evaluate_head(HEAD, manifest, folder, other, trained[0], OPTIONS)


@pytest.fixture
def toy_task(tmp_path, monkeypatch):
    """The toy's folder beside those of the other tasks."""
    (tmp_path / "tasks" / "denoise").mkdir(parents=True)
    shutil.copy(inspect.getfile(toy_head), tmp_path / "tasks" / "denoise" / "__init__.py")
    monkeypatch.setattr(stylefuse.tasks, "__path__", [*stylefuse.tasks.__path__, str(tmp_path / "tasks")])
    find_tasks.cache_clear()
    yield find_tasks()["denoise"]
    sys.modules.pop("stylefuse.tasks.denoise", None)
    monkeypatch.undo()
    find_tasks.cache_clear()


@pytest.mark.usefixtures("database")
def test_it_is_registered_and_served_with_its_generator(toy_task, trained, tiny_data, generator):
    from stylefuse.pipelines.register.nodes import register_model

    folder, manifest = tiny_data
    evaluation, _ = evaluate_head(HEAD, manifest, folder, generator, trained[0], OPTIONS)
    rules = [{"metric": "denoise_head.summary.denoised", "at_most": 1.0}]
    options = RegisterOptions(name="toy", alias="champion", gate=rules)
    given = [
        each
        for name in find_heads()
        for each in ((trained[0], evaluation) if name == HEAD.weights else (None,) * 2)
    ]
    result = register_model(generator, {"summary": {}}, manifest, options, None, None, *given)
    assert (result["outcome"], result["denoise_head"]) == ("promoted", "included")
    version = mlflow.MlflowClient().get_model_version_by_alias("toy", "champion")
    assert (
        "**denoise**: take noise out of a photo." in version.description
        and "## Denoise_head" in version.description
    )
    model_folder = Path(mlflow.artifacts.download_artifacts(result["uri"]))
    client = Client(inline_app(RequestHandler(read_model(model_folder))))
    photo = {"image": encoded(landscape())}
    assert client.post("/v1/denoise", json=photo).status_code == 200
    chain = client.post("/v1/denoise+stylize", json={**photo, "amount": 0.5, "style": "red"})
    assert json.loads(chain.headers["x-report"])["task"] == "denoise+stylize"
    without = register_model(generator, {"summary": {}}, manifest, options)
    assert without["denoise_head"].startswith("none: ") and without["version"] != result["version"]


def test_the_catalog_knows_its_datasets():
    from kedro.io import CatalogConfigResolver

    resolver = CatalogConfigResolver(configuration("catalog"))
    nodes = create_pipeline(HEAD).nodes
    names = {name for node in nodes for name in (*node.inputs, *node.outputs)}
    made = {name: resolver.resolve_pattern(name)["filepath"] for name in names if "denoise" in name[:8]}
    assert {name: path.partition("/")[2] for name, path in made.items()} == {
        "denoise_head": "06_models/denoise_head.safetensors",
        "denoise_head_samples": "07_model_output/denoise_head_samples",
        "denoise_head_log": "08_reporting/denoise_head_training.csv",
        "denoise_head_evaluation": "08_reporting/denoise_head.json",
        "denoise_head_report": "08_reporting/denoise_head",
    }


def test_parameters_that_no_file_states_are_the_defaults():
    given = {"train_denoise": {"training": {"images": 60}}}
    section = merged({"train_denoise": HEAD.default_parameters()}, given)["train_denoise"]
    options = parameters_of(HEAD).model_validate(section)
    assert options.training == replace(HeadOptions(), images=60)
    assert options.evaluation == HeadEvaluation() and options.restart is False
