"""Plain colour transfer (Reinhard et al. 2001): no training, no strokes. A style is more than this.

The paper works in lαβ, logarithms of cone responses, which are infinite for black; if they are clamped, dark pixels
dominate the deviation. Here the colour space is CIELAB, as in most later uses of the method: its cube roots have a
finite slope at black. Both separate lightness from two opponent colours, which is all that the method needs.
"""

import warnings

import numpy as np
import torch
from skimage.color import lab2rgb, rgb2lab
from torch import Tensor


def recolour(photos: Tensor, references: Tensor) -> Tensor:
    """Give each photo its reference's mean and deviation in each channel of Lab (eqs. 10 and 11).

    Args:
        photos: N×3×H×W in [-1, 1], sRGB.
        references: N×3×h×w, or 1×3×h×w for all photos.

    Returns:
        N×3×H×W in [-1, 1]; colours outside of sRGB are clipped.
    """
    pairs = zip(photos, references.expand(len(photos), -1, -1, -1), strict=True)
    return torch.stack([_recolour(photo, reference) for photo, reference in pairs])


def _recolour(photo: Tensor, reference: Tensor) -> Tensor:
    lab, target = _lab(photo), _lab(reference)
    # A photo of one colour has no deviation: it takes the reference's mean.
    gain = target.std((0, 1)) / np.maximum(lab.std((0, 1)), 1e-6)
    moved = (lab - lab.mean((0, 1))) * gain + target.mean((0, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of each colour outside of XYZ, which it clips
        rgb = lab2rgb(moved).clip(0, 1) * 2 - 1
    return torch.from_numpy(rgb).permute(2, 0, 1).to(photo)


def _lab(picture: Tensor) -> np.ndarray:
    """3×H×W in [-1, 1] → H×W×3 float64: L in [0, 100], a and b around 0."""
    return rgb2lab((picture.double().permute(1, 2, 0).cpu().numpy() + 1) / 2)
