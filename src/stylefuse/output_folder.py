"""Replace the content of an output folder without touching files that no run made.

A run fills a staging folder. `publish` then moves its files into the output folder, and deletes the files of the
run before that are not made any more. Which files are the runs' own stands in a list in the output folder. Files
move one by one, not with their folder, so that the output folder may be a mount or a link, and may hold other
files. Before the first file moves, the plan is written to the staging folder: a publication that was interrupted is
finished by the next one who reads or writes the folder.
"""

import contextlib
import errno
import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from stylefuse._atomic import cannot_write, flush_folder, replacing, write_whole

log = logging.getLogger(__name__)
# In the output folder: the list of files that runs made; where a run fills new ones; where files go that lie in the
# way of a run's own and that no run made.
LIST, STAGING, SET_ASIDE = ".stylefuse.json", ".incoming", "set-aside"
# In the staging folder: what is to be moved, written last. Names that begin with a dot stay behind.
_PLAN = ".plan.json"


def staging_of(target: Path) -> Path:
    """Return the path of the staging folder of an output folder: inside it, so on the same disk."""
    return target / STAGING


def publish(made: Path, target: Path) -> None:
    """Move all files of a staging folder into the output folder, in place of those that runs made before.

    Files that no run made stay where they are. One with the name of a new file is moved to the subfolder
    `set-aside`, with a warning. An error before the first file moves leaves all as it was; after one that comes
    later, or after a kill, `finish` goes on.

    Args:
        made: `staging_of(target)`, or any other folder, which is moved there first. It is gone afterwards.
        target: the output folder; it is made if it is missing.

    Raises:
        OSError: the output folder cannot be written to, or its disk is full; it names the folder.
    """
    if not made.is_dir():
        raise FileNotFoundError(f"there is no folder {made}")
    staging = staging_of(target)
    try:
        target.mkdir(parents=True, exist_ok=True)
        if made.absolute() != staging.absolute():
            finish(target)
            shutil.rmtree(staging, ignore_errors=True)
            _bring(made, staging)
        files = sorted(_files(staging))
        write_whole(staging / _PLAN, _listed(files))
    except OSError as error:
        if made.absolute() != staging.absolute():
            shutil.rmtree(staging, ignore_errors=True)
        raise cannot_write(target / (Path(error.filename).name if error.filename else LIST), error) from error
    finish(target)


def finish(target: Path) -> None:
    """Finish a publication that was interrupted; do nothing where there is none."""
    staging = staging_of(target)
    plan = staging / _PLAN
    if not plan.is_file():
        return
    new, before = _read(plan), files_made(target)
    for name in new:
        source, place = staging / name, target / name
        if not source.is_file():
            continue  # moved before the interruption
        _make_way(place, target, before)
        place.parent.mkdir(parents=True, exist_ok=True)
        _move(source, place)
    # From here on the list names the new files as well, whatever else is interrupted.
    write_whole(target / LIST, _listed({*before, *new}))
    for name in before - set(new):
        _forget(target / name, target)
    write_whole(target / LIST, _listed(new))
    shutil.rmtree(staging)


def files_made(target: Path) -> set[str]:
    """Return the files of an output folder that runs made, as paths below it with slashes."""
    path = target / LIST
    return set(_read(path)) if path.is_file() else set()


def _files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_file() and not name.parts[0].startswith("."):
            yield name.as_posix()


def _bring(made: Path, staging: Path) -> None:
    """Move a folder that a node filled elsewhere; a temporary one is closed to other users, its copy is not."""
    staging.mkdir()
    for path in list(made.iterdir()):
        shutil.move(path, staging / path.name)
    made.rmdir()


def _make_way(place: Path, target: Path, own: set[str]) -> None:
    """Remove what is where a file or one of its folders is to be: to `set-aside`, unless a run made it."""
    names = [*reversed(place.relative_to(target).parents[:-1]), place.relative_to(target)]
    for name in names:
        here, is_own = target / name, name.as_posix() in own
        if not os.path.lexists(here):
            return
        blocks = not here.is_dir() if here != place else here.is_dir() or not is_own
        if blocks and is_own and not here.is_dir():
            here.unlink()
        elif blocks:
            _set_aside(here, target / SET_ASIDE / name)


def _set_aside(path: Path, aside: Path) -> None:
    free, number = aside, 1
    while os.path.lexists(free):
        number += 1
        free = aside.with_name(f"{aside.stem} {number}{aside.suffix}")
    free.parent.mkdir(parents=True, exist_ok=True)
    path.rename(free)
    log.warning("%s was not made by StyleFuse and has the name of a result: moved to %s", path, free)


def _move(source: Path, place: Path) -> None:
    try:
        source.replace(place)
    except OSError as error:
        if error.errno != errno.EXDEV:  # a subfolder may be a mount, or a link to another disk
            raise cannot_write(place, error) from error
        with replacing(place) as partial:
            shutil.copyfile(source, partial)
        source.unlink()


def _forget(path: Path, target: Path) -> None:
    """Delete a file that an earlier run made, and its folders where nothing is left in them."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # a new file may be where its folder was
        path.unlink()
    for folder in path.parents:
        if folder == target or not folder.is_dir() or folder.is_symlink() or any(folder.iterdir()):
            return
        folder.rmdir()
        flush_folder(folder.parent)


def _listed(names: Iterable[str]) -> bytes:
    # ASCII: names that are not UTF-8 hold surrogates, which JSON escapes and gives back.
    return json.dumps(sorted(names), indent=0).encode()


def _read(path: Path) -> list[str]:
    """Read a list of paths below a folder.

    Raises:
        ValueError: it is damaged, or leads out of the folder.
    """
    try:
        names = json.loads(path.read_bytes())
        sound = isinstance(names, list) and all(isinstance(name, str) for name in names)
    except ValueError:
        sound = False
    if not sound or any(PurePosixPath(n).is_absolute() or ".." in PurePosixPath(n).parts for n in names):
        raise ValueError(f"{path} is damaged: move the folder {path.parent} away, and run the stage again")
    return names
