"""Write a file all or nothing: beside its place, flushed to disk, then renamed over what was there."""

import errno
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Names of files that a write which was killed left half done, as a glob pattern.
PARTIAL = f".{16 * '[0-9a-f]'}.tmp"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the path of a new file beside `path`; when the block ends without an error, it takes the place of `path`.

    After a power cut there is the old file or the new one, never half of one. Where `path` is a link, the link is
    replaced and its target stays as it was.

    Raises:
        OSError: the disk is full or the folder cannot be written to; the message names the folder. What was at
            `path` is still there.
    """
    # A short name: `path` may have the longest name that the file system takes.
    partial = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            flush(partial)
            partial.replace(path)
            flush_folder(path.parent)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        # An error about another file, one that the block reads, keeps its own text.
        where = Path(error.filename) if isinstance(error.filename, str) else path.parent
        if path.parent.is_relative_to(where) or where.parent == path.parent:
            raise cannot_write(path, error) from error
        raise


def write_whole(path: Path, data: bytes) -> None:
    """Write the bytes of a file, all or nothing.

    Raises:
        OSError: as `replacing`.
    """
    with replacing(path) as partial:
        partial.write_bytes(data)


def cannot_write(path: Path, error: OSError) -> OSError:
    """Return an OSError that names the file, its folder and the remedy."""
    return OSError(
        error.errno,
        f"cannot write {path.name} into the folder {path.parent} ({reason(error)}): "
        "make room there, or correct its permissions; earlier files are as they were",
    )


def reason(error: OSError) -> str:
    """Return the system's words for an error, whatever text it was given since."""
    return os.strerror(error.errno) if error.errno else str(error)


def flush(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk: a rename is, only once its folder is.

    Some file systems (of networks, of virtual machines) cannot flush a folder: there nothing happens.
    """
    if sys.platform == "win32":  # where folders cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)
