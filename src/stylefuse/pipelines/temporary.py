"""A temporary folder for a report that a node makes, until its dataset moves it to its place."""

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def report_folder() -> Iterator[Path]:
    """Give a new temporary folder; it stays when the block ends, and is removed when the block raises an error.

    Raises:
        OSError: the disk of temporary files is full; it names the folder and the variable that chooses another.
    """
    folder = Path(tempfile.mkdtemp(prefix="stylefuse-"))
    try:
        yield folder
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(
                error.errno,
                f"no space for temporary files in {folder.parent}: make room there, or set TMPDIR to another folder",
            ) from error
        raise
