"""Crops of stored pictures as batches: random ones for training, central ones for evaluation."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.images.store import ImageStore


class CropSampler:
    """Draws square crops of random place, scale and mirroring from given rows of a store.

    Args:
        store: decoded pictures.
        rows: the rows to draw from, each equally often (without replacement until all were drawn).
        size: side of the resulting crops, px.
        min_crop_scale: smallest crop as a share of a picture's short side.
        generator: source of all randomness; samplers with equal state draw equal crops.
        max_crop_scale: largest crop; by default the whole short side.
        margin: share of each side that crops leave out at both ends.

    Raises:
        ValueError: there are no rows to draw from.
    """

    def __init__(
        self,
        store: ImageStore,
        rows: np.ndarray,
        size: int,
        min_crop_scale: float,
        generator: np.random.Generator,
        max_crop_scale: float = 1.0,
        margin: float = 0.0,
    ):
        if len(rows) == 0:
            raise ValueError("no pictures to draw crops from: look at the splits in the data report")
        self._store, self._rows, self.size = store, np.asarray(rows), size
        self._scales, self._margin = (min_crop_scale, max_crop_scale), margin
        self._generator, self._queue = generator, np.empty(0, np.int64)

    def draw(self, count: int, size: int | None = None) -> Tensor:
        """Draw the next `count` crops: count×3×size×size float32 in [-1, 1], channels last.

        Args:
            size: side of these crops, px; None: the sampler's.
        """
        return as_batch(self.windows(count), size or self.size)

    def windows(self, count: int) -> list[np.ndarray]:
        """Draw the next `count` crops without resizing: squares H×H×3 uint8 of different sides; see `as_batch`."""
        return [self._window(self._store[row]) for row in self._next_rows(count)]

    def state(self) -> list[int]:
        """Return the rows that were not drawn yet in this round; a resume needs them and the generator's state."""
        return self._queue.tolist()

    def restore(self, state: list[int]) -> None:
        self._queue = np.asarray(state, np.int64)

    def _next_rows(self, count: int) -> np.ndarray:
        while len(self._queue) < count:
            self._queue = np.concatenate([self._queue, self._generator.permutation(self._rows)])
        drawn, self._queue = self._queue[:count], self._queue[count:]
        return drawn

    def _window(self, picture: np.ndarray) -> np.ndarray:
        top, left = (round(self._margin * n) for n in picture.shape[:2])
        picture = picture[top : picture.shape[0] - top, left : picture.shape[1] - left]
        height, width = picture.shape[:2]
        short = min(height, width)
        side = max(1, round(short * self._generator.uniform(*self._scales)))
        top = self._generator.integers(height - side + 1)
        left = self._generator.integers(width - side + 1)
        crop = picture[top : top + side, left : left + side]
        return crop[:, ::-1] if self._generator.random() < 0.5 else crop


def draw_each(samplers: Sequence[CropSampler]) -> Tensor:
    """Draw the next crop of each sampler: N×3×size×size float32 in [-1, 1], channels last.

    Raises:
        ValueError: the samplers' sizes differ.
    """
    sizes = {sampler.size for sampler in samplers}
    if len(sizes) != 1:
        raise ValueError(f"samplers of crops of {sorted(sizes)} px make no batch")
    return as_batch([sampler.windows(1)[0] for sampler in samplers], *sizes)


def as_batch(windows: Sequence[np.ndarray], side: int) -> Tensor:
    """Resize squares H×H×3 uint8 to N×3×side×side float32 in [-1, 1], antialiased, channels last.

    Uses as many threads as torch: with a GPU, a single thread took a third of a training step.
    """
    workers = min(len(windows), torch.get_num_threads())
    with ThreadPoolExecutor(workers) as pool:
        crops = torch.cat(list(pool.map(partial(_resized, side=side), windows)))
    return (crops.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def resized(picture: np.ndarray, side: int) -> Tensor:
    """Resize a square H×H×3 uint8 picture to 3×side×side float32 in [-1, 1], antialiased."""
    return _resized(picture, side)[0].float() / 127.5 - 1


def _resized(picture: np.ndarray, side: int) -> Tensor:
    x = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]
    if x.shape[2:] == (side, side):
        return x
    return F.interpolate(x, (side, side), mode="bilinear", antialias=True, align_corners=False)


def centre_crops(store: ImageStore, rows: np.ndarray, side: int) -> Tensor:
    """Return the central square of each row, resized: N×3×side×side float32 in [-1, 1], channels last."""
    return as_batch([centre_square(store[row]) for row in rows], side)


def centre_square(picture: np.ndarray) -> np.ndarray:
    """Return the largest central square of a picture, H×W×3, as a view."""
    short = min(picture.shape[:2])
    top, left = ((n - short) // 2 for n in picture.shape[:2])
    return picture[top : top + short, left : left + short]
