"""The sample grid of the adversarial training: the same photos in all styles."""

from collections.abc import Sequence

import torch
from PIL.Image import Image
from torch import Tensor

from stylefuse.images.grid import grid
from stylefuse.networks.generator import Generator, style_weights


@torch.inference_mode()
def style_grid(photos: Tensor, styles: Sequence[str], generator: Generator) -> Image:
    """Draw a row of photos, then a row of them in each style.

    Args:
        photos: N×3×S×S in [-1, 1], on the generator's device.
        styles: names of the generator's rows, "photo" first.
    """
    pictures = [list(photos.cpu())]
    for index in range(1, len(styles)):
        style = torch.full((len(photos),), index, device=photos.device)
        pictures.append(list(generator(photos, style_weights(style, len(styles))).cpu()))
    return grid(pictures, row_labels=styles)
