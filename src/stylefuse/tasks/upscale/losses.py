"""Losses of enlarging that no other task has."""

import torch
from torch import Tensor


def spectrum_loss(made: Tensor, truth: Tensor) -> Tensor:
    """Mean distance between the Fourier coefficients of pictures N×3×H×W, real and imaginary parts (Sun et al. 2023).

    As in SAFMN, the transform is not normalised, so the loss grows with the picture's side.
    """
    difference = torch.fft.rfft2(made.float() - truth.float())
    return torch.view_as_real(difference).abs().mean()
