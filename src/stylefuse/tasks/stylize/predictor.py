"""A loaded generator, and a picture restyled with it at the picture's own size."""

import threading

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stylefuse.images.io import to_image, to_tensor
from stylefuse.networks.generator import Generator, load_generator, with_strength
from stylefuse.networks.tiled import HEIGHT, TILE_PIXELS, WIDTH, Layer, repaint_tiled, tile_lines
from stylefuse.networks.weights import Weights
from stylefuse.tasks.stylize.colour import preserve_color
from stylefuse.tasks.stylize.params import Look
from stylefuse.tasks.stylize.postprocess import adjust

# Up to so many pixels the network sees the whole picture at once, which is faster and takes 500 bytes a pixel.
WHOLE_PIXELS = 2_000_000


class Restyler:
    """Restyles pictures; safe to share between threads.

    Args:
        weights: as written by the training pipeline.
        device: where the network runs; by default the first GPU, if there is one.
    """

    def __init__(self, weights: Weights, device: str | None = None):
        self.styles: list[str] = weights.facts["styles"]
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._generator = load_generator(weights).to(self._device)
        # One picture already keeps all cores busy; two at once would only need twice the memory.
        self._one_at_a_time = threading.Lock()

    def __call__(self, picture: Image.Image, look: Look, whole_pixels: int = WHOLE_PIXELS) -> Image.Image:
        """Restyle an RGB picture of any size; at strength 0 its pixels stay as they are, but for post-processing.

        A picture of more than `whole_pixels` pixels is computed in strips, which comes to the same up to rounding.

        Raises:
            ValueError: the look names a style that is none of the generator's.
        """
        if look.strength > 0:
            with self._one_at_a_time, torch.inference_mode():
                restyled = self._repainted(picture, self._rows(look), whole_pixels)
            picture = preserve_color(restyled, picture, look.preserve_color)
        return adjust(picture, look.contrast, look.sharpen)

    def _rows(self, look: Look) -> Tensor:
        """The look as weights over the generator's rows, 1×rows."""
        mixture = torch.zeros(1, len(self.styles))
        for name, weight in look.styles.items():
            mixture[0, self.styles.index(name)] = weight
        return with_strength(mixture, look.strength).to(self._device)

    def _repainted(self, picture: Image.Image, rows: Tensor, whole_pixels: int) -> Image.Image:
        if picture.width * picture.height <= whole_pixels:
            return to_image(self._generator(to_tensor(picture)[None].to(self._device), rows)[0])
        layer = _as_layer(picture, self._generator, self._device)
        out = Image.new("RGB", picture.size)
        for first, _, strip in repaint_tiled(self._generator, layer, rows):
            # What was padded lies beyond the right and the lower border, where pasting leaves it out.
            out.paste(to_image(strip[0]), (0, first) if layer.cut == HEIGHT else (first, 0))
        return out


def _as_layer(picture: Image.Image, generator: Generator, device: torch.device) -> Layer:
    """The padded picture, read strip by strip."""
    pixels = np.asarray(picture)
    right, bottom, mode = generator.padding(*pixels.shape[:2])
    if right or bottom:
        how = "reflect" if mode == "reflect" else "edge"
        pixels = np.pad(pixels, ((0, bottom), (0, right), (0, 0)), mode=how)
    height, width = pixels.shape[:2]
    # Lines along the rows are read faster; those of a very wide picture would make strips too large.
    cut = HEIGHT if width <= 4 * height else WIDTH
    length, across = (height, width) if cut == HEIGHT else (width, height)

    def read(first: int, last: int) -> Tensor:
        strip = pixels[first:last] if cut == HEIGHT else pixels[:, first:last]
        return to_tensor(strip)[None].to(device)

    return Layer(read, length, tile_lines(across, generator.config.stride, TILE_PIXELS), cut)
