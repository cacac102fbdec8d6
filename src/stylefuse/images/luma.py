"""Luma, defined once: Rec. 601 for everything.

Rec. 709's weights fit the primaries of sRGB better, but Rec. 601 is the luma of JPEG's YCbCr, of Pillow's mode "L" and
of published tables of fusion metrics, and the one that the networks were trained with.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # so that code without networks need not wait for torch
    from torch import Tensor

# ITU-R BT.601, of gamma-encoded R, G and B.
RED, GREEN, BLUE = WEIGHTS = (0.299, 0.587, 0.114)
_WEIGHTS_32 = np.array(WEIGHTS, np.float32)


def luma(pixels: np.ndarray) -> np.ndarray:
    """Return the luma of pixels …×3 as …, float32 (float64 for float64), in the pixels' own range."""
    return pixels @ _WEIGHTS_32


def batch_luma(x: "Tensor") -> "Tensor":
    """Return the luma of pictures N×3×H×W as N×1×H×W, float32, in the pictures' own range; differentiable."""
    red, green, blue = x.float().split(1, 1)
    return RED * red + GREEN * green + BLUE * blue
