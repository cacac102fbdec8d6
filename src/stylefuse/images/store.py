"""The image store: decoded pictures in one memory-mapped file, so that crops need no decoding."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from stylefuse._atomic import flush, write_whole
from stylefuse.images.manifest import rows_hash

# Names of the store's files; SOURCE holds `rows_hash` of the manifest.
PIXELS, INDEX, SOURCE = "pixels.u8", "index.csv", "manifest.sha256"


class Window(NamedTuple):
    """A square of a picture: its row in the store, place and side in px, and whether it is mirrored left to right."""

    row: int
    top: int
    left: int
    side: int
    flip: bool


def write_store(folder: Path, pictures: Iterable[np.ndarray], manifest: pd.DataFrame | None = None) -> int:
    """Write pictures (H×W×3 uint8, sRGB, any sizes) into `folder`, one row each in the order given.

    Args:
        manifest: its kept rows are these pictures; `open_store` accepts the store with this manifest only.

    Returns:
        The number of pictures written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    offset = count = 0
    with (
        (folder / PIXELS).open("wb") as pixels,
        (folder / INDEX).open("w", newline="", encoding="ascii") as index,
    ):
        table = csv.writer(index)
        table.writerow(("offset", "height", "width"))
        for picture in pictures:
            if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
                raise ValueError(f"picture {count} is {picture.dtype} {picture.shape}, not uint8 H×W×3")
            pixels.write(np.ascontiguousarray(picture).data)
            table.writerow((offset, *picture.shape[:2]))
            offset += picture.size
            count += 1
    if manifest is not None:
        for name in (PIXELS, INDEX):
            flush(folder / name)  # to disk before SOURCE, which declares the store complete
        write_whole(folder / SOURCE, rows_hash(manifest).encode())
    return count


def open_store(folder: Path, manifest: pd.DataFrame) -> "ImageStore":
    """Open the image store of a manifest.

    Raises:
        FileNotFoundError: `folder` holds no store.
        ValueError: the store belongs to another manifest, or is truncated.
    """
    store, source = ImageStore(folder), folder / SOURCE
    if not source.is_file() or source.read_text(encoding="ascii") != rows_hash(manifest):
        raise ValueError(
            f"the image store in {folder} and the manifest are not of the same pictures, so an ingest was "
            "interrupted, or one of them is of an older version: run `kedro run --pipelines ingest` again"
        )
    if not store.is_whole():
        raise ValueError(
            f"the image store in {folder} is cut short: run `kedro run --pipelines ingest` again"
        )
    return store


class ImageStore:
    """Reads a store of `write_store`.

    `store[row]` is an H×W×3 uint8 view of the memory-mapped file.

    Raises:
        FileNotFoundError: `folder` holds no store.
    """

    def __init__(self, folder: Path):
        if not (folder / INDEX).is_file():
            raise FileNotFoundError(f"no image store in {folder}: run `kedro run --pipelines ingest` first")
        self._folder = folder
        if (folder / PIXELS).stat().st_size == 0:  # NumPy cannot map an empty file
            self._index, self._pixels = np.empty((0, 3), np.int64), np.empty(0, np.uint8)
            return
        self._index = np.loadtxt(folder / INDEX, dtype=np.int64, delimiter=",", skiprows=1, ndmin=2)
        self._pixels = np.memmap(folder / PIXELS, np.uint8, mode="r")

    def index(self) -> bytes:
        """Return the index file, with offset and size of each picture: for fingerprints."""
        return (self._folder / INDEX).read_bytes()

    def byte_count(self) -> int:
        """Return how many bytes all pixels take."""
        return len(self._pixels)

    def is_whole(self) -> bool:
        """Whether the file of pixels has the length that follows from the index."""
        return self._index[:, 1:].prod(axis=1).sum() * 3 == len(self._pixels)

    def __len__(self) -> int:
        return len(self._index)

    def size(self, row: int) -> tuple[int, int]:
        """Return height and width of a picture, px."""
        return int(self._index[row, 1]), int(self._index[row, 2])

    def cut(self, window: Window) -> np.ndarray:
        """Return a window, side×side×3 uint8, as a view."""
        row, top, left, side, flip = window
        square = self[row][top : top + side, left : left + side]
        return square[:, ::-1] if flip else square

    def __getitem__(self, row: int) -> np.ndarray:
        offset, height, width = self._index[row]
        return self._pixels[offset : offset + height * width * 3].reshape(height, width, 3)
