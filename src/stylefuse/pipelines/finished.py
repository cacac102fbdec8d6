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

from stylefuse.images.files import write_whole
from stylefuse.pipelines.folders import printable

log = logging.getLogger(__name__)

JOURNAL = ".batch.jsonl"
_SOURCES, _FILES, _ROW = "sources", "files", "row"


class Finished:
    """The finished pieces of the batch in a folder; those of another batch are deleted, and so is what is no result.

    Args:
        folder: that the results lie in until they are published.
        about: what decides the results, beside the pictures; plain values. A batch of other values is another.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any]):
        self._folder = folder
        self._journal = folder / JOURNAL
        before, self._entries = self._read()
        if before != (about := json.loads(json.dumps(about))):
            if left := sum(map(self._is_there, self._entries.values())):
                log.warning(
                    "%d results of an unfinished batch are deleted from %s: this batch has another %s",
                    left,
                    printable(folder),
                    ", ".join(key for key in before | about if before.get(key) != about.get(key)),
                )
            self._entries = {}
            self._sweep()
            write_whole(self._journal, _line(about))
        else:
            self._sweep()

    def row(self, name: str, sources: Any) -> dict[str, str] | None:
        """Return the row of a piece in the report, if it is finished; None if it is to be made.

        Args:
            name: of the piece.
            sources: state of the files that it is made of, as `add` got it. Of another state, it is to be made again.
        """
        entry = self._entries.get(name)
        if entry is None or sources is None or entry[_SOURCES] != json.loads(json.dumps(sources)):
            return None
        return entry[_ROW] if self._is_there(entry) else None

    def add(self, name: str, sources: Any, files: list[Path], row: Mapping[str, str]) -> None:
        """Note a piece as finished: its files lie in the folder, whole.

        Raises:
            OSError: the disk is full, or the folder may not be written to.
        """
        sizes = [[file.as_posix(), (self._folder / file).stat().st_size] for file in files]
        entry = {"name": name, _SOURCES: sources, _FILES: sizes, _ROW: dict(row)}
        with self._journal.open("ab") as journal:
            journal.write(_line(entry))

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

    def _sweep(self) -> None:
        """Delete everything that is no file of a finished piece: half of another one, leftovers of a kill.

        Other files at the top whose names begin with "." stay: they are of those who publish the results.
        """
        kept = {_key(file) for entry in self._entries.values() for file, _ in entry[_FILES]}
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
