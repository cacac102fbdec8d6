"""Record in the open MLflow run. A failure never stops the run: the first one turns recording off, with a warning.

Without an open run these functions do nothing. Whether recording is off is one state of the process: nodes, hooks
and exit handlers share it.
"""

import hashlib
import logging
import os
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as OutOfTime
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

log = logging.getLogger(__name__)

# Seconds to wait at the end of a run for losses that are still queued.
PATIENCE = 60


class _Recorder:
    """Calls that record something, until one fails, and a thread that writes queued metrics.

    Attributes:
        off: whether a call has failed.
        pending: metrics that the thread has not written yet, as (run id, metric).
    """

    def __init__(self) -> None:
        self.off = False
        self.pending: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self._writer: ThreadPoolExecutor | None = None

    def attempt(self, what: str, call: Callable[[], Any]) -> Any:
        """Return the call's result; None if it fails or recording is off."""
        if self.off:
            return None
        try:
            return call()
        except Exception as error:
            if getattr(error, "error_code", None) == "INVALID_PARAMETER_VALUE":  # only this call is refused
                log.warning("%s could not be recorded (%s)", what, str(error)[:300])
            else:
                self.turn_off(what, error)
            return None

    def turn_off(self, what: str, error: Exception) -> None:
        """Turn recording off, with a warning the first time."""
        if not self.off:
            self.off = True
            log.warning("%s", _notice(what, error))
            log.debug("the error in full", exc_info=error)

    def queue(self, run: str, metrics: list[Any]) -> None:
        if self._writer is None:
            self._writer = ThreadPoolExecutor(1, thread_name_prefix="stylefuse-record")
        for metric in metrics:
            self.pending.put((run, metric))
        self._writer.submit(self._send)

    def _send(self) -> None:
        from mlflow import MlflowClient

        metrics: dict[str, list[Any]] = defaultdict(list)
        with suppress(Empty):
            while True:
                run, metric = self.pending.get_nowait()
                metrics[run].append(metric)
        for run, those in metrics.items():
            self.attempt("losses", partial(MlflowClient().log_batch, run, those))

    def flush(self) -> None:
        """Wait until queued metrics are written, at most `PATIENCE` seconds."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            last = writer.submit(lambda: None)
        except RuntimeError:  # Python is exiting: threads end before exit handlers run
            self._send()
            return
        try:
            last.result(timeout=PATIENCE)
        except OutOfTime:
            self.turn_off("losses", TimeoutError(f"not written in {PATIENCE} s"))
        writer.shutdown(wait=False)


_recorder = _Recorder()


def begin() -> None:
    """Turn recording on for a new run."""
    _recorder.off = False


def attempt(what: str, call: Callable[[], Any]) -> Any:
    """Call a function that records something.

    Args:
        what: what it records, for the warning.
        call: the function.

    Returns:
        Its result; None if it fails, or if recording is off.
    """
    return _recorder.attempt(what, call)


def log_tag(key: str, value: str) -> None:
    """Set a tag of the open run."""
    import mlflow

    _in_run(f"tag {key}", lambda: mlflow.set_tag(key, value))


def log_metrics(metrics: Mapping[str, float], step: int | None = None) -> None:
    """Log metrics of the open run; keys may be any text."""
    import mlflow

    _in_run("numbers", lambda: mlflow.log_metrics({metric_key(k): v for k, v in metrics.items()}, step=step))


def queue_metrics(metrics: Mapping[str, float], step: int) -> None:
    """As `log_metrics`, but in a thread: a write to SQLite takes a tenth of the time of a training step."""
    import mlflow

    if _recorder.off or not (run := mlflow.active_run()):
        return
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    rows = [Metric(metric_key(name), float(value), now, step) for name, value in metrics.items()]
    _recorder.queue(run.info.run_id, rows)


def log_image(image: Any, key: str, step: int) -> None:
    """Log a picture to the open run."""
    import mlflow

    _in_run(f"picture {key}", lambda: mlflow.log_image(image, key=key, step=step))


def log_dict(content: Mapping[str, Any], name: str) -> None:
    """Log a mapping as a JSON or YAML file of the open run."""
    import mlflow

    _in_run(name, lambda: mlflow.log_dict(dict(content), name))


def log_files(folder: Path, place: str) -> None:
    """Log the files of a folder to the open run, under `place`."""
    import mlflow

    _in_run(f"files of {place}", lambda: mlflow.log_artifacts(str(folder), place))


def end(run_id: str, status: str) -> None:
    """Close the run and its nested runs. Wait for queued metrics before, at most a minute.

    If recording is off, this is tried once more, with short time-outs: the server may be back.
    """
    import mlflow

    _recorder.flush()
    failed: Exception | None = None
    with _last_try():
        while mlflow.active_run() is not None:  # also nested runs that a node left open
            try:
                mlflow.end_run(status)  # it drops the run first, then sends the request
            except Exception as error:
                failed = error
        if failed is None:
            try:
                # Active runs belong to threads: in another thread than the one that opened the run, none was ended.
                mlflow.MlflowClient().set_terminated(run_id, status)
            except Exception as error:
                failed = error
    if failed is not None:
        _recorder.turn_off("the end of the run", failed)


@contextmanager
def _last_try() -> Iterator[None]:
    """Set short time-outs for the requests of the block if recording is off."""
    if not _recorder.off:
        yield
        return
    short = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "3"}
    before = {name: os.environ.get(name) for name in short}
    os.environ.update(short)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def metric_key(name: str) -> str:
    """Turn any name into a valid metric key: invalid characters become their code, long names end in a hash."""
    key = re.sub(r"[^\w.\- ]", lambda sign: f"_x{ord(sign[0]):x}_", name)
    if len(key) > 250:
        key = f"{key[:233]}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
    return key


def _in_run(what: str, call: Callable[[], Any]) -> None:
    import mlflow

    if mlflow.active_run():
        _recorder.attempt(what, call)


def _notice(what: str, error: Exception) -> str:
    import mlflow

    from stylefuse.tracking.connection import reason, without_password

    place = without_password(mlflow.get_tracking_uri())
    return (
        f"{what} could not be recorded at {place} ({reason(error)}): "
        "the run goes on, and nothing more of it is recorded"
    )
