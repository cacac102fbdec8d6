"""Replace files atomically: write beside the target, flush to disk, rename."""

import errno
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Glob pattern of the incomplete files that a killed write leaves.
PARTIAL = f".{16 * '[0-9a-f]'}.tmp"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path of a temporary file beside `path`, and rename it to `path` if the block raises no error.

    After a power cut there is the old file or the new one, never a part. If `path` is a link, the link is replaced, not
    its target.

    Raises:
        OSError: the disk is full or the folder cannot be written; the message names the folder. The old file is
            unchanged.
    """
    # A short name: the name of `path` may have the maximal length.
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
        # An error about another file, which the block reads, is not changed.
        where = Path(error.filename) if isinstance(error.filename, str) else path.parent
        if path.parent.is_relative_to(where) or where.parent == path.parent:
            raise cannot_write(path, error) from error
        raise


def write_whole(path: Path, data: bytes) -> None:
    """Write a file atomically.

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
    """Return the system's message for an error, even if its text was replaced."""
    return os.strerror(error.errno) if error.errno else str(error)


def flush(path: Path) -> None:
    """Flush the content of a file to disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Flush a folder's list of names to disk: only then is a rename in it permanent.

    Some network and virtual file systems cannot flush folders; their error is ignored.
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
