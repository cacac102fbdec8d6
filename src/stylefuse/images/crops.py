"""Random crops from a store, as training batches."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.images.store import ImageStore


class CropSampler:
    """Square crops of random place, scale and side from given rows of a store.

    Args:
        store: decoded pictures.
        rows: the rows to draw from, equally often (without replacement until all were drawn).
        size: side of the crops that come out, px.
        least: smallest crop taken, as a share of a picture's short side; the largest is the whole of it.
        generator: source of every decision; two samplers with equal state draw equal crops.

    Raises:
        ValueError: there are no rows to draw from.
    """

    def __init__(
        self, store: ImageStore, rows: np.ndarray, size: int, least: float, generator: np.random.Generator
    ):
        if len(rows) == 0:
            raise ValueError("no pictures to draw crops from: look at the splits in the data report")
        self._store, self._rows, self._size, self._least = store, np.asarray(rows), size, least
        self._generator, self._queue = generator, np.empty(0, np.int64)

    def draw(self, count: int, size: int | None = None) -> Tensor:
        """The next `count` crops: count×3×size×size float32 in [-1, 1], channels last.

        Args:
            size: side of these crops, px; by default the sampler's.
        """
        size = size or self._size
        return torch.stack([self._crop(self._store[row], size) for row in self._next_rows(count)]).to(
            memory_format=torch.channels_last
        )

    def state(self) -> list[int]:
        """Rows not yet drawn in this round; with the generator's state, all that a resume needs."""
        return self._queue.tolist()

    def restore(self, state: list[int]) -> None:
        self._queue = np.asarray(state, np.int64)

    def _next_rows(self, count: int) -> np.ndarray:
        while len(self._queue) < count:
            self._queue = np.concatenate([self._queue, self._generator.permutation(self._rows)])
        drawn, self._queue = self._queue[:count], self._queue[count:]
        return drawn

    def _crop(self, picture: np.ndarray, size: int) -> Tensor:
        height, width = picture.shape[:2]
        short = min(height, width)
        side = max(1, round(short * self._generator.uniform(self._least, 1.0)))
        top = self._generator.integers(height - side + 1)
        left = self._generator.integers(width - side + 1)
        crop = picture[top : top + side, left : left + side]
        if self._generator.random() < 0.5:
            crop = crop[:, ::-1]
        return resized(crop, size)


def resized(picture: np.ndarray, side: int) -> Tensor:
    """A square H×W×3 uint8 picture as 3×side×side float32 in [-1, 1], antialiased."""
    x = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]
    if x.shape[2:] != (side, side):
        x = F.interpolate(x, (side, side), mode="bilinear", antialias=True, align_corners=False)
    return x[0].float() / 127.5 - 1


def centre_crops(store: ImageStore, rows: np.ndarray, side: int) -> Tensor:
    """The central square of each row, resized: N×3×side×side float32 in [-1, 1], channels last."""
    crops = []
    for row in rows:
        picture = store[row]
        short = min(picture.shape[:2])
        top, left = ((n - short) // 2 for n in picture.shape[:2])
        crops.append(resized(picture[top : top + short, left : left + short], side))
    return torch.stack(crops).to(memory_format=torch.channels_last)
