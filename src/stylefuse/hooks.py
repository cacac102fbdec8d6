"""Tracking: one MLflow run for each `kedro run`, opened before the first node and closed whatever happens.

MLflow is imported in the methods, not at the top: it costs seconds that `kedro --help` should not pay.
"""

import atexit
import os
import signal
import subprocess
import threading
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kedro.framework.hooks import hook_impl

from stylefuse.tracking import record
from stylefuse.tracking.connection import connect, naming_server
from stylefuse.tracking.signals import HANGUP, REQUESTS, deferred_signals

# What conf/base/catalog.yml takes from --params.
PATHS = {"data_root", "photos", "styles", "stylize_input", "fuse_input"}
# Tag of nodes that several processes of torchrun may run together.
DISTRIBUTED = "distributed"
MAX_PARAM = 6000  # characters; MLflow cuts longer values with a warning, so they are cut here, visibly


class TrackingHooks:
    """Kedro hooks that record a run: parameters, git commit, data hash, finished nodes, how it ended.

    The database is `$MLFLOW_TRACKING_URI`, else `mlflow.db` at the project's root. A run ends FINISHED,
    FAILED (a node raised) or KILLED (Ctrl-C, SIGTERM, SIGHUP, or the process exited early). It is left RUNNING only
    by `kill -9`, a power cut, the loss of the tracking server, or a signal in the moment in which it is opened.

    While a run is open, SIGTERM and SIGHUP raise KeyboardInterrupt, so a training that saves its state on Ctrl-C also
    does on `kill` and when its terminal is closed. A closing terminal sends SIGHUP more than once: after the first one
    it is ignored to the end of the process. It stays ignored where it is ignored from the start, as under nohup.
    Signals that arrive while the run is closed in MLflow take effect after that.

    A tracking server that cannot be reached at the start is an error. Once nodes run, a failure of tracking is a
    warning, and the run goes on unrecorded.
    """

    def __init__(self) -> None:
        self._run_id: str | None = None
        self._pid: int | None = None
        self._previous: dict[int, Any] = {}
        self._data_hash: str | None = None

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Any, catalog: Any) -> None:
        import mlflow

        # A KeyboardInterrupt reaches no Kedro hook: in a notebook the interrupted run is still open here.
        self._close("KILLED")
        root = Path(run_params["project_path"])
        check_runtime_params(run_params.get("runtime_params") or {}, root, pipeline)
        if "TORCHELASTIC_RUN_ID" in os.environ:  # torchrun started several such processes
            check_torchrun(pipeline)
            if os.environ["RANK"] != "0":
                return  # the first one records the run
        uri = connect(root)
        tags = {
            "kedro.run_id": run_params["run_id"],
            "kedro.env": run_params.get("env") or "local",
            "dvc.stage": os.environ.get("DVC_STAGE", ""),
            **_git_tags(root),
        }
        name = "+".join(run_params.get("pipeline_names") or ["__default__"])
        with naming_server(uri):
            self._run_id = mlflow.start_run(run_name=name, tags=tags).info.run_id
        self._pid, self._data_hash = os.getpid(), None
        record.begin()
        if any(kind in str(run_params.get("runner")) for kind in ("Thread", "Parallel")):
            # There nodes rejoin this run. Elsewhere it would turn their nested runs into this one.
            os.environ["MLFLOW_RUN_ID"] = self._run_id
        # Exit handlers run last in, first out: before MLflow's own, which would call this run FINISHED.
        atexit.register(self._close, "KILLED")
        if threading.current_thread() is threading.main_thread():
            for number in REQUESTS:
                if signal.getsignal(number) != signal.SIG_IGN:
                    self._previous[number] = signal.signal(number, _interrupt)
        self._log_params(pipeline, catalog)

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any) -> None:
        if dataset_name == "manifest":
            self._log_data(data)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        if dataset_name == "manifest":
            self._log_data(data)

    @hook_impl
    def after_node_run(self, node: Any) -> None:
        if self._run_id:
            self._set_tag(f"node.{node.short_name}", "finished")

    @hook_impl
    def after_pipeline_run(self) -> None:
        self._close("FINISHED")

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        if self._run_id:
            self._set_tag("error", f"{type(error).__name__}: {error}"[:MAX_PARAM])
        self._close("FAILED")

    def _log_params(self, pipeline: Any, catalog: Any) -> None:
        """Log the parameters that the nodes to be run take, and no others."""
        from mlflow.entities import Param

        names = {name for name in pipeline.inputs() if name == "parameters" or name.startswith("params:")}
        values: dict[str, str] = {}
        for name in sorted(names):
            key = name.removeprefix("params:")
            values |= {k: str(v)[:MAX_PARAM] for k, v in flatten(catalog.load(name), key)}
        params = [Param(k, v) for k, v in values.items()]
        record.attempt("parameters", lambda: _client().log_batch(self._run_id, params=params))

    def _set_tag(self, key: str, value: str) -> None:
        record.attempt(f"tag {key}", lambda: _client().set_tag(self._run_id, key, value))

    def _log_data(self, manifest: Any) -> None:
        """Log once a run which pictures it learnt from."""
        from stylefuse.images.manifest import data_hash

        if not self._run_id or self._data_hash:
            return
        import mlflow

        self._data_hash = data_hash(manifest)
        self._set_tag("data_hash", self._data_hash)

        def log_manifest() -> None:
            dataset = mlflow.data.from_pandas(manifest, name="manifest", digest=self._data_hash[:36])
            mlflow.log_input(dataset)

        with warnings.catch_warnings():
            # About integer columns that may turn to floats; the manifest has no missing values.
            warnings.simplefilter("ignore", UserWarning)
            record.attempt("the manifest", log_manifest)

    def _close(self, status: str) -> None:
        # A forked worker inherits the exit handler, but not the right to end the run.
        if self._run_id is None or self._pid != os.getpid():
            return
        try:
            with deferred_signals():
                run_id, self._run_id = self._run_id, None
                atexit.unregister(self._close)
                os.environ.pop("MLFLOW_RUN_ID", None)
                record.end(run_id, status)
        finally:
            # After the end: until then a second signal must not end the process by the system's default.
            for number, handler in self._previous.items():
                if signal.getsignal(number) is _interrupt:  # else a SIGHUP came, and more of them are ignored
                    signal.signal(number, handler)
            self._previous = {}


def check_runtime_params(given: Mapping[str, Any], project: Path, pipeline: Any) -> None:
    """Refuse what Kedro lets pass in `--params`: unknown names, and outputs moved away from their inputs.

    Raises:
        ValueError: it names what is wrong and what to write instead.
    """
    files = (project / "conf" / "base").glob("parameters_*.yml")
    sections = {file.stem.removeprefix("parameters_") for file in files}
    unknown = sorted(name for name in given if name.split(".")[0] not in sections | PATHS)
    if sections and unknown:
        known = ", ".join(sorted(sections | PATHS))
        raise ValueError(f"--params: unknown {', '.join(unknown)}; known are {known}")
    pictures = {"photos", "styles"}
    if "data_root" in given and pictures <= set(pipeline.inputs()) and not pictures <= set(given):
        raise ValueError("--params: data_root moves what is made; say photos=… and styles=… as well")


def check_torchrun(pipeline: Any) -> None:
    """Refuse nodes without the tag "distributed": torchrun would run them once in each of its processes.

    Raises:
        ValueError: it names them.
    """
    alone = sorted(node.name for node in pipeline.nodes if DISTRIBUTED not in node.tags)
    if alone:
        raise ValueError(
            "torchrun is for training alone (--pipelines train_hybrid, or --nodes train_fuser): "
            f"run {', '.join(alone)} before or after, without it"
        )


def flatten(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, leaf) for a nest of mappings, typed parameters and dataclasses."""
    if hasattr(value, "model_dump"):
        value = value.model_dump()
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from flatten(inner, f"{key}.{name}")
    else:
        yield key, value


def _client() -> Any:
    from mlflow import MlflowClient

    return MlflowClient()


def _interrupt(signum: int, frame: Any) -> None:
    if signum == HANGUP:
        signal.signal(HANGUP, signal.SIG_IGN)
    raise KeyboardInterrupt


def _git_tags(root: Path) -> dict[str, str]:
    """Commit, and whether tracked files differ from it; empty where git or a commit is missing."""
    try:
        ask = {"cwd": root, "capture_output": True, "text": True, "timeout": 10, "check": True}
        commit = subprocess.run(["git", "rev-parse", "HEAD"], **ask).stdout.strip()
        changes = subprocess.run(["git", "status", "--porcelain", "--untracked-files=no"], **ask).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    return {"mlflow.source.git.commit": commit, "git.dirty": str(bool(changes.strip())).lower()}
