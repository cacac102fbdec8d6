"""List the pieces of work of a batch: one for each picture, or one for each set of pictures."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from stylefuse.images.picture_sets import NAMING, PictureSet, find_sets
from stylefuse.pipelines.batch import Piece, Row
from stylefuse.pipelines.folders import printable, unreadable
from stylefuse.pipelines.result_names import ResultName, result_names
from stylefuse.video.names import is_video, result_ending

log = logging.getLogger(__name__)

REPORT = ".json"  # of a set's report beside its result


class Pieces(NamedTuple):
    """What is to be made.

    what: word for the pieces, "pictures". name_of, labels_of: of each piece, by its name, the name of its result, and
    words for its pictures. strays: rows of the report for files that belong to no piece.
    """

    what: str
    pieces: list[Piece]
    name_of: dict[str, ResultName]
    labels_of: dict[str, list[str]]
    strays: list[Row]


def columns_of(several: bool, own: Sequence[str]) -> list[str]:
    """Columns of the report, of batches of single pictures or of sets; `own` are the task's."""
    if several:
        return ["set", "files", "output", *own, "warnings", "reason"]
    return ["file", "output", "reason", "warnings", *own]


def single_pictures(
    folder: Path, files: Sequence[Path], suffix: str, endings: Sequence[str], columns: Sequence[str]
) -> Pieces:
    """A piece a file; `endings` are of the files beside a result.

    Raises:
        ValueError: there are no files.
    """
    if not files:
        raise ValueError(f"there are no files in {printable(folder)}: put the pictures there")
    suffixes = [result_ending(file) if is_video(file) else suffix for file in files]
    every = list(dict.fromkeys([suffix, *suffixes, *endings]))
    names = result_names([(file.with_suffix(""), file) for file in files], every)
    blank = dict.fromkeys(columns, "")
    pieces = [
        Piece(file.as_posix(), (folder / file,), name.path(ending), blank | {"file": printable(file)})
        for file, name, ending in zip(files, names, suffixes, strict=True)
    ]
    by_name = {piece.name: name for piece, name in zip(pieces, names, strict=True)}
    return Pieces("pictures", pieces, by_name, {piece.name: [""] for piece in pieces}, [])


def picture_sets(
    folder: Path, files: Sequence[Path], suffix: str, endings: Sequence[str], columns: Sequence[str]
) -> Pieces:
    """A piece a set of files.

    Raises:
        ValueError: there are no sets.
    """
    sets, strays = find_sets(files)
    if not sets:
        raise ValueError(f"there are no sets in {printable(folder)}: {NAMING}")
    names = result_names([[each.name] for each in sets], [suffix, REPORT, *endings])
    blank = dict.fromkeys(columns, "")
    pieces = [
        Piece(
            each.name.as_posix(),
            tuple(folder / path for path in each.paths),
            name.path(suffix),
            blank | _about(each),
        )
        for each, name in zip(sets, names, strict=True)
    ]
    rows = [blank | {"files": printable(path), "reason": _stray(folder / path)} for path in strays]
    for row in rows:
        log.warning("%s: %s", row["files"], row["reason"])
    by_name = {piece.name: name for piece, name in zip(pieces, names, strict=True)}
    labels = {piece.name: sorted(each.files) for piece, each in zip(pieces, sets, strict=True)}
    return Pieces("sets", pieces, by_name, labels, rows)


def _stray(path: Path) -> str:
    """Why a file is of no set."""
    return unreadable(path) or f"the file belongs to no set: {NAMING}"


def _about(each: PictureSet) -> Row:
    """What is known of a set before it is worked on."""
    names = ", ".join(printable(path.name) for path in each.paths)
    return {"set": printable(each.name), "files": names, "reason": printable(each.fault())}
