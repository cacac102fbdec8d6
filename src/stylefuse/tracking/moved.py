"""Correct the absolute paths in MLflow's database after the project was moved or copied."""

import logging
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from stylefuse.tracking.database import BESIDE, files_beside, locked, opened
from stylefuse.tracking.errors import TrackingError

log = logging.getLogger(__name__)

# Columns with paths of files.
COLUMNS = (
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
_FOLDER = "mlruns"


def follow_move(database: Path, experiment: str) -> None:
    """Replace the old paths of files in a database that was moved or copied by those of the files beside it.

    Only paths below the experiment's folder are changed, in one transaction. The path of a file that exists only at
    the old place is kept. If the user has put the experiment's files elsewhere on purpose, there are no copies beside
    the database, and nothing is changed.

    Raises:
        TrackingError: the database cannot be written; or the experiment's folder is missing, and there is no sign that
            the project was moved.
    """
    new = files_beside(database)
    with opened(database) as connection:
        old = _recorded(connection, experiment)
    if old is None or old == new or _same(old, new) or not old.endswith(f"/{_FOLDER}"):
        return
    with locked(database), opened(database) as connection:
        places = [uri for column in COLUMNS for uri in _below(connection, *column, old)]
        here = any(_path(new + uri.removeprefix(old)).exists() for uri in places)
        moved = not _path(old).is_dir()
        if not here and moved and not (_path(new).is_dir() or _belongs_here(connection, experiment)):
            raise TrackingError(
                f"the files of experiment {experiment} belong in {_path(old)}, and there is no such folder: mount "
                f"its disk; or, if the project was moved, bring that folder along as {_path(new)} (an empty one "
                "will do: what is missing is then registered anew)"
            )
        if not here and not moved:
            log.warning(
                "the files of experiment %s lie at %s, not beside the database %s: this run's files go there too",
                experiment,
                _path(old),
                database,
            )
            return

        def place(uri: str) -> str:
            moved_to = new + uri.removeprefix(old)
            return uri if _path(uri).exists() and not _path(moved_to).exists() else moved_to

        kept = _rename(connection, old, new, place)
        connection.commit()
    log.warning(
        "the project was %s from %s: its records now name the files in %s",
        "moved" if moved else "copied",
        _path(old).parent,
        _path(new),
    )
    if kept:
        log.warning("%d records name files that lie in %s alone: they are read there", kept, _path(old))


def _recorded(connection: sqlite3.Connection, experiment: str) -> str | None:
    """Return the folder of the experiment's files that the database names, as a file URI; None for another URI."""
    row = connection.execute(
        "SELECT artifact_location FROM experiments WHERE name = ?", (experiment,)
    ).fetchone()
    return row[0] if row and row[0] and row[0].startswith("file:") else None


def _belongs_here(connection: sqlite3.Connection, experiment: str) -> bool:
    """Whether the experiment has the tag `BESIDE`; experiments of older versions do not."""
    row = connection.execute(
        "SELECT 1 FROM experiment_tags JOIN experiments USING (experiment_id) WHERE name = ? AND key = ? AND value = ?",
        (experiment, *BESIDE),
    ).fetchone()
    return row is not None


def _below(connection: sqlite3.Connection, table: str, column: str, root: str) -> list[str]:
    rows = connection.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")
    return [uri for (uri,) in rows if uri.startswith(f"{root}/")]


def _rename(connection: sqlite3.Connection, old: str, new: str, place: Callable[[str], str]) -> int:
    """Write the new paths; return the number of records that keep the old one."""
    kept = 0
    for table, column in COLUMNS:
        for uri in _below(connection, table, column, old):
            if (here := place(uri)) == uri:
                kept += 1
            else:
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (here, uri))
    # Files of new runs always go beside the database.
    for (uri,) in connection.execute("SELECT artifact_location FROM experiments").fetchall():
        if uri == old or (uri or "").startswith(f"{old}/"):
            connection.execute(
                "UPDATE experiments SET artifact_location = ? WHERE artifact_location = ?",
                (new + uri.removeprefix(old), uri),
            )
    return kept


def _same(one: str, other: str) -> bool:
    """Whether both are the same folder, through a link or a mount."""
    try:
        return os.path.samefile(_path(one), _path(other))  # noqa: PTH121
    except OSError:
        return False


def _path(uri: str) -> Path:
    return (
        Path(url2pathname(unquote(urlsplit(uri).path)))
        if os.name == "nt"
        else Path(unquote(urlsplit(uri).path))
    )
