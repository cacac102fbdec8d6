"""Choose file names of results: one for each picture, unique on every file system."""

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

LONGEST = 255  # bytes of a name, on nearly all file systems
# Hexadecimal digits of the hash in a name that was changed. The second is for two names of one first hash.
_DIGITS = (8, 32)


class ResultName(NamedTuple):
    """Path of a result below the folder of results, without file extension.

    Attributes:
        base: the path.
        changed: why the name is not the picture's own; "" if it is.
    """

    base: Path
    changed: str

    def path(self, ending: str) -> Path:
        return _with_ending(self.base, ending)


def result_names(wanted: Sequence[Sequence[Path]], endings: Sequence[str]) -> list[ResultName]:
    """Choose a name for the results of each picture.

    Names that differ only in case or in Unicode normal form count as equal, as on the file systems of macOS and
    Windows. No result gets the name of a folder of results. A name depends only on the wanted names that are equal to
    it, not on the order of the pictures.

    Args:
        wanted: for each picture the names that it may have, best first, without extension. The last one belongs to no
            other picture. If all are too long or taken, the first one gets a hash of the last one as a suffix.
        endings: extensions of the files that belong to one result, such as ".png".
    """
    parents = {names[0].parent for names in wanted}
    folders = {_key(folder) for parent in parents for folder in (parent, *parent.parents)}
    level = [_next_level(names, endings, -1) for names in wanted]
    bases = [_base(names, endings, at) for names, at in zip(wanted, level, strict=True)]
    while True:
        keys = [_keys(base, endings) for base in bases]
        count = Counter(key for each in keys for key in each)
        clashing = [
            i
            for i, each in enumerate(keys)
            if level[i] + 1 < len(wanted[i]) + len(_DIGITS)
            and any(count[key] > 1 or key in folders for key in each)
        ]
        if not clashing:
            break
        for i in clashing:
            level[i] = _next_level(wanted[i], endings, level[i])
            bases[i] = _base(wanted[i], endings, level[i])
    return [
        ResultName(base, _why(names, endings) if at >= len(names) else "")
        for names, base, at in zip(wanted, bases, level, strict=True)
    ]


def _why(names: Sequence[Path], endings: Sequence[str]) -> str:
    return "another one would have that name" if _fits(names[0], endings) else "that name would be too long"


def _base(names: Sequence[Path], endings: Sequence[str], at: int) -> Path:
    """The candidate number `at`: first the wanted names, then names with a hash."""
    return names[at] if at < len(names) else _hashed(names, endings, _DIGITS[at - len(names)])


def _next_level(names: Sequence[Path], endings: Sequence[str], at: int) -> int:
    """The first candidate after `at` whose name is short enough; names with a hash always are."""
    return next((i for i in range(at + 1, len(names)) if _fits(names[i], endings)), max(at + 1, len(names)))


def _fits(base: Path, endings: Sequence[str]) -> bool:
    return all(len(os.fsencode(_with_ending(base, ending).name)) <= LONGEST for ending in endings)


def _hashed(names: Sequence[Path], endings: Sequence[str], digits: int) -> Path:
    mark = "-" + hashlib.sha256(os.fsencode(names[-1])).hexdigest()[:digits]
    room = LONGEST - len(mark) - max(len(os.fsencode(ending)) for ending in endings)
    stem = names[0].name
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return names[0].with_name(stem + mark)


def _with_ending(base: Path, ending: str) -> Path:
    return base.with_name(base.name + ending)


def _keys(base: Path, endings: Sequence[str]) -> set[str]:
    return {_key(_with_ending(base, ending)) for ending in endings}


def _key(path: Path) -> str:
    folded = unicodedata.normalize("NFD", path.as_posix()).casefold()
    return unicodedata.normalize("NFC", folded)
