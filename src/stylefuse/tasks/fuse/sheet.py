"""Draw pairs beside their fusion and their truth."""

import torch
from PIL.Image import Image
from torch import Tensor

from stylefuse.images.grid import grid
from stylefuse.tasks.fuse.network import Fuser


@torch.inference_mode()
def draw_pairs(fuser: Fuser, pairs: dict[str, Tensor], photos: Tensor) -> Image:
    """Draw a row for each kind: two inputs, the fused picture and the truth of each photo.

    Args:
        pairs: by kind, N×2×3×H×W in [-1, 1], made from the photos, N×3×H×W.
    """
    device = next(fuser.parameters()).device
    rows = []
    for stacks in pairs.values():
        cells = zip(stacks, fuser(stacks.to(device)).picture.cpu(), photos, strict=True)
        rows.append([cell for stack, fused, photo in cells for cell in (*stack, fused, photo)])
    names = ["first", "second", "fused", "truth"] * len(photos)
    return grid(rows, row_labels=list(pairs), column_labels=names)
