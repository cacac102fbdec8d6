"""Which files of a folder belong together: `name_a.jpg`, `name_b.png` … in one folder are the set `name`."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

NAMING = "the pictures of a set are named 01_a.jpg, 01_b.jpg, …"
LETTERS = "abcdefgh"
_NAME = re.compile(rf"(.+)_([{LETTERS}])", re.DOTALL)  # a name may have several lines


@dataclass
class PictureSet:
    """Files of one name, by their letter.

    name: path of the set below the folder, without letter and suffix.
    files: of each letter; more than one is a mistake of the sender's.
    """

    name: Path
    files: dict[str, list[Path]] = field(default_factory=dict)

    @property
    def paths(self) -> list[Path]:
        return [path for letter in sorted(self.files) for path in self.files[letter]]

    def fault(self) -> str:
        """Why these files are no set; empty if they are one."""
        for letter, paths in sorted(self.files.items()):
            if len(paths) > 1:
                names = " and ".join(path.name for path in paths)
                return f"{names} have the same letter {letter}: give each picture a letter of its own"
        if self.name.name.casefold().endswith("_weights"):
            return "a set's name must not end in _weights, as results do: rename its files"
        if len(self.files) < 2:
            return f"the set has one picture: add {self.name.name}_b, or the letter that is missing"
        return ""


def find_sets(files: Iterable[Path]) -> tuple[list[PictureSet], list[Path]]:
    """Sort files into sets. Names that are the same in another Unicode normal form, as macOS writes them, are one name.

    Args:
        files: paths below one folder.

    Returns:
        The sets, by name; and the files that belong to none.
    """
    sets: dict[str, PictureSet] = {}
    strays = []
    for path in sorted(files):
        match = _NAME.fullmatch(path.stem)
        if match is None:
            strays.append(path)
            continue
        name = path.with_name(match[1])
        key = unicodedata.normalize("NFC", name.as_posix())
        sets.setdefault(key, PictureSet(name)).files.setdefault(match[2], []).append(path)
    return sorted(sets.values(), key=lambda each: each.name), strays
