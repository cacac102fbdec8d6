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
from typing import Any

from stylefuse._atomic import write_whole
from stylefuse.pipelines.folders import printable

log = logging.getLogger(__name__)

JOURNAL = ".batch.jsonl"
_STATE, _FILES, _ROW = "state", "files", "row"


class Finished:
    """The finished pieces of the batch in a folder.

    Everything else in the folder is deleted: results of another batch or of pictures that changed or are gone, and
    what a kill left half made. Only other files at the top whose names begin with "." stay: they belong to the
    publication of the results.

    Args:
        folder: that the results lie in until they are published.
        about: what decides the results, beside the pictures; plain values. A batch of other values is another.
        states: of each piece, by its name, what tells whether its files or its place changed; None if that is
            unknown, so that the piece is made again.

    Attributes:
        rows: of the finished pieces, by name, their rows in the report.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any], states: Mapping[str, Any]):
        self._folder = folder
        self._journal = folder / JOURNAL
        self._states = states
        about = json.loads(json.dumps(about))
        before, entries = self._read()
        entries = {name: entry for name, entry in entries.items() if self._is_there(entry)}
        if before != about:
            if entries:
                log.warning(
                    "%d results of an unfinished batch are deleted from %s: this batch has another %s",
                    len(entries),
                    printable(folder),
                    ", ".join(key for key in before | about if before.get(key) != about.get(key)),
                )
            entries = {}
        entries = {name: entry for name, entry in entries.items() if self._is_current(name, entry)}
        self._sweep({file for entry in entries.values() for file, _ in entry[_FILES]})
        if before != about:
            write_whole(self._journal, _line(about))
        self.rows: dict[str, dict[str, str]] = {name: entry[_ROW] for name, entry in entries.items()}

    def add(self, name: str, files: list[Path], row: Mapping[str, str]) -> None:
        """Note a piece as finished: its files lie in the folder, whole.

        Raises:
            OSError: the disk is full, or the folder may not be written to.
        """
        sizes = [[file.as_posix(), (self._folder / file).stat().st_size] for file in files]
        entry = {"name": name, _STATE: self._states[name], _FILES: sizes, _ROW: dict(row)}
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

        A line cut short by a kill or a full disk is cut off, and what would follow it.
        """
        lines, whole = [], 0
        content = self._journal.read_bytes() if self._journal.is_file() else b""
        for line in content.splitlines(keepends=True):
            try:
                lines.append(json.loads(line if line.endswith(b"\n") else b""))
            except ValueError:
                os.truncate(self._journal, whole)
                break
            whole += len(line)
        return (lines[0] if lines else None), {entry["name"]: entry for entry in lines[1:]}

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


def _key(name: str) -> str:
    """A name as it is compared: some disks give it back in another normal form."""
    return unicodedata.normalize("NFC", name)


def _line(value: Any) -> bytes:
    return json.dumps(value).encode("ascii") + b"\n"
