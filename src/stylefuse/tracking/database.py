"""Create the tracking database in a SQLite file atomically, and check an existing one before it is used."""

import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from stylefuse.tracking.errors import TrackingError
from stylefuse.tracking.signals import deferred_signals

PREFIX = "sqlite:///"
# Tag of an experiment whose files are always beside its database, also after a move.
BESIDE = ("stylefuse.files", "beside the database")
# Seconds to wait for another run that creates the same database, which takes a few seconds.
PATIENCE = 300
# Seconds to wait for another process that is writing to the database.
BUSY = 10


def file_of(uri: str) -> Path | None:
    """Return the file of a SQLite tracking URI; None for a server, another kind of database, or one in memory."""
    name = uri.removeprefix(PREFIX).partition("?")[0]
    if not uri.startswith(PREFIX) or not name or name.startswith((":memory:", "file:")):
        return None
    return Path(name).resolve()


def files_beside(database: Path) -> str:
    """Return the URI of the folder beside the database that contains the files of its runs."""
    return (database.parent / "mlruns").as_uri()


def make_or_check(database: Path, experiment: str) -> None:
    """Create the database with the experiment if there is none, else check that MLflow can use it.

    It is created in a temporary file beside it, which is renamed when it is complete. If several runs start at once,
    one creates it and the others wait.

    Raises:
        TrackingError: the folder cannot be written, or the file is no complete database of this MLflow's version.
    """
    if _absent(database):
        with locked(database):
            if _absent(database):
                with deferred_signals():
                    _make(database, experiment)
                return
    _check(database)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Lock the database during the block; the system releases the lock when the process ends.

    Raises:
        TrackingError: the folder cannot be written, or another process has the lock for minutes.
    """
    from filelock import FileLock, Timeout

    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{database}.lock", timeout=PATIENCE)
        lock.acquire()
    except Timeout:
        raise TrackingError(
            f"another process has held {database}.lock for {PATIENCE} s: end that run, or wait for it"
        ) from None
    except OSError as error:
        raise _unwritable(database, error.strerror or str(error)) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def opened(database: Path) -> Iterator[sqlite3.Connection]:
    """Open an existing database and close it at the end; uncommitted changes are rolled back.

    Raises:
        TrackingError: it cannot be read or written, or a table or column of a query is missing.
    """
    address = f"file:{quote(database.as_posix())}?mode=rw"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY)) as connection:
            yield connection
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise TrackingError(
                f"{database} is locked by another process: end that, or wait for it"
            ) from error
        if str(error).startswith("no such "):  # table or column
            raise TrackingError(
                f"{database} is no tracking database of this MLflow's version ({error}): set MLFLOW_TRACKING_URI to "
                f"the database that you mean, or {_move_away(database)}"
            ) from error
        raise _unwritable(database, str(error)) from error
    except sqlite3.DatabaseError as error:
        raise TrackingError(f"{database} is no SQLite database ({error}): {_move_away(database)}") from error


def _absent(database: Path) -> bool:
    """Whether there is no database. SQLite leaves an empty file if it is killed before its first write."""
    try:
        return database.stat().st_size == 0
    except FileNotFoundError:
        return True
    except OSError as error:
        raise _unwritable(database, error.strerror or str(error)) from None


def _make(database: Path, experiment: str) -> None:
    from mlflow.entities import ExperimentTag
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    making = database.with_name(f"{database.name}.making")
    leftovers = [making.with_name(making.name + end) for end in ("", "-journal", "-wal", "-shm")]
    for file in leftovers:  # of a run that was killed here
        file.unlink(missing_ok=True)
    files = files_beside(database)
    store = SqlAlchemyStore(f"{PREFIX}{making.as_posix()}", files)
    store.create_experiment(experiment, files, [ExperimentTag(*BESIDE)])
    store.engine.dispose()  # Windows renames no open file
    with making.open("rb+") as made:
        os.fsync(made.fileno())
    os.replace(making, database)  # noqa: PTH105


def _check(database: Path) -> None:
    from mlflow.store.db.utils import _get_latest_schema_revision

    if not (os.access(database, os.W_OK) and os.access(database.parent, os.W_OK)):
        raise _unwritable(database, "permission denied")
    with opened(database) as connection:
        tables = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        torn = any(name.startswith("_alembic_tmp_") for name in tables)
        revision, used = None, False
        if "alembic_version" in tables:
            revision = next(
                (row[0] for row in connection.execute("SELECT version_num FROM alembic_version")), None
            )
        for name in {"runs", "registered_models"} & tables:
            used |= connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() is not None
    torn |= not {"runs", "experiments"} <= tables
    if revision == _get_latest_schema_revision() and not torn:
        return
    if not used and (torn or revision is None):
        raise TrackingError(
            f"{database} was left half made by a run that was ended while it made it, and holds no runs: "
            f"{_move_away(database)}"
        )
    if torn or revision is None:
        raise TrackingError(
            f"an upgrade of {database} was ended half way: put the copy that was made before in its place, or "
            f"{_move_away(database)}"
        )
    if not _known(revision):
        raise TrackingError(
            f"{database} was made by a newer MLflow (its schema is {revision}): install that version here, or "
            "set MLFLOW_TRACKING_URI to another database"
        )
    raise TrackingError(
        f"{database} was made by an older MLflow (its schema is {revision}): copy it, then run "
        f"`mlflow db upgrade {shlex.quote(f'{PREFIX}{database.as_posix()}')}`"
    )


def _known(revision: str) -> bool:
    """Whether this MLflow has a migration of that name, so that it can upgrade the database."""
    import mlflow

    versions = Path(mlflow.__file__).parent / "store" / "db_migrations" / "versions"
    return any(path.name.startswith(f"{revision}_") for path in versions.glob("*.py"))


def _move_away(database: Path) -> str:
    names = shlex.join([str(database), f"{database}.old"])
    return f"move it away (mv {names}) and run again"


def _unwritable(database: Path, reason: str) -> TrackingError:
    return TrackingError(
        f"the tracking database {database} cannot be written ({reason}): make its folder writable, or set "
        "MLFLOW_TRACKING_URI to a database elsewhere, e.g. sqlite:////home/you/mlflow.db"
    )
