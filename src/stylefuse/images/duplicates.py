"""Find pictures that look the same, by perceptual hash."""

from collections.abc import Sequence

import imagehash
import numpy as np
from PIL import Image

HASH_BITS = 256


def perceptual_hash(picture: Image.Image) -> int:
    """Return a perceptual hash of `HASH_BITS` bits: similar pictures differ in few of them.

    It compares the 16×16 lowest DCT frequencies with their median (pHash, Zauner 2010). With the usual 8×8, pictures of
    one composition, such as a sun over a lake, differ no more than reproductions of one painting.
    """
    return int(str(imagehash.phash(picture, hash_size=16)), 16)


def first_alike(hashes: Sequence[int], distance: int) -> np.ndarray:
    """For each picture, find an earlier kept picture that it repeats.

    In the given order, a picture is kept unless it is within `distance` bits of a picture that was kept before.

    Returns:
        int64 of the length of `hashes`: -1 for a kept picture, else the index of the nearest kept one (of equally near
        ones the first).
    """
    raw = b"".join(value.to_bytes(HASH_BITS // 8, "big") for value in hashes)
    values = np.frombuffer(raw, np.uint64).reshape(len(hashes), HASH_BITS // 64)
    repeats = np.full(len(values), -1, dtype=np.int64)
    seen = np.empty(len(values), dtype=np.int64)
    count = 0
    for i, value in enumerate(values):
        if count:
            bits = np.bitwise_count(values[seen[:count]] ^ value).sum(axis=1)
            nearest = int(bits.argmin())
            if bits[nearest] <= distance:
                repeats[i] = seen[nearest]
                continue
        seen[count] = i
        count += 1
    return repeats
