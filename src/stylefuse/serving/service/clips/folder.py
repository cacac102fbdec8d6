"""The folder for the clips of one running server, and the removal of folders that crashed servers left behind."""

import contextlib
import logging
import os
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)
PREFIX, _LOCK = "stylefuse-clips-", ".lock"


class ClipFolder:
    """A new folder that is this server's for as long as it runs.

    A lock file beside it is locked until the process ends, however it ends: a folder whose lock is free belongs to no
    running server.

    Args:
        parent: where it is made; by default the system's folder for temporary files.
    """

    def __init__(self, parent: Path | None = None):
        parent = parent or Path(tempfile.gettempdir())
        sweep(parent)
        # The lock first: a folder without one could be swept by a server that starts at the same time.
        handle, name = tempfile.mkstemp(prefix=PREFIX, suffix=_LOCK, dir=parent)
        os.close(handle)
        self._lock = FileLock(name)
        self._lock.acquire()
        self.path = Path(name.removesuffix(_LOCK))
        self.path.mkdir(mode=0o700)

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        _remove(self.path, self._lock)


def sweep(parent: Path) -> None:
    """Remove folders of this user's servers that do not run any more."""
    for folder in parent.glob(f"{PREFIX}*"):
        file = folder.with_name(folder.name + _LOCK)
        # Anyone may put names into the folder for temporary files; a link there could lead anywhere.
        if not (_is_ours(folder) and folder.is_dir() and _is_ours(file)):
            continue
        lock = FileLock(file)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        log.info("removing the clips that a server left in %s", folder)
        _remove(folder, lock)


def _is_ours(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    mine = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return mine and not path.is_symlink()


def _remove(folder: Path, lock: FileLock) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    file = Path(lock.lock_file)
    lock.release()
    file.unlink(missing_ok=True)


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    total = 0
    with contextlib.suppress(FileNotFoundError):  # files come and go while the process works
        for file in folder.rglob("*"):
            total += file.lstat().st_size
    return total


def remove_but(folder: Path, kept: Path | None) -> None:
    """Remove all that is in a folder but one file."""
    for each in folder.iterdir():
        if each == kept:
            continue
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each, ignore_errors=True)
        else:
            each.unlink(missing_ok=True)
