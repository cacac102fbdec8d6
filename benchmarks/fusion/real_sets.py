"""Real sets of a folder: files name_a, name_b, … with the same size."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.common.photos import picture_files
from stylefuse.images.io import decode
from stylefuse.images.picture_sets import NAMING, find_sets


class RealSet(NamedTuple):
    """name: what its files share; files: n of them, in order of their letters."""

    name: str
    files: list[Path]

    def load(self) -> np.ndarray:
        """Return the pictures, n×H×W×3 uint8.

        Raises:
            ValueError: their sizes differ, or a file is no usable picture (an `ImageError`).
        """
        pictures = [np.asarray(decode(file)) for file in self.files]
        for file, picture in zip(self.files, pictures, strict=True):
            if picture.shape != pictures[0].shape:
                raise ValueError(f"{file} is not as large as {self.files[0].name}: bring both to one size")
        return np.stack(pictures)


def read_sets(folder: Path, limit: int | None = None) -> list[RealSet]:
    """Return the sets of a folder by name; only the first `limit`.

    Raises:
        ValueError: the folder is empty or missing, a file belongs to no set, or a set cannot be fused.
    """
    sets, strays = find_sets(picture_files(folder))
    if strays:
        raise ValueError(f"{strays[0]} belongs to no set: {NAMING}")
    for each in sets:
        if fault := each.fault():
            raise ValueError(f"{each.name}: {fault}")
    return [RealSet(each.name.name, each.paths) for each in sets][:limit]
