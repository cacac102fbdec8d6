"""Let the C library keep freed memory, so that new tensors cause no page faults.

glibc returns each freed block of more than 32 MB to the kernel, and the kernel clears every page of it when the same
size is allocated again. Networks allocate the same sizes again and again: fusing two pictures of one megapixel
spent half of its processor time there.
"""

import ctypes
import sys

# malloc.h
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGEST = 1 << 30  # bytes; larger blocks still come from the kernel and return to it


def reuse_freed_memory() -> None:
    """Set glibc to keep freed blocks of up to 1 GB. With another C library, do nothing.

    Call it early, in processes that run networks: memory that threads have allocated before is not affected.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(_MMAP_THRESHOLD, _LARGEST)
    mallopt(_TRIM_THRESHOLD, _LARGEST)
    # Arenas of other threads hold at most 64 MB, and larger blocks would come from the kernel again.
    mallopt(_ARENA_MAX, 1)
