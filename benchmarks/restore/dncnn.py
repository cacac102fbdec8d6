"""DnCNN (Zhang et al. 2017) with its authors' weights: a trained rival for noise and JPEG.

Like ours it knows neither the deviation of the noise nor the quality; unlike ours it is given which of the two damages
a picture has. One network of 0.67 million weights takes colour pictures with noise, another one the luma of JPEG
files; the chroma of JPEG files stays. Weights: the files GD_Color_Blind.mat and DnCNN3.mat in the folder `model` of
https://github.com/cszn/DnCNN, which names no licence: they serve to measure, and are no part of this project.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stylefuse.images.luma import luma
from stylefuse.tasks.restore.cases import Case

Layers = list[tuple[Tensor, Tensor]]  # weight: outputs×inputs×3×3; bias: outputs
Rival = Callable[[Case], np.ndarray | None]


def dncnn(folder: Path) -> Rival:
    """Return a function that restores a case; it returns None where a hole is to be filled or scratches are sought.

    Raises:
        ValueError: h5py is not installed, or a file of weights is missing or no such file.
    """
    for_noise, for_jpeg = (read_layers(folder / name) for name in ("GD_Color_Blind.mat", "DnCNN3.mat"))

    def restore(case: Case) -> np.ndarray | None:
        if case.hole is not None or case.scratched is not None:
            return None
        picture = case.picture.astype(np.float32) / np.float32(255)
        saved = case.quality < 100
        damage = damage_in(luma(picture)[:, :, None], for_jpeg) if saved else damage_in(picture, for_noise)
        clean = (picture - damage).clip(0, 1)  # the damage of the luma is that of every channel
        return np.rint(clean * 255).astype(np.uint8)

    return restore


@torch.inference_mode()
def damage_in(picture: np.ndarray, layers: Layers) -> np.ndarray:
    """Return the damage that a network sees in a picture H×W×C from 0 to 1, of the same shape."""
    x = torch.from_numpy(picture).permute(2, 0, 1)[None]
    *inner, last = layers
    for weight, bias in inner:
        x = functional.conv2d(x, weight, bias, padding=1).relu_()
    return functional.conv2d(x, *last, padding=1)[0].permute(1, 2, 0).numpy()


def read_layers(file: Path) -> Layers:
    """Read the convolutions of a network that MatConvNet saved.

    Raises:
        ValueError: h5py is not installed, or the file is missing or holds no such network.
    """
    try:
        import h5py
    except ImportError:
        raise ValueError("DnCNN needs the package h5py: pip install h5py, or leave --dncnn out") from None
    try:
        with h5py.File(file) as content:
            found = [content[reference] for reference in content["net"]["layers"][:].ravel()]
            pairs = [layer["weights"][:].ravel() for layer in found if "weights" in layer]
            return [_layer(*(content[each][:] for each in pair)) for pair in pairs]
    except (OSError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is no network of DnCNN: name the folder `model` of cszn/DnCNN") from error


def _layer(weight: np.ndarray, bias: np.ndarray) -> tuple[Tensor, Tensor]:
    """MATLAB saves columns first, so that h5py gives outputs×inputs×width×height, without outputs where it is one."""
    weight = weight.reshape(bias.size, -1, *weight.shape[-2:]).swapaxes(2, 3)
    return torch.from_numpy(np.ascontiguousarray(weight)), torch.from_numpy(bias.ravel())
