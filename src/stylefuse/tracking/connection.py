"""Connect MLflow to a database or server, and choose the experiment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stylefuse.tracking.database import BESIDE, PREFIX, file_of, files_beside, locked, make_or_check
from stylefuse.tracking.errors import TrackingError
from stylefuse.tracking.moved import follow_move

EXPERIMENT = "stylefuse"
START = "start it, or unset MLFLOW_TRACKING_URI to record in mlflow.db"
# With MLflow's defaults, 7 retries and 120 s, a run would wait a quarter of an hour for a server that is down.
# Values that the user has set are not changed.
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}

# The default URI that the last `connect` of this process chose; None if the user had set one.
_default: dict[str, str | None] = {"uri": None}


def connect(project: Path, experiment: str = EXPERIMENT) -> str:
    """Connect MLflow to `$MLFLOW_TRACKING_URI`, else to `<project>/mlflow.db`, and choose the experiment.

    Files of a new experiment in a SQLite database go to `mlruns` beside that database. MLflow's default is
    `mlruns` in the current folder, so files of runs that start in different folders would be scattered.

    Returns:
        The tracking URI.

    Raises:
        TrackingError: the database or the server cannot be used.
    """
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    # A progress bar for each small file is of no use.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    given = _given()
    uri = given or f"{PREFIX}{(project / 'mlflow.db').as_posix()}"
    database = file_of(uri)
    if database:
        make_or_check(database, experiment)
        follow_move(database, experiment)
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        with naming_server(uri):
            mlflow.set_tracking_uri(uri)
            _default["uri"] = None if given else uri
            if database:
                _ensure(database, experiment)
            mlflow.set_experiment(experiment)
    except MlflowException as error:
        raise TrackingError(f"runs cannot be recorded at {without_password(uri)}: {error}") from error
    return uri


def _given() -> str | None:
    """The URI that the user has set. MLflow sets the variable too, so it may also contain our default."""
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    return uri if uri and uri != _default["uri"] else None


def _ensure(database: Path, experiment: str) -> None:
    """Create the experiment in an existing database, once, even if several runs start at the same time."""
    import mlflow

    if mlflow.get_experiment_by_name(experiment) is None:
        with locked(database):
            if mlflow.get_experiment_by_name(experiment) is None:
                place, tag = files_beside(database), dict([BESIDE])
                mlflow.create_experiment(experiment, artifact_location=place, tags=tag)


@contextmanager
def naming_server(uri: str, remedy: str = START) -> Iterator[None]:
    """Raise a TrackingError with the server's address and the remedy if the block cannot reach the server."""
    import requests
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, requests.RequestException) as error:
        if not uri.startswith(("http:", "https:")) or not _unreachable(error):
            raise
        raise TrackingError(
            f"the tracking server {without_password(uri)} does not answer ({reason(error)}): {remedy}"
        ) from error


def without_password(uri: str) -> str:
    """The URI without user name and password."""
    scheme, separator, rest = uri.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}" if "@" in rest.partition("/")[0] else uri


def reason(error: BaseException) -> str:
    """Shorten an error to a known reason or its first line, without the addresses and objects that requests adds."""
    text = str(error)
    for known in (
        "Connection refused",
        "timed out",
        "Name or service not known",
        "too many 5",
        "No route to host",
    ):
        if known.lower() in text.lower():
            return {"too many 5": "it answers with errors"}.get(known, known.lower())
    return (text.strip() or type(error).__name__).splitlines()[0][:300]


def _unreachable(error: BaseException) -> bool:
    import requests

    signs = ("Max retries exceeded", "failed with exception")
    return isinstance(error, requests.RequestException) or any(sign in str(error) for sign in signs)
