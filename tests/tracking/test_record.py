"""Records warn once and never end a run; the real server that is killed is in the slow test below."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import mlflow
import pytest
import requests
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from stylefuse.hooks import TrackingHooks
from stylefuse.tracking import record
from stylefuse.tracking.connection import connect, naming_server
from stylefuse.tracking.errors import TrackingError


@pytest.fixture
def outage(monkeypatch):
    """An open run at a server that is gone: every request fails, and is counted."""
    asked = []
    monkeypatch.setattr(mlflow, "active_run", lambda: SimpleNamespace(info=SimpleNamespace(run_id="r" * 32)))
    monkeypatch.setattr(mlflow, "get_tracking_uri", lambda: "http://me:secret@tracking:5000")

    def fail(*arguments, **_):
        asked.append(arguments)
        raise MlflowException("API request to http://tracking failed with exception: Connection refused")

    for name in ("set_tag", "log_metrics", "log_image", "log_dict", "log_artifacts"):
        monkeypatch.setattr(mlflow, name, fail)
    for name in ("set_tag", "log_batch", "set_terminated"):
        monkeypatch.setattr(MlflowClient, name, fail)
    return asked


def test_after_the_first_failure_nothing_is_asked_and_one_warning_names_the_server(outage, caplog, tmp_path):
    record.log_tag("a", "b")
    record.log_metrics({"a": 1.0})
    record.queue_metrics({"a": 1.0}, 8)
    record.log_image(None, "samples", 8)
    record.log_dict({}, "a.json")
    record.log_files(tmp_path, "data")
    assert len(outage) == 1
    (warning,) = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert "http://tracking:5000" in warning and "secret" not in warning
    assert "connection refused" in warning and "the run goes on" in warning


def test_queued_losses_that_cannot_be_written_do_not_stop_a_training(outage, caplog):
    for step in range(50):
        record.queue_metrics({"a": 1.0}, step)
    record._recorder.flush()
    assert 1 <= len(outage) <= 2  # a batch, and perhaps one that was under way
    assert len([r for r in caplog.records if r.levelname == "WARNING"]) == 1


def test_one_thing_that_the_server_refuses_does_not_turn_recording_off(outage, caplog, monkeypatch):
    def refused(*arguments):
        raise MlflowException.invalid_parameter_value("too long")

    monkeypatch.setattr(mlflow, "log_dict", refused)
    record.log_dict({}, "a.json")
    record.log_tag("a", "b")
    assert len(outage) == 1 and "a.json could not be recorded (too long)" in caplog.text


def test_without_a_run_nothing_is_recorded(tmp_path):
    record.log_tag("a", "b")
    record.queue_metrics({"a": 1.0}, 8)
    assert mlflow.active_run() is None


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("project")


@pytest.fixture
def hooks(root):
    hooks = TrackingHooks()
    about = {"project_path": str(root), "run_id": "k"}
    hooks.before_pipeline_run(run_params=about, pipeline=Pipeline([]), catalog=DataCatalog())
    yield hooks
    hooks._close("KILLED")


@pytest.fixture
def server_gone(hooks, monkeypatch):
    """A run that began, and whose server then went away."""
    asked = []

    def fail(*arguments, **_):
        asked.append(dict(os.environ))
        raise requests.ConnectionError("Connection refused")

    for name in ("set_tag", "log_batch", "set_terminated", "log_inputs"):
        monkeypatch.setattr(MlflowClient, name, fail)
    return asked


def test_an_outage_in_a_hook_hides_no_error_and_ends_no_run(hooks, server_gone, caplog):
    hooks.after_node_run(SimpleNamespace(short_name="train"))
    hooks.on_pipeline_error(ValueError("no pictures"))  # raises nothing of its own
    assert mlflow.active_run() is None and hooks._run_id is None
    # Once for the node, and once more, without patience, for the end of the run.
    assert [asked.get("MLFLOW_HTTP_REQUEST_MAX_RETRIES") for asked in server_gone] == ["2", "0"]
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "2"
    assert caplog.text.count("the run goes on") == 1


def test_an_outage_at_the_end_of_a_finished_run_is_a_warning(hooks, server_gone, caplog):
    hooks.after_pipeline_run()
    assert "the end of the run could not be recorded" in caplog.text
    hooks._close("KILLED")  # as the exit handler does: nothing is left to close
    assert len(server_gone) == 1


def test_the_next_run_is_recorded_again(hooks, root, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "set_tag", lambda *_: (_ for _ in ()).throw(OSError("disk I/O error")))
        hooks.after_node_run(SimpleNamespace(short_name="train"))
    hooks.after_pipeline_run()
    about = {"project_path": str(root), "run_id": "k2"}
    hooks.before_pipeline_run(run_params=about, pipeline=Pipeline([]), catalog=DataCatalog())
    run = hooks._run_id
    hooks.after_node_run(SimpleNamespace(short_name="train"))
    hooks.after_pipeline_run()
    assert MlflowClient().get_run(run).data.tags["node.train"] == "finished"


def test_losses_arrive_with_their_steps(hooks):
    for step in range(300):
        record.queue_metrics({"train.C# (ü)": step / 2}, step)
    run = hooks._run_id
    hooks.after_pipeline_run()
    history = MlflowClient().get_metric_history(run, record.metric_key("train.C# (ü)"))
    assert [(m.step, m.value) for m in history] == [(step, step / 2) for step in range(300)]


def test_any_name_makes_a_key_that_mlflow_takes(hooks):
    names = [
        "C#",
        "C%",
        "a:b",
        "a/b",
        "..",
        "été",
        'Anna\'s "x"',
        "\udce9",
        "\n",
        "x" * 300,
        "x" * 299 + "y",
        "👩‍🎨",
    ]
    keys = [record.metric_key(f"styles.{name}.score") for name in names]
    assert len(set(keys)) == len(names)
    record.log_metrics({f"styles.{name}.score": 1.0 for name in names})
    run = hooks._run_id
    hooks.after_pipeline_run()
    assert set(keys) <= MlflowClient().get_run(run).data.metrics.keys()
    assert record.metric_key("summary.judge_accuracy") == "summary.judge_accuracy"


def test_an_unreachable_server_at_the_start_is_one_sentence(tmp_path, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(
        TrackingError, match=f"{address} does not answer .connection refused.: start it, or unset"
    ):
        connect(tmp_path)


def test_only_a_server_is_named_as_one():
    with pytest.raises(MlflowException), naming_server("http://a"):
        raise MlflowException("no such experiment")
    with pytest.raises(requests.ConnectionError), naming_server("sqlite:///a"):
        raise requests.ConnectionError


RUN = """
import pathlib, sys, types, mlflow
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from stylefuse.hooks import TrackingHooks
from stylefuse.tracking import record
hooks = TrackingHooks()
hooks.before_pipeline_run({"project_path": sys.argv[1], "run_id": "k"}, Pipeline([]), DataCatalog())
print("begun", flush=True)
sys.stdin.readline()
for step in range(1000):
    record.queue_metrics({"a": 1.0}, step)
record.log_dict({}, "a.json")
hooks.after_node_run(types.SimpleNamespace(short_name="train"))
hooks.after_pipeline_run()
print("handed over", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_a_server_that_goes_away_in_the_middle_costs_no_result(tmp_path, end):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    store = [
        "--backend-store-uri",
        f"sqlite:///{tmp_path}/server.db",
        "--artifacts-destination",
        f"{tmp_path}/files",
    ]
    server = subprocess.Popen(
        [*serve, *store], cwd=tmp_path, start_new_session=True, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        env = {
            **os.environ,
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}",
            "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
        }
        env["PYTHONPATH"] = str(Path(record.__file__).parents[2])
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        run = subprocess.Popen([sys.executable, "-c", RUN, str(tmp_path)], env=env, text=True, **pipes)
        assert run.stdout.readline() == "begun\n"
        os.killpg(server.pid, end)
        out, err = run.communicate("\n", timeout=120)
        assert (run.returncode, out) == (0, "handed over\n")
        assert err.count("the run goes on") == 1 and f"http://127.0.0.1:{port}" in err
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
