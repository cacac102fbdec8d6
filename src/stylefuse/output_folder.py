"""Replace the content of an output folder without touching files that no run made.

A run fills a staging folder. `publish` then moves its files into the output folder, and deletes the files of the
run before that are not made any more. Which files are the runs' own, with a hash of each, stands in a list in the
output folder. Files move one by one, not with their folder, so that the output folder may be a mount or a link, and
may hold other files. Before the first file moves, the plan is written to the staging folder: a publication that was
interrupted is finished by the next run that uses the folder. A lock file keeps two runs apart.
"""

import contextlib
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from stylefuse._atomic import cannot_write, reason, write_whole
from stylefuse._output_files import SET_ASIDE, forget, hash_of, make_way, move, packed, read_list

log = logging.getLogger(__name__)
# In the output folder: the list of files that runs made; the lock; where a run fills new files.
LIST, LOCK, STAGING = ".stylefuse.json", ".stylefuse.lock", ".incoming"
# In the staging folder: what is to be moved, written last. Names that begin with a dot stay behind.
_PLAN = ".plan.json"
# Seconds to wait while another run moves its files: renames alone, so seconds at most.
_PATIENCE = 60

# Folders that this process has taken for a run, by their real paths.
_held: dict[Path, FileLock] = {}


def staging_of(target: Path) -> Path:
    """Return the path of the staging folder of an output folder: inside it, so on the same disk."""
    return target / STAGING


def hold(target: Path) -> None:
    """Take an output folder for this process, until `publish` or the end of the process; make it if it is missing.

    Raises:
        RuntimeError: another process has taken it.
        OSError: it cannot be written to.
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
    """Give back a folder that `hold` took; do nothing if it is not held."""
    lock = _held.pop(target.resolve(), None)
    if lock is not None:
        lock.release()


def publish(made: Path, target: Path) -> None:
    """Move all files of a staging folder into the output folder, in place of those that runs made before.

    Files that no run made stay where they are. One with the name of a new file is moved to the subfolder
    `set-aside`, and so is a result that was changed since. An error before the first file moves leaves all as it
    was; after one that comes later, or after a kill, `finish` goes on.

    Args:
        made: `staging_of(target)`, or any other folder, which is moved there first. It is gone afterwards.
        target: the output folder; it is made if it is missing.

    Raises:
        OSError: the output folder cannot be written to, or its disk is full; it names the folder.
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
    """Return the files of an output folder that runs made: paths below it, with slashes, and their sha256."""
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
                if found := make_way(target / name, target, before, new[name]):
                    aside.append(found)
                move(staging / name, target / name)
            moved.append(name)
        # From here on the list names the new files as well, whatever else is interrupted.
        write_whole(target / LIST, packed({**before, **new}))
        forget(before, new, target)
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
    """Move a folder that a node filled elsewhere; a temporary one is closed to other users, its copy is not."""
    staging.mkdir()
    for path in list(made.iterdir()):
        shutil.move(path, staging / path.name)
    made.rmdir()
