"""Sheets to look at: the results of all methods on the same sets, side by side."""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image
from torch import Tensor

from benchmarks.common.photos import Photo
from benchmarks.common.sheets import evenly_spaced
from benchmarks.common.tables import readable
from benchmarks.fusion.cells import Cell, make_set
from benchmarks.fusion.methods import Method
from benchmarks.fusion.real_sets import RealSet
from benchmarks.fusion.scores import to_levels
from stylefuse.images.grid import grid
from stylefuse.images.io import to_tensor

ERROR_GAIN = 4
WINDOW, WINDOW_SIDE = 96, 384  # the part of a real picture that is shown enlarged, and how large
# These differ from the others nearly everywhere, which would hide where the others differ among themselves.
BLUNT = ("average", "maximum")


def truth_sheet(
    cell: Cell, photos: Sequence[Photo], methods: Sequence[Method], seed: int, count: int = 4
) -> Image.Image:
    """Return two rows a photo: truth, inputs, results; below them four times the absolute error of each."""
    rows, labels = [], []
    for index in evenly_spaced(len(photos), count):
        photo = photos[index]
        stack = make_set(photo, index, cell, seed)
        pictures = [photo.pixels, *(to_levels(picture) for picture in stack)]
        pictures += [to_levels(method.fuse(stack)) for method in methods]
        errors = [ERROR_GAIN * np.abs(picture.astype(int) - photo.pixels) for picture in pictures]
        rows.append([to_tensor(picture) for picture in pictures])
        rows.append([to_tensor(error.clip(0, 255).astype(np.uint8)) for error in errors])
        labels += [photo.name, f"error x {ERROR_GAIN}"]
    return grid(rows, row_labels=labels, column_labels=["truth", *_inputs(cell.n), *_names(methods)])


def real_sheet(sets: Sequence[RealSet], methods: Sequence[Method], count: int = 6) -> Image.Image:
    """Return two rows a set: inputs and results; below them, enlarged, the place where the methods differ most.

    Halos and ghosts are a few pixels wide and lie where methods disagree.
    """
    rows, labels, most = [], [], 0
    for i in evenly_spaced(len(sets), count):
        pictures = sets[i].load()
        fused = [to_levels(method.fuse(to_stack(pictures))) for method in methods]
        # Sets of one folder may differ in n. Results stay in their columns: smaller sets begin with blanks.
        rows.append([*pictures, *fused])
        sharp = [picture for method, picture in zip(methods, fused, strict=True) if method.name not in BLUNT]
        top, left = _where_most_different(np.stack(sharp or fused))
        rows.append([_enlarged(picture, top, left) for picture in rows[-1]])
        labels += [sets[i].name, "enlarged"]
        most = max(most, len(pictures))
    columns = most + len(methods)
    tensors = [_pad_left([to_tensor(picture) for picture in row], columns) for row in rows]
    return grid(tensors, gap=4, row_labels=labels, column_labels=[*_inputs(most), *_names(methods)])


def to_stack(pictures: np.ndarray) -> np.ndarray:
    """Return uint8 levels as float32 in [0, 1]."""
    return pictures.astype(np.float32) / 255


def _where_most_different(fused: np.ndarray) -> tuple[int, int]:
    """Return the top left corner of the window where the results, m×H×W×3, differ most from each other."""
    spread = fused.astype(np.float32).std(axis=0).mean(axis=2)
    side = min(WINDOW, *spread.shape)
    sums = cv2.boxFilter(spread, -1, (side, side), anchor=(0, 0))
    sums = sums[: spread.shape[0] - side + 1, : spread.shape[1] - side + 1]
    top, left = np.unravel_index(np.argmax(sums), sums.shape)
    return int(top), int(left)


def _enlarged(picture: np.ndarray, top: int, left: int) -> np.ndarray:
    window = np.ascontiguousarray(picture[top : top + WINDOW, left : left + WINDOW])
    scale = WINDOW_SIDE / max(window.shape)
    return cv2.resize(window, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)


def _pad_left(row: list[Tensor], columns: int) -> list[Tensor]:
    blank = row[0].new_zeros(3, 1, 1)
    return [blank] * (columns - len(row)) + row


def _inputs(n: int) -> list[str]:
    return [f"input {i + 1}" for i in range(n)]


def _names(methods: Sequence[Method]) -> list[str]:
    return [readable(method.name) for method in methods]
