"""Training pairs: windows of photos and what a smaller, perhaps noisy or compressed, file shows of them."""

import io
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stylefuse.images.io import to_image, to_tensor
from stylefuse.tasks.upscale.network import MOST_NOISE
from stylefuse.tasks.upscale.resampling import as_levels, reduce

LEAST_NOISE = 2.0  # deviation in levels
QUALITIES = (20, 95)  # of JPEG


class Pairs(NamedTuple):
    """small: N×3×h×w; truth: N×3×H×W, both in [-1, 1]; level: N, see `Upscaler.forward`."""

    small: Tensor
    truth: Tensor
    level: Tensor


def windows(photos: Tensor, side: int, random: np.random.Generator) -> Tensor:
    """Cut a random window out of each photo, N×3×S×S → N×3×side×side, at its own scale."""
    room = photos.shape[2] - side + 1
    corners = random.integers(room, size=(len(photos), 2))
    cut = [p[:, y : y + side, x : x + side] for p, (y, x) in zip(photos, corners.tolist(), strict=True)]
    return torch.stack(cut)


def make_pairs(truth: Tensor, scale: int, spoilt_share: float, random: np.random.Generator) -> Pairs:
    """Make photos smaller, to levels of 8 bits, and spoil a share of them by noise or by JPEG.

    The level of a spoilt picture is the deviation of what was done to it; that of the others is 0.
    """
    small = as_levels(reduce(truth, scale))
    spoilt = small.clone()
    for i in np.flatnonzero(random.random(len(truth)) < spoilt_share):
        if random.random() < 0.5:
            spoilt[i] = add_noise(small[i], random.uniform(LEAST_NOISE, MOST_NOISE), random)
        else:
            spoilt[i] = compress(small[i], int(random.integers(*QUALITIES, endpoint=True)))
    deviation = (spoilt - small).square().mean((1, 2, 3)).sqrt() * 127.5
    return Pairs(spoilt, truth, (deviation / MOST_NOISE).clamp(max=1))


def add_noise(picture: Tensor, deviation: float, random: np.random.Generator) -> Tensor:
    """Add Gaussian noise to 3×H×W in [-1, 1]; its deviation is in levels of 8 bits."""
    noise = torch.from_numpy(random.standard_normal(tuple(picture.shape), np.float32))
    return as_levels(picture + noise * (deviation / 127.5))


def compress(picture: Tensor, quality: int) -> Tensor:
    """What a JPEG file of that quality shows of 3×H×W in [-1, 1]."""
    file = io.BytesIO()
    to_image(picture).save(file, "JPEG", quality=quality)
    return to_tensor(Image.open(file).convert("RGB"))
