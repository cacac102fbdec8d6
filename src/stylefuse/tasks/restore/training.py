"""Train the restorer on photos that are damaged at random."""

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
from stylefuse.tasks.restore.damage import damage, random_grid
from stylefuse.tasks.restore.jpeg import compress
from stylefuse.tasks.restore.losses import compression_loss, found_loss, noise_loss
from stylefuse.tasks.restore.network import Levels, Restorer
from stylefuse.tasks.restore.options import RestoreOptions
from stylefuse.training.head import HeadTraining

# The U-Net gets levels that are wrong by up to this share, because estimates are.
_WRONG = 0.1
# Sides to which photos are scaled before they are cut, as shares of `whole_size`.
_SCALES = (0.5, 1.0)
# Photos are sharpened by up to this much: those that people have are sharper than crops of enlarged or blurred ones,
# and a restorer that never saw fine texture takes it for noise.
_SHARPEST = 1.5
# Share of the photos that are JPEG files before they are damaged, as most photos are, and their qualities.
_FILES, _FILE_QUALITIES = 0.5, (70.0, 95.0)


class DamagedBatch(NamedTuple):
    """As `damage.Damaged`, pictures in [-1, 1].

    truth: N×3×S×S. file_compression: N, of the truth. given_…: N, the levels that the U-Net gets.
    """

    truth: Tensor
    seen: Tensor
    filled: Tensor
    hole: Tensor
    scratched: Tensor
    noise: Tensor
    compression: Tensor
    file_compression: Tensor
    given_noise: Tensor
    given_compression: Tensor
    grid: Tensor


class Output(NamedTuple):
    """picture: N×3×S×S. logits: of scratches in the first half of the batch, N/2×1×S×S.

    log_noise, compression: estimated, 2N, of the photos before and after they were damaged; see `levels.Estimator`.
    """

    picture: Tensor
    logits: Tensor
    log_noise: Tensor
    compression: Tensor


class RestoreTraining(HeadTraining):
    """Trains detector, estimator and U-Net side by side.

    The U-Net does not get the estimator's output: early estimates are so wrong that it learns to change nothing.

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

    # The last layer starts at zero, and its first full steps would overshoot.
    warm_up = 1000

    def batch_shape(self, options: RestoreOptions) -> tuple[int, int]:
        side = round(options.whole_size * self.random.uniform(*_SCALES))
        return options.batch_size, max(side, options.image_size)

    def pairs(self, photos: Tensor, options: RestoreOptions) -> DamagedBatch:
        random, grid = self.random, random_grid(self.random)
        truth = _sharpened(_crops(photos, options.image_size, random), random)
        truth, file_compression = _as_files(truth, random, grid)
        made = damage(truth, random, grid)
        wrong = torch.from_numpy(1 + _WRONG * random.uniform(-1, 1, (2, len(truth)))).float().to(truth.device)
        return DamagedBatch(
            truth / 127.5 - 1,
            made.seen / 127.5 - 1,
            made.filled / 127.5 - 1,
            made.hole,
            made.scratched,
            made.noise,
            made.compression,
            file_compression,
            made.noise * wrong[0],
            (made.compression * wrong[1]).clamp_max(1),
            made.grid,
        )

    def predict(self, batch: DamagedBatch) -> Output:
        return run_with(cast(Restorer, self.network), batch)

    def losses(self, output: Output, batch: DamagedBatch) -> dict[str, Tensor]:
        # Noise hides the traces of the file that was there before.
        left = batch.file_compression * (batch.noise == 0)
        compression = torch.cat([batch.file_compression, batch.compression.maximum(left)])
        noise = torch.cat([torch.zeros_like(batch.noise), batch.noise])
        return {
            "log_error": log_error_loss(output.picture, batch.truth),
            "found": found_loss(output.logits, batch.scratched[: len(output.logits)]),
            "noise": noise_loss(output.log_noise, noise),
            "compression": compression_loss(output.compression, compression),
        }

    def total(self, losses: Mapping[str, Tensor], options: RestoreOptions) -> Tensor:
        return sum(getattr(options.weights, name) * term for name, term in losses.items())  # type: ignore[return-value]


def run_with(network: Restorer, batch: DamagedBatch) -> Output:
    """Run detector, estimator and U-Net on a batch.

    The detector, a third of the time, sees half of the batch. The estimator sees the photos before they were damaged as
    well: most of what it must learn is that their texture is no noise.
    """
    seen = batch.seen.contiguous(memory_format=torch.channels_last)
    log_noise, compression = network.estimator(torch.cat([batch.truth, batch.seen]))
    levels = Levels(batch.given_noise, batch.given_compression, batch.grid)
    logits = network.detector(seen[: (len(seen) + 1) // 2])
    return Output(network(batch.filled, batch.hole, levels), logits, log_noise, compression)


def _crops(photos: Tensor, side: int, random: np.random.Generator) -> Tensor:
    """A random crop of each of N×3×H×H in [-1, 1], N×3×side×side in levels from 0 to 255."""
    places = random.integers(photos.shape[2] - side + 1, size=(len(photos), 2)).tolist()
    crops = [p[:, y : y + side, x : x + side] for p, (y, x) in zip(photos, places, strict=True)]
    return torch.stack(crops).add(1).mul(127.5)


def _sharpened(x: Tensor, random: np.random.Generator) -> Tensor:
    """Unsharp masks of random strength on N×3×S×S; whole levels from 0 to 255."""
    weights = x.new_tensor([1.0, 2.0, 1.0]) / 4
    kernel = torch.outer(weights, weights).expand(3, 1, 3, 3)
    blurred = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), kernel, groups=3)
    amount = torch.from_numpy(random.uniform(0, _SHARPEST, len(x))).to(x)
    return (x + amount[:, None, None, None] * (x - blurred)).round().clamp(0, 255)


def _as_files(x: Tensor, random: np.random.Generator, grid: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Save some of N×3×S×S as JPEG; the pictures, and how strongly each was compressed, N."""
    quality = torch.from_numpy(random.uniform(*_FILE_QUALITIES, len(x))).to(x)
    chosen = torch.from_numpy(random.random(len(x)) < _FILES).to(x.device)
    files = torch.where(chosen[:, None, None, None], compress(x, quality, grid), x)
    return files, chosen * (1 - quality / 100)
