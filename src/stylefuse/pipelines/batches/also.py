"""Optional pictures of a batch, such as masks: a folder of them beside the folder of pictures."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stylefuse.pipelines.folders import printable, visible_files
from stylefuse.tasks.task import Task

# By name of the optional picture: its files by the path of their picture without its ending.
Also = Mapping[str, Mapping[Path, Path]]


def parameter(name: str) -> str:
    """The parameter that names the folder of an optional picture: "mask_folder"."""
    return f"{name}_folder"


def find_also(task: Task, options: Any, pictures: list[Path]) -> Also:
    """Find the optional pictures of a batch in the folders that its options name.

    Args:
        pictures: of the batch, relative to its folder. The mask of `a/1.jpg` is `a/1.png` in the folder of masks, or
            of another ending.

    Raises:
        ValueError: a folder is missing, two files are of one picture, or a file is of none.
    """
    known, found = {path.with_suffix("") for path in pictures}, {}
    for name in task.also:
        if not (given := getattr(options, parameter(name))):
            continue
        folder, what = Path(given).expanduser(), f"{task.name}.{parameter(name)}"
        if not folder.is_dir():
            raise ValueError(f"{what}: there is no folder {printable(folder)}: name one, or leave it empty")
        files: dict[Path, Path] = {}
        for path in visible_files(folder):
            of = path.with_suffix("")
            if of not in known:
                text = f"{what}: {printable(path)} is of no picture: give it the name of one, or remove it"
                raise ValueError(text)
            if of in files:
                text = f"{what}: {printable(files[of].name)} and {printable(path.name)} are of one picture"
                raise ValueError(f"{text}: remove one")
            files[of] = folder / path
        found[name] = files
    return found


def digest_of(also: Also) -> str:
    """A hash of the contents, which decide the results; empty where there are none."""
    whole = hashlib.sha256()
    for name, files in also.items():
        for of, path in files.items():
            whole.update(f"{name} {of} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest() if also else ""
