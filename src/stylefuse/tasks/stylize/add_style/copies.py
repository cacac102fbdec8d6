"""Check whether restyled photos copy parts of the pictures that a style was learned from."""

import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.metrics.patches import luma_patches

SIDE, PATCHES = 32, 24  # px; patches a picture
# Restyled patches that lie closer to the pictures than this share of the photos' distance are copies.
LEAST_RATIO = 0.5


@torch.no_grad()
def copy_ratio(restyled: Tensor, photos: Tensor, pictures: Tensor) -> float:
    """Return the distance of restyled patches to the nearest patch of the pictures, relative to the photos' distance.

    Medians of distances of standardised luma, reduced to 16×16. About 1: nothing is copied; near 0: everything is.

    Args:
        restyled, photos, pictures: N×3×S×S in [-1, 1], S ≥ 32.
    """
    known, made, taken = (_vectors(x) for x in (pictures, restyled, photos))
    nearest = [torch.cdist(x, known).amin(1).median() for x in (made, taken)]
    return float(nearest[0] / nearest[1].clamp_min(1e-6))


def _vectors(x: Tensor) -> Tensor:
    patches = luma_patches(x.cpu(), SIDE, PATCHES, torch.Generator().manual_seed(5))[:, :1]
    return F.normalize(F.avg_pool2d(patches, 2).flatten(1), dim=1)
