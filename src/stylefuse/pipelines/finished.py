"""What a batch has finished, on disk beside its results, so that the same command goes on after any end.

The journal is a file of JSON lines: first what the batch is, then a line for each finished piece. A line is written
once the files that it names are whole, so a piece that lacks its line, or a file, is made again.
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
# Older journals name them, but they decide only which pictures are refused.
_LIMITS = {"max_bytes", "max_pixels"}


class BatchRefusedError(ValueError):
    """A batch may not begin here now; the message says why, and what to do."""


class Restart(NamedTuple):
    """Whether to begin anew, whatever an unfinished batch has left.

    parameter: that asks for it, for messages.
    """

    parameter: str
    wanted: bool


class Finished:
    """The finished pieces of the batch in a folder.

    Everything else in the folder is deleted: results of pictures that changed or are gone, and what a kill left half
    made. Only other files at the top whose names begin with "." stay, because they belong to the publication of the
    results; those of them that end in ".tmp" are half written and deleted too.

    Args:
        folder: that the results lie in until they are published.
        about: what decides the results, beside the pictures; plain values. A batch of other values is another.
            Options at a default of their class are left out (`BatchOptions.identity`), so that one which a later
            version adds makes no other batch.
        states: of each piece, by its name, what tells whether its files or its place changed; None if that is
            unknown, so that the piece is made again.
        restart: if wanted, the results of an unfinished batch are deleted, also those of this one.

    Attributes:
        rows: of the finished pieces, by name, their rows in the report.

    Raises:
        BatchRefusedError: results of another unfinished batch lie in the folder, and no restart is wanted.
        OSError: the folder cannot be read or written to.
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
        """Note a piece as finished: its files lie in the folder, whole.

        Raises:
            OSError: the disk is full, or the folder may not be written to.
        """
        sizes = [[file.as_posix(), (self._folder / file).stat().st_size] for file in files]
        entry = {_NAME: name, _STATE: self._states[name], _FILES: sizes, _ROW: dict(row)}
        with self._journal.open("ab") as journal:
            journal.write(_line(entry))

    def _is_current(self, name: str, entry: Mapping[str, Any]) -> bool:
        state = self._states.get(name)
        return state is not None and entry[_STATE] == json.loads(json.dumps(state))

    def _is_there(self, entry: Mapping[str, Any]) -> bool:
        """Whether all files of a piece are in the folder, with the sizes that they were written with."""
        found = ((self._folder / file, size) for file, size in entry[_FILES])
        return all(path.is_file() and path.stat().st_size == size for path, size in found)

    def _read(self) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """What the journal says of the batch, None without a journal; and its entries by name, the last of each.

        A line cut short by a kill or a full disk, or damaged otherwise, is cut off, and what would follow it.
        """
        lines, whole = [], 0
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
        """Delete all files but these, and folders without files."""
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
    """What differs between two batches, as "style: ink -> monet"; what one of them lacks is at its default."""
    return [
        f"{key}: {printable(str(old.get(key, 'default')))} -> {printable(str(new.get(key, 'default')))}"
        for key in old | new
        if key not in _LIMITS and (key not in old or key not in new or old[key] != new[key])
    ]


def _parsed(line: bytes) -> Any:
    """The value of a line of the journal; None if it is damaged."""
    try:
        return json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None


def _is_entry(value: Any) -> bool:
    """Whether a line of the journal is one of a finished piece."""
    if not isinstance(value, dict) or not value.keys() >= {_NAME, _STATE, _FILES, _ROW}:
        return False
    files = value[_FILES]
    pairs = isinstance(files, list) and all(isinstance(each, list) and len(each) == 2 for each in files)
    texts = [value[_NAME], *(file for file, _ in files)] if pairs else [None]
    return isinstance(value[_ROW], dict) and all(isinstance(text, str) for text in texts)


def _key(name: str) -> str:
    """A name as it is compared: some disks give it back in another normal form."""
    return unicodedata.normalize("NFC", name)


def _line(value: Any) -> bytes:
    return json.dumps(value).encode("ascii") + b"\n"
