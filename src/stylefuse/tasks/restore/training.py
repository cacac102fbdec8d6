"""Training of the restorer on photos that are damaged as they are drawn."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, cast

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor
from torch.nn import functional as F

from stylefuse.images.store import ImageStore
from stylefuse.losses.errors import log_error_loss
from stylefuse.tasks.restore.damage import damage
from stylefuse.tasks.restore.losses import compression_loss, found_loss, noise_loss
from stylefuse.tasks.restore.network import Levels, Restorer
from stylefuse.tasks.restore.options import RestoreOptions
from stylefuse.training.head import HeadTraining

# The U-Net is told levels that are wrong by up to this share, because estimates are.
_WRONG = 0.15
# Share of the batches whose crops keep the grid of JPEG's blocks where a file has it.
_ALIGNED = 0.5
# Share of the batches from photos of another scale, and their scales.
_RESCALED, _SCALES = 0.25, (0.6, 1.4)


class DamagedBatch(NamedTuple):
    """As `damage.Damaged`, pictures in [-1, 1]; truth: N×3×S×S; told_…: N, the levels that the U-Net is told."""

    truth: Tensor
    seen: Tensor
    start: Tensor
    hole: Tensor
    scratched: Tensor
    noise: Tensor
    compression: Tensor
    told_noise: Tensor
    told_compression: Tensor


class Output(NamedTuple):
    """picture: N×3×S×S. logits: N×1×S×S, of scratches. noise, compression: N, estimated."""

    picture: Tensor
    logits: Tensor
    noise: Tensor
    compression: Tensor


class RestoreTraining(HeadTraining):
    """Trains detector, estimator and U-Net side by side.

    The U-Net is not told what the estimator says: early estimates are so wrong that it learns to change nothing.

    Args:
        store: decoded pictures.
        photos: store rows to damage.
        draw_sample: see `HeadTraining`.
    """

    def __init__(
        self,
        store: ImageStore,
        photos: np.ndarray,
        options: RestoreOptions,
        draw_sample: Callable[[Restorer], Image] | None = None,
    ):
        super().__init__(partial(Restorer, options.restorer), store, photos, options, draw_sample)

    def batch_shape(self, options: RestoreOptions) -> tuple[int, int]:
        return options.batch_size, options.whole_size

    def pairs(self, photos: Tensor, options: RestoreOptions) -> DamagedBatch:
        random = self.random
        aligned = bool(random.random() < _ALIGNED)
        if random.random() < _RESCALED:
            least = max(_SCALES[0], options.image_size / options.whole_size)
            side = round(options.whole_size * random.uniform(least, _SCALES[1]))
            photos = F.interpolate(photos, (side, side), mode="bilinear", antialias=True, align_corners=False)
        crops = _crops(photos, options.image_size, 8 if aligned else 1, random)
        truth = crops.add(1).mul(127.5).round().clamp(0, 255)
        made = damage(truth, random, aligned)
        wrong = torch.from_numpy(1 + _WRONG * random.uniform(-1, 1, (2, len(truth)))).float().to(truth.device)
        return DamagedBatch(
            truth / 127.5 - 1,
            made.seen / 127.5 - 1,
            made.start / 127.5 - 1,
            made.hole,
            made.scratched,
            made.noise,
            made.compression,
            made.noise * wrong[0],
            (made.compression * wrong[1]).clamp_max(1),
        )

    def predict(self, batch: DamagedBatch) -> Output:
        return run_with(cast(Restorer, self.network), batch)

    def losses(self, output: Output, batch: DamagedBatch) -> dict[str, Tensor]:
        return {
            "log_error": log_error_loss(output.picture, batch.truth),
            "found": found_loss(output.logits, batch.scratched),
            "noise": noise_loss(output.noise, batch.noise),
            "compression": compression_loss(output.compression, batch.compression),
        }

    def total(self, losses: Mapping[str, Tensor], options: RestoreOptions) -> Tensor:
        return sum(getattr(options.weights, name) * term for name, term in losses.items())  # type: ignore[return-value]


def run_with(network: Restorer, batch: DamagedBatch) -> Output:
    """Run detector, estimator and U-Net on a batch."""
    seen = batch.seen.contiguous(memory_format=torch.channels_last)
    noise, compression = network.estimator(seen)
    levels = Levels(batch.told_noise, batch.told_compression)
    return Output(network(batch.start, batch.hole, levels), network.detector(seen), noise, compression)


def _crops(photos: Tensor, side: int, step: int, random: np.random.Generator) -> Tensor:
    """A random crop of each of N×3×H×H, N×3×side×side; its corner is a multiple of `step`."""
    places = random.integers((photos.shape[2] - side) // step + 1, size=(len(photos), 2)) * step
    return torch.stack(
        [p[:, y : y + side, x : x + side] for p, (y, x) in zip(photos, places.tolist(), strict=True)]
    )
