"""Pictures in CIELAB, where equal distances of colour look about equal."""

import torch
from skimage.color import rgb2lab
from torch import Tensor


def lab(x: Tensor) -> Tensor:
    """Return pictures N×3×H×W in [-1, 1] as N×3×H×W: L* in [0, 100], a* (red against green), b* (yellow, blue)."""
    rgb = (x.float().clamp(-1, 1) + 1) / 2
    return torch.from_numpy(rgb2lab(rgb.permute(0, 2, 3, 1).cpu().numpy())).permute(0, 3, 1, 2).float()
