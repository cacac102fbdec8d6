"""Record each `kedro run` as one MLflow run, opened before the first node and always closed.

MLflow is imported in the methods, not at the top: that takes seconds, which `kedro --help` should not take.
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

from stylefuse.configuration import task_inputs
from stylefuse.tasks.task import find_heads, find_tasks
from stylefuse.tracking import record
from stylefuse.tracking.connection import connect, naming_server
from stylefuse.tracking.signals import HANGUP, REQUESTS, deferred_signals

# What conf/base/catalog.yml takes from --params.
PATHS = {"data_root", "photos", "styles", *task_inputs()}
# Tag of nodes that several processes of torchrun may run together.
DISTRIBUTED = "distributed"
MAX_PARAM = 6000  # characters; MLflow cuts longer values with a warning, so they are cut here, visibly


class TrackingHooks:
    """Kedro hooks that record a run: parameters, git commit, data hash, finished nodes, final status.

    The database is `$MLFLOW_TRACKING_URI`, else `mlflow.db` at the project's root. A run ends as FINISHED,
    FAILED (a node raised an error) or KILLED (Ctrl-C, SIGTERM, SIGHUP, or early exit of the process). It stays RUNNING
    only after `kill -9`, a power cut, the loss of the tracking server, or a signal while it is being opened.

    While a run is open, SIGTERM and SIGHUP raise KeyboardInterrupt, so a training that saves its state on Ctrl-C does
    the same on `kill` and when its terminal is closed. A closing terminal sends SIGHUP more than once: it is ignored
    after the first time, until the process ends. If it was ignored from the start, as under nohup, it stays ignored.
    Signals that arrive while the run is being closed in MLflow are delivered afterwards.

    If the tracking server cannot be reached at the start, that is an error. If tracking fails once nodes run, that is a
    warning, and the run continues without being recorded.
    """

    def __init__(self) -> None:
        self._run_id: str | None = None
        self._pid: int | None = None
        self._previous: dict[int, Any] = {}
        self._data_hash: str | None = None

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Any, catalog: Any) -> None:
        import mlflow

        # Kedro calls no hook on KeyboardInterrupt: in a notebook, an interrupted run is still open here.
        self._close("KILLED")
        root = Path(run_params["project_path"])
        check_runtime_params(run_params.get("runtime_params") or {}, root, pipeline)
        if "TORCHELASTIC_RUN_ID" in os.environ:  # torchrun has started several processes
            check_torchrun(pipeline)
            if os.environ["RANK"] != "0":
                return  # only the first process records the run
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
            # With these runners, nodes of other threads and processes join this run. With others, the variable would
            # turn their nested runs into this one.
            os.environ["MLFLOW_RUN_ID"] = self._run_id
        # Exit handlers run in reverse order: this one before MLflow's, which would set the status FINISHED.
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
        """Log only the parameters that are inputs of the nodes of this run."""
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
        """Log the manifest and its hash, once per run."""
        from stylefuse.images.manifest import data_hash

        if not self._run_id or self._data_hash:
            return
        import mlflow

        digest = self._data_hash = data_hash(manifest)
        self._set_tag("data_hash", digest)

        def log_manifest() -> None:
            # MLflow adds this function at run time.
            dataset = mlflow.data.from_pandas(manifest, name="manifest", digest=digest[:36])  # type: ignore[attr-defined]
            mlflow.log_input(dataset)

        with warnings.catch_warnings():
            # A warning about missing values in integer columns; the manifest has none.
            warnings.simplefilter("ignore", UserWarning)
            record.attempt("the manifest", log_manifest)

    def _close(self, status: str) -> None:
        # A forked worker inherits the exit handler, but must not close the run.
        if self._run_id is None or self._pid != os.getpid():
            return
        try:
            with deferred_signals():
                run_id, self._run_id = self._run_id, None
                atexit.unregister(self._close)
                os.environ.pop("MLFLOW_RUN_ID", None)
                record.end(run_id, status)
        finally:
            # Last: before, a second signal would end the process, as the system's default handler does.
            for number, handler in self._previous.items():
                # Another handler means that there was a SIGHUP, and that more of them are ignored.
                if signal.getsignal(number) is _interrupt:
                    signal.signal(number, handler)
            self._previous = {}


def check_runtime_params(given: Mapping[str, Any], project: Path, pipeline: Any) -> None:
    """Check `--params` for errors that Kedro does not notice: unknown names, and `data_root` without its inputs.

    Raises:
        ValueError: the message names the error and the remedy.
    """
    files = (project / "conf" / "base").glob("parameters_*.yml")
    sections = {file.stem.removeprefix("parameters_") for file in files}
    if sections:
        sections |= find_tasks().keys() | {head.pipeline for head in find_heads().values()}
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
        ValueError: the message names them.
    """
    alone = sorted(node.name for node in pipeline.nodes if DISTRIBUTED not in node.tags)
    if alone:
        raise ValueError(
            "torchrun is for training alone (--pipelines train_hybrid, or --nodes with the node that trains a head): "
            f"run {', '.join(alone)} before or after, without it"
        )


def flatten(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, value) for nested mappings, typed parameters and dataclasses."""
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
    """Return the commit, and whether tracked files differ from it; empty if there is no git or no commit."""

    def git(*arguments: str) -> str:
        command = ["git", *arguments]
        return subprocess.run(
            command, cwd=root, capture_output=True, text=True, timeout=10, check=True
        ).stdout.strip()

    try:
        commit, changes = git("rev-parse", "HEAD"), git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return {}
    return {"mlflow.source.git.commit": commit, "git.dirty": str(bool(changes)).lower()}
