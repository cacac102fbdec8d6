"""Freed memory stays with the process, so that the next tensor costs no page faults.

glibc returns every block of more than 32 MB to the kernel when it is freed, and the kernel clears it page by page
when the same size is asked for again. Networks ask for the same sizes all the time: fusing two pictures of one
megapixel spent half of its processor time there.
"""

import ctypes
import sys

# malloc.h
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGEST = 1 << 30  # bytes; what is larger still comes from the kernel and goes back there


def reuse_freed_memory() -> None:
    """Ask the C library to keep up to 1 GB of freed memory; where it is not glibc, nothing changes.

    For processes that compute with networks, and early: memory that threads were given before stays as it is.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(_MMAP_THRESHOLD, _LARGEST)
    mallopt(_TRIM_THRESHOLD, _LARGEST)
    # Other threads' arenas hold 64 MB at most, and pass on what is larger to the kernel after all.
    mallopt(_ARENA_MAX, 1)
