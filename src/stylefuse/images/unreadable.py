"""Reason and remedy for a file or a folder that cannot be read."""

import errno
import os
import stat
from pathlib import Path

from stylefuse.images.names import printable

_REMEDIES = {
    errno.ELOOP: "a link that leads to itself, delete it",
    errno.ENAMETOOLONG: "move it into fewer folders, or shorten their names",
    errno.EIO: "check the disk",
    errno.EISDIR: "name a file in it",
}


def fault(path: Path, error: OSError | None = None) -> tuple[str, str] | None:
    """Return reason and remedy for a file or a folder that cannot be read; None if it can be.

    Args:
        error: the error that reading it raised, if any; used where no clearer reason is found.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            os.scandir(path).close()
        elif not stat.S_ISREG(mode):
            return "neither a file nor a folder (a pipe, socket or device)", "delete it, or move it elsewhere"
    except FileNotFoundError:
        if not path.is_symlink():
            return "it does not exist", "check its name; it may have been moved or deleted"
        target = path.readlink()
        in_annex = ".git/annex" in target.as_posix()
        remedy = "run git annex get" if in_annex else "bring back what it names, or delete the link"
        return f"a link that leads to nothing ({printable(target)})", remedy
    except OSError as found:
        error = found
    if error is None:
        return None
    remedy = _REMEDIES.get(error.errno or 0, "check its permissions, and those of the folders above it")
    return f"cannot be opened ({error.strerror or error})", remedy
