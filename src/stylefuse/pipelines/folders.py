"""Folders that users hand over: which files lie in them."""

import logging
import os
from pathlib import Path

from stylefuse.images.names import printable
from stylefuse.images.unreadable import fault

__all__ = ["printable", "unreadable", "users", "visible_files"]

log = logging.getLogger(__name__)

# What operating systems, network disks and archives put beside people's files, lower case. Names that begin with "."
# (.DS_Store, ._photo.jpg, .Trash-1000) are left out as well.
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


def users(name: str) -> bool:
    """Tell whether a file or folder of this name is the user's: neither hidden nor the system's."""
    return not name.startswith(".") and name.casefold() not in _SYSTEM


def visible_files(folder: Path) -> list[Path]:
    """List the user's files in a folder and its subfolders, as paths relative to it, sorted.

    Links to files and folders are followed; a folder that leads back to one above it is left out with a line in the
    log. What is hidden or the system's is left out (see `users`). Everything else is in the list, also what nobody
    can read: links to nothing, folders that cannot be opened, pipes. `unreadable` gives the reason.

    Raises:
        OSError: the folder itself cannot be read.
    """
    found: list[Path] = []
    above = frozenset(filter(None, map(_identity, (folder.resolve(), *folder.resolve().parents))))
    waiting = [
        (Path(), above)
    ]  # a stack of our own: folders may be nested deeper than Python calls functions
    while waiting:
        here, above = waiting.pop()
        try:
            with os.scandir(folder / here) as entries:
                inside = [entry for entry in entries if users(entry.name)]
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
            identity = _identity(folder / path)
            if identity is not None and identity in above:
                log.warning("%s leads back to a folder above it: not followed", printable(folder / path))
            else:
                waiting.append((path, above | {identity}))
    return sorted(found)


def unreadable(path: Path, error: OSError | None = None) -> str:
    """Return why a path that `visible_files` listed is no file that could be read, with the remedy; "" for a file.

    Args:
        error: what reading it raised, if that was tried.
    """
    if found := fault(path, error):
        return ": ".join(found)
    return "a folder that could not be opened a moment ago: try again" if path.is_dir() else ""


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or into a folder that cannot be opened
        return False


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and number of a folder; None where the file system gives no numbers, or it cannot be asked."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return (facts.st_dev, facts.st_ino) if facts.st_ino else None
