"""Move, set aside and delete single files of an output folder, and list those that runs made."""

import errno
import hashlib
import json
import os
import shutil
import unicodedata
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from stylefuse._atomic import flush_folder, replacing

# Subfolder of the output folder for files that are in the way of a result and were made or changed by the user.
SET_ASIDE = "set-aside"


def set_aside_other(place: Path, target: Path, before: Mapping[str, str], content: str) -> Path | None:
    """Move away a file or folder that is in the way of a new file, unless a run made it and it was not changed since.

    Args:
        place: path of the new file.
        target: the output folder, which contains `place`.
        before: files that runs made, and their hashes.
        content: hash of the new file. A file with this hash is not in the way.

    Returns:
        The new path of what was in the way; None if nothing was.
    """
    for name in (*reversed(place.relative_to(target).parents[:-1]), place.relative_to(target)):
        here = target / name
        if not os.path.lexists(here):
            return None
        known = (before.get(name.as_posix()), content)
        may_stay = here.is_dir() if here != place else here.is_file() and hash_of(here) in known
        if not may_stay:
            return _set_aside(here, target / SET_ASIDE / name)
    return None


def move(source: Path, place: Path) -> None:
    """Move a file and replace the one at `place`. Works across disks: a subfolder may be a mount or a link."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.replace(place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with replacing(place) as partial:
            shutil.copyfile(source, partial)
        source.unlink()


def delete_outdated(before: Mapping[str, str], new: Mapping[str, str], target: Path) -> None:
    """Delete the previous run's files that were not made again, and folders that become empty.

    Files that were changed since, and files in linked folders, stay.
    """
    alike = {_key(name): target / name for name in new}
    for name in before.keys() - new.keys():
        path = target / name
        folders = path.parents[: len(PurePosixPath(name).parts) - 1]
        if not path.is_file() or any(folder.is_symlink() for folder in folders):
            continue
        twin = alike.get(_key(name))  # a file system that ignores case has one file under both names
        if hash_of(path) != before[name] or (twin is not None and twin.exists() and twin.samefile(path)):
            continue
        path.unlink()
        for folder in folders:
            if any(folder.iterdir()):
                break
            folder.rmdir()
            flush_folder(folder.parent)


def hash_of(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def packed(files: Mapping[str, str]) -> bytes:
    """Encode a list of files for `read_list`."""
    # ASCII: names that are not UTF-8 contain surrogates, which JSON escapes.
    return json.dumps(dict(sorted(files.items())), indent=0).encode()


def read_list(path: Path) -> dict[str, str]:
    """Read a list of files: relative paths with slashes, and hashes.

    Raises:
        ValueError: it is damaged, or a path in it leads out of the folder.
    """
    try:
        files = json.loads(path.read_bytes())
        sound = isinstance(files, dict) and all(isinstance(value, str) for value in files.values())
    except ValueError:
        sound = False
    if not sound or any(PurePosixPath(n).is_absolute() or ".." in PurePosixPath(n).parts for n in files):
        raise ValueError(f"{path} is damaged: move the folder {path.parent} away, and run the stage again")
    return files


def _set_aside(path: Path, aside: Path) -> Path:
    free, number = aside, 1
    while os.path.lexists(free):
        number += 1
        free = aside.with_name(f"{aside.stem} {number}{aside.suffix}")
    free.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(path, free)  # copies where the folder of `path` is on another disk
    return free


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
