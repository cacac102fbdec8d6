"""Repaint a picture with the generator at the picture's own size, strip by strip if it is large."""

from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stylefuse.images.io import to_image, to_tensor
from stylefuse.networks.generator import Generator
from stylefuse.networks.tiled import HEIGHT, TILE_PIXELS, WIDTH, Layer, repaint_tiled, tile_lines

# Up to so many pixels the network sees the whole picture at once, which is faster and takes 500 bytes a pixel.
WHOLE_PIXELS = 2_000_000


def repaint(
    generator: Generator, picture: Image.Image, rows: Tensor, whole_pixels: int = WHOLE_PIXELS
) -> Image.Image:
    """Return G(picture, rows) for an RGB picture of any size.

    A picture of more than `whole_pixels` pixels is computed in strips, which comes to the same up to rounding.

    Args:
        rows: weights over the generator's rows, 1×rows, on its device.
    """
    if picture.width * picture.height <= whole_pixels:
        return to_image(generator(to_tensor(picture)[None].to(rows.device), rows)[0])
    layer = _as_layer(picture, generator, rows.device)
    out = Image.new("RGB", picture.size)
    for first, _, strip in repaint_tiled(generator, layer, rows):
        # What was padded lies beyond the right and the lower border, where pasting leaves it out.
        out.paste(to_image(strip[0]), (0, first) if layer.cut == HEIGHT else (first, 0))
    return out


def _as_layer(picture: Image.Image, generator: Generator, device: torch.device) -> Layer:
    """The padded picture, read strip by strip."""
    pixels = np.asarray(picture)
    right, bottom, mode = generator.padding(*pixels.shape[:2])
    if right or bottom:
        how: Literal["reflect", "edge"] = "reflect" if mode == "reflect" else "edge"
        pixels = np.pad(pixels, ((0, bottom), (0, right), (0, 0)), mode=how)
    height, width = pixels.shape[:2]
    # Lines along the rows are read faster; those of a very wide picture would make strips too large.
    cut = HEIGHT if width <= 4 * height else WIDTH
    length, across = (height, width) if cut == HEIGHT else (width, height)

    def read(first: int, last: int) -> Tensor:
        strip = pixels[first:last] if cut == HEIGHT else pixels[:, first:last]
        return to_tensor(strip)[None].to(device)

    return Layer(read, length, tile_lines(across, generator.config.stride, TILE_PIXELS), cut)
