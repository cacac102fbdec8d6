"""Enlarge pictures of any size, tile by tile: equal to the whole picture, up to rounding."""

import numpy as np
import torch
from PIL import Image

from stylefuse._progress import tell
from stylefuse.images.io import to_tensor
from stylefuse.tasks.upscale.network import MOST_NOISE, Upscaler
from stylefuse.tasks.upscale.resampling import (
    CORRECTION_MARGIN,
    CORRECTIONS,
    ENLARGE_MARGIN,
    back_project,
)

# Side of a tile in the small picture, px.
TILE = 384


@torch.inference_mode()
def enlarge_any_size(
    upscaler: Upscaler,
    picture: Image.Image,
    scale: int,
    denoise: float = 0.0,
    detail: float = 0.0,
    tile: int = TILE,
) -> np.ndarray:
    """Enlarge an RGB picture.

    Each tile reads the pixels around it that its result depends on. No layer has norms, so nothing else is needed.

    Args:
        denoise: 0 to 1: deviation of the noise that is taken out, as a share of `MOST_NOISE`. The result, made
            smaller, differs from the picture by no more than twice that; at 0 it is the picture again.
        detail: see `Upscaler.forward`.
        tile: side of a tile in the small picture, px.

    Returns:
        H×W×3 uint8.
    """
    device = next(upscaler.parameters()).device
    margin = max(upscaler.margin, ENLARGE_MARGIN) + CORRECTIONS * CORRECTION_MARGIN
    tolerance = 2 * denoise * MOST_NOISE / 127.5
    pixels = np.asarray(picture)
    height, width = pixels.shape[:2]
    out = np.empty((height * scale, width * scale, 3), np.uint8)
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            above, aside = max(top - margin, 0), max(left - margin, 0)
            bottom, right = min(top + tile, height), min(left + tile, width)
            seen = pixels[above : bottom + margin, aside : right + margin]
            small = to_tensor(seen)[None].to(device)
            made = upscaler(small, small.new_full((1,), denoise), scale, detail)
            made = back_project(made, small, tolerance)[0]
            rows = slice((top - above) * scale, (bottom - above) * scale)
            columns = slice((left - aside) * scale, (right - aside) * scale)
            out[top * scale : bottom * scale, left * scale : right * scale] = _levels(made[:, rows, columns])
        tell(min(top + tile, height) / height)
    return out


def _levels(x: torch.Tensor) -> np.ndarray:
    """3×H×W in [-1, 1] as H×W×3 uint8."""
    return x.add(1).mul_(127.5).round_().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
