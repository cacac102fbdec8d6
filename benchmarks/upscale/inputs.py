"""Small pictures made from photos: as in training, and in ways that training never saw."""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
import torch
from PIL import Image

from stylefuse.images.io import to_image, to_tensor
from stylefuse.tasks.upscale.pairs import add_noise, compress


class Input(NamedTuple):
    """A way to make a photo smaller.

    make: photo H×W×3 uint8, scale, index of the photo → small picture, uint8.
    denoise: the knob's value for it.
    """

    name: str
    make: Callable[[np.ndarray, int, int], np.ndarray]
    denoise: float = 0.0


def _pillow(resampling: Image.Resampling) -> Callable[[np.ndarray, int, int], np.ndarray]:
    def make(photo: np.ndarray, scale: int, index: int) -> np.ndarray:
        height, width = photo.shape[0] // scale, photo.shape[1] // scale
        return np.asarray(Image.fromarray(photo).resize((width, height), resampling))

    return make


def _blurred(photo: np.ndarray, scale: int, index: int) -> np.ndarray:
    """Gaussian blur, then every scale-th pixel."""
    soft = cv2.GaussianBlur(photo, (0, 0), 0.4 * scale, borderType=cv2.BORDER_REFLECT_101)
    return soft[scale // 2 :: scale, scale // 2 :: scale]


_bicubic = _pillow(Image.Resampling.BICUBIC)


def _jpeg(quality: int) -> Callable[[np.ndarray, int, int], np.ndarray]:
    def make(photo: np.ndarray, scale: int, index: int) -> np.ndarray:
        return _levels(compress(to_tensor(_bicubic(photo, scale, index)), quality))

    return make


def _noisy(deviation: float) -> Callable[[np.ndarray, int, int], np.ndarray]:
    def make(photo: np.ndarray, scale: int, index: int) -> np.ndarray:
        random = np.random.default_rng([index, scale])
        return _levels(add_noise(to_tensor(_bicubic(photo, scale, index)), deviation, random))

    return make


def _levels(picture: torch.Tensor) -> np.ndarray:
    return np.asarray(to_image(picture))


BICUBIC = Input("bicubic", _bicubic)
INPUTS = (
    BICUBIC,
    Input("area", _pillow(Image.Resampling.BOX)),
    Input("lanczos", _pillow(Image.Resampling.LANCZOS)),
    Input("blur, every nth pixel", _blurred),
    Input("bicubic, JPEG 75", _jpeg(75), 0.15),
    Input("bicubic, JPEG 40", _jpeg(40), 0.25),
    Input("bicubic, noise 15", _noisy(15), 0.5),
)
