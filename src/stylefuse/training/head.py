"""Supervised training of a small network, a head, on the generator's frozen encoder."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor, nn

from stylefuse.images.crops import CropSampler
from stylefuse.images.store import ImageStore
from stylefuse.training.collapse import CollapseWatch
from stylefuse.training.device import autocast, pick_device
from stylefuse.training.distributed import all_reduce_gradients, local_slice
from stylefuse.training.options import HeadOptions
from stylefuse.training.schedule import lr_factor
from stylefuse.training.state import Losses, TrainState

MAX_GRADIENT = 5.0  # Euclidean norm above which gradients are scaled down


class HeadTraining(ABC):
    """Trains a head with Adam and an EMA; crops of photos are the clock. See `training.trainer.Training`.

    A subclass makes training pairs from photos (`pairs`), computes the head's output (`predict`) and losses (`losses`).

    Args:
        build: makes the network with random weights. It must hold the encoder from outside, so that the encoder is
            neither trained nor saved.
        store: decoded pictures.
        photos: store rows to learn from.
        options: of the training.
        draw_sample: draws the sample grid of a network; None where no samples are wanted.

    network, ema: the head, and the moving average of its weights.
    random: the source of every random decision.
    """

    remedy = "lower rate"
    watch: CollapseWatch | None = None
    warm_up = 0  # images over which the learning rate rises at the start

    def __init__(
        self,
        build: Callable[[], nn.Module],
        store: ImageStore,
        photos: np.ndarray,
        options: HeadOptions,
        draw_sample: Callable[[Any], Image] | None = None,
    ):
        torch.manual_seed(options.seed)  # initial weights
        place: Any = {"device": pick_device(options.device), "memory_format": torch.channels_last}
        self.network, self.ema = (build().to(**place) for _ in range(2))
        self.ema.load_state_dict(self.network.state_dict())
        self.ema.eval().requires_grad_(False)
        self.random = np.random.default_rng(options.seed)
        self._sampler = CropSampler(store, photos, options.image_size, options.least_crop, self.random)
        self._draw_sample = draw_sample
        groups = [{"params": list(self.network.parameters()), "base": options.rate}]
        self.state = TrainState(
            kind="head_training",
            modules={"network": self.network, "ema": self.ema},
            ema_of={"ema": "network"},
            optimisers={"optimiser": torch.optim.Adam(groups, lr=options.rate, betas=(0.9, 0.99))},
            samplers=[self._sampler],
            generators={"random": self.random},
            options=options.fingerprinted(),
        )

    @abstractmethod
    def pairs(self, photos: Tensor, options: Any) -> tuple[Tensor, ...]:
        """Make what the head is trained on from photos, N×3×S×S in [-1, 1]; a tuple of tensors N×…, on the CPU."""

    @abstractmethod
    def predict(self, batch: Any) -> Any:
        """Return the network's output for a batch, a part of what `pairs` made; runs under autocast."""

    @abstractmethod
    def losses(self, output: Any, batch: Any) -> dict[str, Tensor]:
        """Return the unweighted losses by name, each a mean over the batch."""

    def batch_shape(self, options: Any) -> tuple[int, int]:
        """Return number and side (px) of the photos of the next batch."""
        return options.batch_size, options.image_size

    def total(self, losses: Mapping[str, Tensor], options: Any) -> Tensor:
        """Return what is minimised: the sum of the losses."""
        return cast(Tensor, sum(losses.values()))

    def draw(self) -> Image:
        """Draw the sample grid of the averaged network."""
        assert self._draw_sample is not None, "no samples were wanted"
        return self._draw_sample(self.ema)

    def next_batch(self, options: Any) -> tuple[tuple[Tensor, ...], int]:
        """Return this process's slice of the next batch, and the size of the whole batch.

        Every process makes the whole batch, so that their states stay equal.
        """
        count, side = self.batch_shape(options)
        whole = self.pairs(self._sampler.draw(count, side), options)
        own, device = local_slice(count), next(self.network.parameters()).device
        parts = [tensor[own].to(device, non_blocking=True) for tensor in whole]
        return type(whole)(*parts) if hasattr(whole, "_fields") else tuple(parts), count

    def step(self, options: Any) -> Losses:
        """Train on one batch. Returns the losses, and the gradient's norm as "gradient"."""
        state = self.state
        factor = lr_factor(state.images_seen, options.images, options.constant_share, self.warm_up)
        state.set_lr(factor)
        batch, count = self.next_batch(options)
        with autocast(options):
            output = self.predict(batch)
        terms = self.losses(output, batch)
        optimiser = state.optimisers["optimiser"]
        optimiser.zero_grad(set_to_none=True)
        self.total(terms, options).backward()
        all_reduce_gradients([optimiser])
        terms["gradient"] = torch.nn.utils.clip_grad_norm_(self.network.parameters(), MAX_GRADIENT)
        return state.update(terms, count, options.average_half_life)
