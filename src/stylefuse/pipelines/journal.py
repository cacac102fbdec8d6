"""Keep a journal of a batch beside its results, so that the same command continues after any interruption.

The journal is a file of JSON lines: the first one describes the batch, each other one a finished piece. A line is
written when the files that it names are complete. A piece without a line, or without one of its files, is made again.
"""

import json
import logging
import os
import shutil
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stylefuse._atomic import write_whole
from stylefuse.pipelines.folders import printable

log = logging.getLogger(__name__)

JOURNAL = ".batch.jsonl"
_NAME, _STATE, _FILES, _ROW = "name", "state", "files", "row"
# Options in older journals. They only decide which pictures are refused, so another value is no other batch.
_LIMITS = {"max_bytes", "max_pixels"}


class BatchRefusedError(ValueError):
    """The batch cannot start here now; the message gives the reason and the remedy."""


class Restart(NamedTuple):
    """Whether to delete the results of an unfinished batch and start again.

    Attributes:
        parameter: name of the parameter that sets `wanted`, for messages.
        wanted: its value.
    """

    parameter: str
    wanted: bool


class Journal:
    """The finished pieces of the batch in a folder.

    Opening it deletes everything else in the folder: results of pictures that were changed or deleted, and files that
    an interruption left incomplete. Files at the top whose names begin with "." stay, since the publication of the
    results needs them; of these, files that end in ".tmp" are incomplete and deleted too.

    Args:
        folder: where the results are kept until they are published.
        about: everything that determines the results except the pictures, as plain values. Other values mean another
            batch. Options with their default value are left out, so that an option which a later version adds does not
            make another batch.
        states: for each piece, by name, a value that changes when its input files or its output paths change; None if
            unknown, then the piece is made again.
        restart: if wanted, the results of an unfinished batch are deleted, also if it is this batch.

    Attributes:
        rows: for each finished piece, by name, its row in the report.

    Raises:
        BatchRefusedError: the folder has results of another unfinished batch, and no restart is wanted.
        OSError: the folder cannot be read or written.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any], states: Mapping[str, Any], restart: Restart):
        self._folder = folder
        self._journal = folder / JOURNAL
        self._states = states
        about = json.loads(json.dumps(about))
        before, entries = self._read()
        entries = {name: entry for name, entry in entries.items() if self._is_there(entry)}
        differences = _differences(before or {}, about)
        if entries and restart.wanted:
            log.warning("%d results of an unfinished batch are deleted: %s", len(entries), printable(folder))
        elif entries and differences:
            raise BatchRefusedError(
                f"{len(entries)} results of an unfinished batch are kept in {printable(folder.resolve())}, and this "
                f"batch differs from it ({'; '.join(differences)}): run the same command as before to make the rest "
                f"of that batch, or begin this one with {restart.parameter}=true, which deletes those results"
            )
        anew = before is None or restart.wanted or bool(differences)
        if anew:
            entries = {}
        entries = {name: entry for name, entry in entries.items() if self._is_current(name, entry)}
        self._sweep({file for entry in entries.values() for file, _ in entry[_FILES]})
        if anew:
            write_whole(self._journal, _line(about))
        self.rows: dict[str, dict[str, str]] = {name: entry[_ROW] for name, entry in entries.items()}

    def add(self, name: str, files: list[Path], row: Mapping[str, str]) -> None:
        """Record a piece as finished. All its files are in the folder, complete.

        Raises:
            OSError: the disk is full, or the folder cannot be written.
        """
        sizes = [[file.as_posix(), (self._folder / file).stat().st_size] for file in files]
        entry = {_NAME: name, _STATE: self._states[name], _FILES: sizes, _ROW: dict(row)}
        with self._journal.open("ab") as journal:
            journal.write(_line(entry))

    def _is_current(self, name: str, entry: Mapping[str, Any]) -> bool:
        state = self._states.get(name)
        return state is not None and entry[_STATE] == json.loads(json.dumps(state))

    def _is_there(self, entry: Mapping[str, Any]) -> bool:
        """Whether all files of a piece are in the folder and have the sizes that the journal gives."""
        found = ((self._folder / file, size) for file, size in entry[_FILES])
        return all(path.is_file() and path.stat().st_size == size for path, size in found)

    def _read(self) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """Read the journal: the description of the batch (None without a journal), and the last entry of each piece.

        The first damaged line (cut short by a kill or a full disk) and everything after it are removed from the file.
        """
        lines: list[dict[str, Any]] = []
        whole = 0
        content = self._journal.read_bytes() if self._journal.is_file() else b""
        for line in content.splitlines(keepends=True):
            value = _parsed(line)
            if not (_is_entry(value) if lines else isinstance(value, dict)):
                os.truncate(self._journal, whole)
                break
            lines.append(value)
            whole += len(line)
        return (lines[0] if lines else None), {entry[_NAME]: entry for entry in lines[1:]}

    def _sweep(self, keep: set[str]) -> None:
        """Delete all files except these, and empty folders."""
        kept = {_key(file) for file in keep}
        for folder, folders, files in os.walk(self._folder, topdown=False):
            here = Path(folder)
            for name in files:
                path = here / name
                of_others = here == self._folder and name.startswith(".") and not name.endswith(".tmp")
                if not of_others and _key(path.relative_to(self._folder).as_posix()) not in kept:
                    path.unlink()
            for name in folders:
                if (here / name).is_symlink():
                    (here / name).unlink()
                elif not os.listdir(here / name):  # noqa: PTH208
                    shutil.rmtree(here / name)


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """List the differences between two batches, as "style: ink -> monet". A missing key stands for the default."""
    return [
        f"{key}: {printable(str(old.get(key, 'default')))} -> {printable(str(new.get(key, 'default')))}"
        for key in (*old, *(key for key in new if key not in old))
        if key not in _LIMITS and (key not in old or key not in new or old[key] != new[key])
    ]


def _parsed(line: bytes) -> Any:
    """Parse a line of the journal; None if it is damaged."""
    try:
        return json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None


def _is_entry(value: Any) -> bool:
    """Whether a parsed line describes a finished piece."""
    if not isinstance(value, dict) or not value.keys() >= {_NAME, _STATE, _FILES, _ROW}:
        return False
    files = value[_FILES]
    pairs = isinstance(files, list) and all(isinstance(each, list) and len(each) == 2 for each in files)
    texts = [value[_NAME], *(file for file, _ in files)] if pairs else [None]
    return isinstance(value[_ROW], dict) and all(isinstance(text, str) for text in texts)


def _key(name: str) -> str:
    """Normalise a name for comparison: some file systems return names in another Unicode normal form."""
    return unicodedata.normalize("NFC", name)


def _line(value: Any) -> bytes:
    return json.dumps(value).encode("ascii") + b"\n"
