"""List the user's files in a folder, without hidden files and files of the operating system."""

import logging
import os
from pathlib import Path

from stylefuse.images.names import printable
from stylefuse.images.unreadable import fault

__all__ = ["printable", "unreadable", "users_file", "visible_files"]

log = logging.getLogger(__name__)

# Files and folders that operating systems, network disks and archives create, in lower case. Names that begin with "."
# (.DS_Store, ._photo.jpg, .Trash-1000) are hidden and left out as well.
_SYSTEM = frozenset(
    {
        "__macosx",  # macOS: in every ZIP file it makes
        "icon\r",  # macOS: the picture of a folder
        "network trash folder",  # macOS: on network disks
        "temporary items",
        "thumbs.db",  # Windows: thumbnails
        "ehthumbs.db",
        "desktop.ini",  # Windows: how a folder is shown
        "$recycle.bin",  # Windows: bin
        "recycler",
        "system volume information",
        "lost+found",  # Linux: what a repair of the file system found
        "@eadir",  # Synology: thumbnails
        "#recycle",
        "#snapshot",
        "@recycle",  # QNAP
        "@recently-snapshot",
    }
)


def users_file(name: str) -> bool:
    """Whether a file or folder of this name is the user's: neither hidden nor made by a system."""
    return not name.startswith(".") and name.casefold() not in _SYSTEM


def visible_files(folder: Path) -> list[Path]:
    """List the user's files in a folder and its subfolders, sorted, as paths relative to the folder.

    Links to files and folders are followed; a link back to a parent folder is not, and the log names it. Hidden files
    and files of the system are left out (see `users_file`). Everything else is listed, also what cannot be read: broken
    links, folders that cannot be opened, pipes. `unreadable` gives the reason.

    Raises:
        OSError: the folder itself cannot be read.
    """
    found: list[Path] = []
    above = frozenset(map(_inode, (folder.resolve(), *folder.resolve().parents))) - {None}
    # A stack, not recursion: folders may be nested deeper than Python's limit of recursion.
    waiting = [(Path(), above)]
    while waiting:
        here, above = waiting.pop()
        try:
            with os.scandir(folder / here) as entries:
                inside = [entry for entry in entries if users_file(entry.name)]
        except OSError:
            if here == Path():
                raise
            found.append(here)
            continue
        for entry in inside:
            path = here / entry.name
            if not _leads_to_folder(entry):
                found.append(path)
                continue
            inode = _inode(folder / path)
            if inode is not None and inode in above:
                log.warning("%s leads back to a folder above it: not followed", printable(folder / path))
            else:
                waiting.append((path, above | {inode}))
    return sorted(found)


def unreadable(path: Path, error: OSError | None = None) -> str:
    """Return why a path from `visible_files` cannot be read as a file, with the remedy; "" if it can.

    Args:
        path: the path.
        error: the error that reading it raised, if it was read.
    """
    if found := fault(path, error):
        return ": ".join(found)
    return "a folder that could not be opened a moment ago: try again" if path.is_dir() else ""


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or into a folder that cannot be opened
        return False


def _inode(path: Path) -> tuple[int, int] | None:
    """Device and inode number of a folder; None if it cannot be read or its file system has no inode numbers."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status.st_ino else None
