"""Find pictures that are the same to the eye, by perceptual hash."""

from collections.abc import Sequence

import imagehash
import numpy as np
from PIL import Image

HASH_BITS = 256


def perceptual_hash(picture: Image.Image) -> int:
    """Return a hash of `HASH_BITS` bits of how a picture looks: near-equal pictures differ in few of them.

    The signs of the 16×16 lowest DCT frequencies about their median (pHash, Zauner 2010). The usual 8×8 tells
    pictures of one composition, say a sun over a lake, apart no better than reproductions of one painting.
    """
    return int(str(imagehash.phash(picture, hash_size=16)), 16)


def first_alike(hashes: Sequence[int], distance: int) -> np.ndarray:
    """For each picture, find the earlier kept picture that it looks like.

    Pictures are taken in the order given. One is kept unless a kept one before it lies within `distance`
    bits, so no two kept pictures look alike.

    Returns:
        int64 of the length of `hashes`: -1 for a kept picture, else the index of the kept one it repeats
        (the nearest; of equally near ones the first).
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
