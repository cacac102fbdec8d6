"""Replace the results in an output folder without changing files that no run made.

A run fills a staging folder. `publish` then moves its files into the output folder, and deletes results of the
previous run that were not made again. A list in the output folder names the files that runs made, with their hashes.
Files are moved one by one, so the output folder may be a mount or a link and may contain other files. Before the first
file is moved, the plan is written to the staging folder: if the publication is interrupted, the next run that uses
the folder completes it. A lock file prevents two runs from using one folder.
"""

import contextlib
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from stylefuse._atomic import cannot_write, reason, write_whole
from stylefuse._output_files import (
    SET_ASIDE,
    delete_outdated,
    hash_of,
    move,
    packed,
    read_list,
    set_aside_other,
)

log = logging.getLogger(__name__)
# Names in the output folder: the list of files that runs made, the lock, and the staging folder.
LIST, LOCK, STAGING = ".stylefuse.json", ".stylefuse.lock", ".incoming"
# In the staging folder: the list of files to move, written last. Files with a leading dot are not moved.
_PLAN = ".plan.json"
# Seconds to wait while another run moves its files. Moving is renaming, which takes seconds at most.
_PATIENCE = 60

# Locks of the folders that this process uses, by resolved path.
_held: dict[Path, FileLock] = {}


def staging_of(target: Path) -> Path:
    """Return the staging folder of an output folder. It is inside the output folder, so on the same disk."""
    return target / STAGING


def hold(target: Path) -> None:
    """Lock an output folder for this process, until `publish` or the end of the process. Make it if it is missing.

    Raises:
        RuntimeError: another process has locked it.
        OSError: the folder cannot be written.
    """
    target.mkdir(parents=True, exist_ok=True)
    place = target.resolve()
    if place in _held:
        return
    lock = FileLock(place / LOCK, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RuntimeError(
            f"another run is writing results to {target}: wait for its end or stop it, or give this one another "
            "data_root"
        ) from None
    _held[place] = lock


def release(target: Path) -> None:
    """Release the lock of `hold`; do nothing if there is none."""
    lock = _held.pop(target.resolve(), None)
    if lock is not None:
        lock.release()


def publish(made: Path, target: Path) -> None:
    """Move all files of a staging folder into the output folder, and delete the results of earlier runs.

    Files that no run made stay. If one has the name of a new file, it is moved to the subfolder `set-aside`; so is a
    result that was changed after it was made. An error before the first file is moved changes nothing. After a later
    error, or after a kill, `finish` completes the publication.

    Args:
        made: `staging_of(target)`, or any other folder, which is moved there first. It no longer exists afterwards.
        target: the output folder; it is made if it is missing.

    Raises:
        OSError: the output folder cannot be written, or its disk is full; the message names the folder.
        RuntimeError: another run is writing to it.
    """
    if not made.is_dir():
        raise FileNotFoundError(f"there is no folder {made}")
    staging = staging_of(target)
    elsewhere = made.absolute() != staging.absolute()
    try:
        target.mkdir(parents=True, exist_ok=True)
        with _locked(target):
            if elsewhere:
                _finish(target)
                shutil.rmtree(staging, ignore_errors=True)
                _bring(made, staging)
            write_whole(staging / _PLAN, packed({name: hash_of(staging / name) for name in _files(staging)}))
    except OSError as error:
        if elsewhere:
            shutil.rmtree(staging, ignore_errors=True)
        raise cannot_write(target / (Path(error.filename).name if error.filename else LIST), error) from error
    finish(target)
    release(target)


def finish(target: Path) -> None:
    """Finish a publication that was interrupted; do nothing where there is none.

    Raises:
        OSError: a file cannot be moved; the message says how many are in place.
        RuntimeError: another run is writing to the folder.
    """
    if (staging_of(target) / _PLAN).is_file():
        with _locked(target):
            _finish(target)


def files_made(target: Path) -> dict[str, str]:
    """Return the files that runs made in an output folder: relative paths with slashes, and sha256 hashes."""
    path = target / LIST
    return read_list(path) if path.is_file() else {}


@contextlib.contextmanager
def _locked(target: Path) -> Iterator[None]:
    if target.resolve() in _held:
        yield
        return
    try:
        with FileLock(target.resolve() / LOCK, timeout=_PATIENCE):
            yield
    except Timeout:
        raise RuntimeError(
            f"another run is writing results to {target}: wait for its end or stop it"
        ) from None


def _finish(target: Path) -> None:
    staging = staging_of(target)
    if not (staging / _PLAN).is_file():
        return
    new, before = read_list(staging / _PLAN), files_made(target)
    moved: list[str] = []
    aside: list[Path] = []
    try:
        for name in new:
            if (staging / name).is_file():  # else it was moved before the interruption
                if found := set_aside_other(target / name, target, before, new[name]):
                    aside.append(found)
                move(staging / name, target / name)
            moved.append(name)
        # From now on the list includes the new files, even if the rest is interrupted.
        write_whole(target / LIST, packed({**before, **new}))
        delete_outdated(before, new, target)
        write_whole(target / LIST, packed(new))
        shutil.rmtree(staging)
    except OSError as error:
        raise OSError(
            error.errno,
            f"{len(moved)} of {len(new)} new files are in {target}, then one could not be moved there "
            f"({reason(error)}): make room, or correct the permissions; the next run that uses the folder "
            "moves the others",
        ) from error
    finally:
        if aside:
            log.warning(
                "%d files of %s have the names of new results and are not as a run left them: they are in %s now, "
                "such as %s",
                *(len(aside), target, target / SET_ASIDE, aside[0].name),
            )


def _files(folder: Path) -> list[str]:
    found = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    return [name.as_posix() for name in found if not name.parts[0].startswith(".")]


def _bring(made: Path, staging: Path) -> None:
    """Move the files of a folder elsewhere. Not the folder itself: a temporary one is closed to other users."""
    staging.mkdir()
    for path in list(made.iterdir()):
        shutil.move(path, staging / path.name)
    made.rmdir()
