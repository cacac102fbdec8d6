"""One MLflow run for each Kedro run, closed as what it was. Real runs, without a project around them."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pandas as pd
import pytest
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner
from mlflow import MlflowClient, active_run

import stylefuse
from stylefuse.configuration import task_inputs
from stylefuse.hooks import PATHS, TrackingHooks, check_runtime_params, check_torchrun, flatten
from stylefuse.images.manifest import data_hash
from stylefuse.tracking import record

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("no_tracking_uri")

MANIFEST = pd.DataFrame(
    {"style": ["photo"], "sha256": ["a"], "split": ["train"], "trim": [""], "verdict": ["ok"], "row": [0]}
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("project")


@pytest.fixture
def kedro_run(root, no_tracking_uri, monkeypatch, tmp_path):
    """Run a one-node pipeline as `KedroSession.run` does; returns the finished MLflow run."""
    monkeypatch.setenv("DVC_STAGE", "train")
    monkeypatch.chdir(tmp_path)  # the database must not depend on the current folder
    hooks = TrackingHooks()

    def run(function, inputs=("params:train",), parameters=None):
        manager = _create_hook_manager()
        manager.register(hooks)
        known = {
            "params:train": {"steps": 3, "loss": {"style": 0.5}},
            "params:other": 1,
            **(parameters or {}),
        }
        catalog = DataCatalog({name: MemoryDataset(value) for name, value in known.items()})
        catalog["manifest"] = MemoryDataset(MANIFEST)
        pipeline = Pipeline([Node(function, list(inputs), "result", name="the_node")])
        about = {
            "project_path": str(root),
            "run_id": "k-1",
            "env": "test",
            "pipeline_names": ["train", "evaluate"],
        }
        manager.hook.before_pipeline_run(run_params=about, pipeline=pipeline, catalog=catalog)
        run.id = active_run().info.run_id
        try:
            SequentialRunner().run(pipeline, catalog, manager)
        except Exception as error:
            manager.hook.on_pipeline_error(error=error, run_params=about, pipeline=pipeline, catalog=catalog)
        else:
            manager.hook.after_pipeline_run(
                run_params=about, run_result={}, pipeline=pipeline, catalog=catalog
            )
        return recorded(root, run.id)

    yield run
    hooks._close("KILLED")


def recorded(root, run_id):
    return MlflowClient(f"sqlite:///{root}/mlflow.db").get_run(run_id)


def test_records_a_finished_run(kedro_run, root):
    run = kedro_run(lambda options: active_run().info.run_id)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "train+evaluate"
    assert run.data.params == {"train.steps": "3", "train.loss.style": "0.5"}  # and not params:other
    tags = run.data.tags
    assert (tags["kedro.env"], tags["kedro.run_id"], tags["dvc.stage"]) == ("test", "k-1", "train")
    assert tags["node.the_node"] == "finished"
    assert active_run() is None and "MLFLOW_RUN_ID" not in os.environ


def test_files_lie_beside_the_database(kedro_run, root, tmp_path):
    run = kedro_run(lambda options: 1)
    assert run.info.artifact_uri.startswith((root / "mlruns").as_uri())
    assert not list(tmp_path.iterdir())


def test_records_the_data(kedro_run):
    run = kedro_run(lambda manifest: 1, inputs=["manifest"])
    assert run.data.tags["data_hash"] == data_hash(MANIFEST)
    (logged,) = run.inputs.dataset_inputs
    assert logged.dataset.digest == data_hash(MANIFEST)[:36]


def test_cuts_long_parameters(kedro_run):
    run = kedro_run(lambda text: 1, inputs=["params:text"], parameters={"params:text": "x" * 10_000})
    assert run.data.params == {"text": "x" * 6000}


def test_a_failing_node_makes_a_failed_run(kedro_run):
    def fail(options):
        raise ValueError("no pictures")

    run = kedro_run(fail)
    assert run.info.status == "FAILED"
    assert run.data.tags["error"] == "ValueError: no pictures"
    assert "node.the_node" not in run.data.tags


def test_a_run_that_a_node_leaves_open_is_closed_too(kedro_run):
    import mlflow

    assert kedro_run(lambda options: mlflow.start_run(nested=True).info.run_id).info.status == "FINISHED"
    assert active_run() is None


@pytest.fixture
def handlers():
    """Handlers as they are at the start, and back at the end."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_reaches_the_node_and_the_next_run_closes_it(kedro_run, root, handlers, number):
    seen = []

    def train(options):
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            seen.append("state saved")
            raise

    with pytest.raises(KeyboardInterrupt):
        kedro_run(train)
    interrupted = kedro_run.id
    assert seen == ["state saved"]
    assert kedro_run(lambda options: 1).info.status == "FINISHED"
    assert recorded(root, interrupted).info.status == "KILLED"
    # A closing terminal sends SIGHUP more than once.
    expected = handlers | ({signal.SIGHUP: signal.SIG_IGN} if number == signal.SIGHUP else {})
    assert {each: signal.getsignal(each) for each in handlers} == expected


@pytest.mark.usefixtures("kedro_run")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_second_signal_while_the_run_is_closed_leaves_no_open_run(root, handlers, monkeypatch, number):
    hooks, seen, end = TrackingHooks(), [], record.end
    for each in handlers:
        signal.signal(each, lambda number, frame: seen.append("ended by the system's default"))
    about = {"project_path": str(root), "run_id": "k"}
    hooks.before_pipeline_run(run_params=about, pipeline=Pipeline([]), catalog=DataCatalog())
    run_id = active_run().info.run_id

    def slow_end(*given):
        signal.raise_signal(number)
        end(*given)
        seen.append("closed")

    monkeypatch.setattr(record, "end", slow_end)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    if number == signal.SIGHUP:
        hooks._close("KILLED")
    else:
        with pytest.raises(KeyboardInterrupt):
            hooks._close("KILLED")
    assert seen == ["closed"]
    assert recorded(root, run_id).info.status == "KILLED" and active_run() is None


def test_under_nohup_a_closed_terminal_does_not_end_the_run(kedro_run):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        run = kedro_run(lambda options: signal.raise_signal(signal.SIGHUP) or "trained")
        assert run.info.status == "FINISHED"
    finally:
        signal.signal(signal.SIGHUP, before)


SCRIPT = """
import sys, time
from types import SimpleNamespace
import stylefuse
from stylefuse.hooks import TrackingHooks
hooks = TrackingHooks()
hooks.before_pipeline_run({"project_path": sys.argv[1], "run_id": "k"}, SimpleNamespace(inputs=set), None)
print(hooks._run_id, flush=True)
try:
    time.sleep(60)
except KeyboardInterrupt:
    print("state saved", flush=True)
    raise
"""


ENDED = """
import sys
from types import SimpleNamespace
from stylefuse.hooks import TrackingHooks
from stylefuse.tracking import record
hooks = TrackingHooks()
hooks.before_pipeline_run({"project_path": sys.argv[1], "run_id": "k"}, SimpleNamespace(inputs=set), None)
print(hooks._run_id, flush=True)
record.queue_metrics({"train.style": 0.5}, step=8)
sys.exit(0)
"""


def test_a_process_that_ends_with_losses_queued_leaves_a_killed_run_and_its_losses(root, kedro_run):
    """As after SIGTERM: the training saves and exits. Threads of Python have ended when exit handlers are called."""
    kedro_run(lambda options: 1)  # makes the database
    env = {**os.environ, "PYTHONPATH": str(Path(stylefuse.__file__).parents[1])}
    command = [sys.executable, "-c", ENDED, str(root)]
    done = subprocess.run(command, env=env, text=True, capture_output=True)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    run = recorded(root, done.stdout.strip())
    assert run.info.status == "KILLED" and run.data.metrics == {"train.style": 0.5}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "times"), [(signal.SIGINT, 1), (signal.SIGTERM, 1), (signal.SIGHUP, 1), (signal.SIGHUP, 3)]
)
def test_a_process_that_is_stopped_leaves_a_killed_run(root, kedro_run, number, times):
    kedro_run(lambda options: 1)  # makes the database
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(root)]
    env = {**os.environ, "PYTHONPATH": str(Path(stylefuse.__file__).parents[1])}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=env, text=True, **pipes)
    run_id = process.stdout.readline().strip()
    time.sleep(0.5)  # into the sleep
    for _ in range(times):  # as a closing terminal does
        process.send_signal(number)
        time.sleep(0.001)
    assert process.communicate(timeout=60)[0].strip() == "state saved"
    assert process.returncode != 0
    assert recorded(root, run_id).info.status == "KILLED"


def test_flatten():
    assert dict(flatten({"a": {"b": 1, "c": []}, "d": {}}, "p")) == {"p.a.b": 1, "p.a.c": [], "p.d": {}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"inges": {"short_side": 9}}, "unknown inges"),
        ({"photo": "/x"}, "unknown photo"),
        ({"data_root": "elsewhere"}, "photos=… and styles=…"),
        ({"data_root": "elsewhere", "photos": "/x"}, "photos=… and styles=…"),
    ],
)
def test_runtime_params_that_kedro_would_ignore_are_refused(given, said):
    ingest = Pipeline([Node(lambda photos, styles: 1, ["photos", "styles"], "manifest", name="ingest")])
    with pytest.raises(ValueError, match=said):
        check_runtime_params(given, ROOT, ingest)


def test_runtime_params_that_mean_something_pass():
    later = Pipeline([Node(lambda manifest: 1, "manifest", "report", name="report")])
    check_runtime_params({"ingest": {"short_side": 9}, "data_root": "elsewhere"}, ROOT, later)
    check_runtime_params({}, ROOT, later)


def test_torchrun_is_for_the_node_that_knows_of_it():
    train = Node(lambda manifest: 1, "manifest", "generator", name="train_generator", tags="distributed")
    ingest = Node(lambda photos: 1, "photos", "manifest", name="ingest")
    check_torchrun(Pipeline([train]))
    with pytest.raises(ValueError, match=r"--pipelines train_hybrid.*: run ingest before or after"):
        check_torchrun(Pipeline([ingest, train]))


def test_of_several_processes_the_first_records_the_run(root, monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("RANK", "1")
    hooks = TrackingHooks()
    about = {"project_path": str(root), "run_id": "k"}
    hooks.before_pipeline_run(run_params=about, pipeline=Pipeline([]), catalog=DataCatalog())
    assert active_run() is None
    hooks.after_dataset_loaded("manifest", MANIFEST)
    hooks.after_pipeline_run()


def test_every_path_that_the_catalog_takes_may_be_given():
    catalog = (ROOT / "conf" / "base" / "catalog.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"runtime_params:(\w+)", catalog)) == PATHS - set(task_inputs())
