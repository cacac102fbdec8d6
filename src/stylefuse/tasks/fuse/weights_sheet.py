"""The weights of a fusion as a picture to look at."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL.Image import Image
from torch.nn import functional as F

from stylefuse.images.grid import grid

# Pixels of a map's longer side: enough to see what came from where.
SIDE = 512


def weights_sheet(weights: Sequence[np.ndarray], labels: Sequence[str]) -> Image:
    """Lay out weight maps, H×W in [0, 1], side by side: white is taken from this picture, black from others.

    Args:
        labels: text above each map.
    """
    maps = []
    for weight in weights:
        levels = torch.from_numpy(weight).float()[None, None]
        scale = min(1.0, SIDE / max(weight.shape))
        size = [max(1, round(side * scale)) for side in weight.shape]
        levels = F.interpolate(levels, size=size, mode="area")[0]
        maps.append(levels.expand(3, -1, -1) * 2 - 1)
    return grid([maps], column_labels=labels)
