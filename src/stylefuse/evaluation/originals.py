"""Read held-out pictures from their files: the image store keeps fewer pixels than a screen shows."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

from stylefuse.images.crops import centre_square
from stylefuse.images.files import Limits
from stylefuse.images.io import decode
from stylefuse.images.manifest import kept, rows_of
from stylefuse.images.store import ImageStore
from stylefuse.images.trim import Margins, cut


class Originals(NamedTuple):
    """Central squares, RGB, each with as many pixels as its source has.

    from_store: how many come from the image store, because their file is gone or was changed.
    """

    pictures: list[Image.Image]
    from_store: int


def originals(
    manifest: pd.DataFrame, store: ImageStore, folder: Path, style: str, most: int, seed: int, largest: int
) -> Originals:
    """Read the files of a style's split "test", without their margins; from the store where there is no such file.

    Args:
        folder: that the manifest's paths of this style begin in.
        most: pictures at most; where there are more, a seeded random choice is taken.
        largest: px; squares with a longer side are reduced to it.
    """
    chosen = np.sort(np.random.default_rng(seed).permutation(rows_of(manifest, style, "test"))[:most])
    by_row = kept(manifest).set_index("row")
    pictures, from_store = [], 0
    for row in chosen:
        known = by_row.loc[row]
        picture = _file(folder / known["path"], known["sha256"], known["trim"])
        if picture is None:
            picture = Image.fromarray(np.asarray(store[row]))
            from_store += 1
        square = Image.fromarray(centre_square(np.asarray(picture)))
        if square.width > largest:
            square = square.resize((largest, largest), Image.Resampling.LANCZOS)
        pictures.append(square)
    return Originals(pictures, from_store)


def _file(path: Path, sha256: str, trim: str) -> Image.Image | None:
    """Decode the file that was ingested; None if it is not there any more."""
    if not path.is_file():
        return None
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        return None
    # Ingest has checked it by its own limits.
    picture = decode(data, Limits(max_bytes=len(data), max_pixels=2**31))
    return cut(picture, Margins(*map(int, trim.split(",")))) if trim else picture
