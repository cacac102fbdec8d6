"""Make a temporary folder for a node's report; the report's dataset moves the files from there."""

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def report_folder() -> Iterator[Path]:
    """Make a new temporary folder. It stays when the block ends, and is removed if the block raises an error.

    Raises:
        OSError: no space for temporary files; the message names their folder and the variable that sets it.
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
