"""An image store whose pictures also lie on a GPU, where crops are cut and resized."""

import logging
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from stylefuse.images.store import ImageStore, Window

logger = logging.getLogger(__name__)

# Bytes of pixels above which pictures stay on the CPU: 5000 pictures of 512×512 px, a small part of a GPU's memory.
MOST_BYTES = 4_000_000_000
# Crops that are cut at once: 32 of 512 px take 0.4 GB for a moment.
CHUNK = 32


class DeviceStore(ImageStore):
    """An `ImageStore` that also holds all pixels on `device` as one uint8 tensor.

    `store[row]` still reads the memory-mapped file.
    """

    def __init__(self, store: ImageStore, device: torch.device):
        self._folder, self._index, self._pixels = store._folder, store._index, store._pixels
        self._on_device = torch.from_numpy(np.array(store._pixels)).to(device).view(-1, 3)

    def crops(self, windows: Sequence[Window], side: int) -> Tensor:
        """Cut windows out and resize them: N×3×side×side float32 in [-1, 1], channels last, on the device.

        The filter is that of `images.crops.as_batch`, computed in float32 and rounded once to 256 levels, where the CPU
        rounds twice: values differ by one level at most.
        """
        chunks = [windows[i : i + CHUNK] for i in range(0, len(windows), CHUNK)]
        return torch.cat([self._crops(chunk, side) for chunk in chunks]).permute(0, 3, 1, 2)

    def _crops(self, windows: Sequence[Window], size: int) -> Tensor:
        """Return N×size×size×3."""
        largest = max(window.side for window in windows)
        table = []
        for row, top, left, side_of_one, flipped in windows:
            offset, _, row_length = self._index[row]
            table.append((offset // 3 + top * row_length + left, row_length, side_of_one, flipped))
        numbers = torch.from_numpy(np.array(table, np.int64)).to(self._on_device.device, non_blocking=True)
        first, width, side, flip = numbers.T[:, :, None]
        # Windows smaller than the largest one repeat their last pixel, which has no weight.
        steps = torch.arange(largest, device=numbers.device).minimum(side - 1)
        places = (first + steps * width)[:, :, None] + steps[:, None, :]
        squares = self._on_device[places].float()
        weights = _weights(side, size, largest)
        mirrored = torch.where(flip[:, :, None] > 0, weights.flip(1), weights)
        rows = weights @ squares.flatten(2)
        columns = torch.einsum("nyxc,nsx->nysc", rows.unflatten(2, (largest, 3)), mirrored)
        return columns.round().clamp(0, 255) / 127.5 - 1


def _weights(side: Tensor, size: int, largest: int) -> Tensor:
    """Return the antialiased bilinear filter as a matrix for each window, N×size×largest; rows add up to one.

    A triangle as wide as two pixels of the result, or of the window where it is enlarged.

    Args:
        side: of each window, N×1.
    """
    scale = side[:, :, None] / size
    pixels = torch.arange(largest, device=side.device)
    centres = (torch.arange(size, device=side.device)[:, None] + 0.5) * scale
    weights = (1 - (pixels + 0.5 - centres).abs() / scale.clamp_min(1)).clamp_min(0)
    weights = weights * (pixels < side[:, :, None])
    return weights / weights.sum(dim=2, keepdim=True)


def placed(store: ImageStore, device: torch.device) -> ImageStore:
    """Return the store to train from on `device`: on a GPU a `DeviceStore`, if the pixels take up to `MOST_BYTES`."""
    if device.type == "cpu":
        return store
    size = store.byte_count()
    if size > MOST_BYTES:
        logger.warning(
            "crops are made on the CPU: the pictures take %.1f GB, and up to %.1f GB are put on the GPU; lower "
            "ingest.short_side for faster steps",
            size / 1e9,
            MOST_BYTES / 1e9,
        )
        return store
    logger.info("crops are made on the GPU: the pictures, %.2f GB, lie in its memory", size / 1e9)
    return DeviceStore(store, device)
