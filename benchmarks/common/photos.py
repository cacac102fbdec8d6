"""Photos of a folder: whole, as squares to measure with, as crops to train a rival on."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stylefuse.images.io import decode, to_tensor

# Photos whose shorter side is longer than this are cropped at their own scale, because scaling down would make them
# sharper than any camera's picture. Smaller photos are scaled, so that more than a corner of them is seen.
KEEP_SCALE_ABOVE = 512


class Photo(NamedTuple):
    """name: of the file; pixels: S×S×3 uint8."""

    name: str
    pixels: np.ndarray


def picture_files(folder: Path) -> list[Path]:
    """Return all files of a folder except hidden ones, sorted by name.

    Raises:
        ValueError: there is no such folder, or nothing in it.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: name one with pictures in it")
    files = sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith("."))
    if not files:
        raise ValueError(f"{folder} is empty: name a folder with pictures in it")
    return files


def load_squares(folder: Path, limit: int | None = None, size: int = 256) -> list[Photo]:
    """Return the central square of every photo, `size` pixels wide; only the first `limit` by name.

    Raises:
        ValueError: the folder is empty or missing, or a file is no usable picture (an `ImageError`).
    """
    return [Photo(f.name, np.asarray(_square(decode(f), size))) for f in picture_files(folder)[:limit]]


def training_crops(
    folder: Path, seed: int, batch_size: int = 12, crop: int = 96, size: int = 256
) -> Iterator[Tensor]:
    """Return endless batches of random crops, half of them mirrored: batch_size×3×crop×crop in [-1, 1].

    The side of a crop is between half and all of its photo's side.
    """
    # Photos are loaded here and not on the first `next`: loading must not use up the minutes of a timed training.
    return _crops(load_squares(folder, size=size), np.random.default_rng(seed), batch_size, crop)


def _crops(photos: list[Photo], random: np.random.Generator, batch_size: int, crop: int) -> Iterator[Tensor]:
    size = len(photos[0].pixels)
    while True:
        batch = []
        for i in random.integers(len(photos), size=batch_size):
            side = int(random.integers(size // 2, size + 1))
            x, y = random.integers(size - side + 1, size=2)
            box = (x, y, x + side, y + side)
            picture = Image.fromarray(photos[i].pixels).resize((crop, crop), Image.Resampling.LANCZOS, box)
            tensor = to_tensor(picture)
            batch.append(tensor.flip(2) if random.random() < 0.5 else tensor)
        yield torch.stack(batch)


def _square(photo: Image.Image, size: int) -> Image.Image:
    side = min(photo.size)
    if side > KEEP_SCALE_ABOVE:
        side = size
    left, top = (photo.width - side) // 2, (photo.height - side) // 2
    square = photo.crop((left, top, left + side, top + side))
    return square if side == size else square.resize((size, size), Image.Resampling.LANCZOS)
