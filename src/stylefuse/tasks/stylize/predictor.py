"""Restyle a picture with the generator, at the picture's own size."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stylefuse.images.io import to_image, to_tensor
from stylefuse.networks.generator import Generator, with_strength
from stylefuse.networks.tiled import HEIGHT, TILE_PIXELS, WIDTH, Layer, repaint_tiled, tile_lines
from stylefuse.tasks.stylize.colour import preserve_color
from stylefuse.tasks.stylize.mixture import as_text, read_mixture
from stylefuse.tasks.stylize.params import StylizeParams
from stylefuse.tasks.stylize.postprocess import adjust
from stylefuse.tasks.task import Networks, Result

# Up to so many pixels the network sees the whole picture at once, which is faster and takes 500 bytes a pixel.
WHOLE_PIXELS = 2_000_000


class StylizePredictor:
    """Restyles pictures."""

    def __init__(self, networks: Networks):
        self.styles = list(networks.styles)
        self._generator = networks.generator
        self._device, self._lock = networks.device, networks.lock

    def check(self, params: StylizeParams) -> None:
        self.weights_of(params)

    def predict(self, pictures: Sequence[Image.Image], params: StylizeParams) -> Result:
        return Result(self.restyle(pictures[0], params), self.report(params))

    def restyle(
        self, picture: Image.Image, params: StylizeParams, whole_pixels: int = WHOLE_PIXELS
    ) -> Image.Image:
        """Restyle an RGB picture of any size; at strength 0 its pixels stay as they are, but for post-processing.

        A picture of more than `whole_pixels` pixels is computed in strips, which comes to the same up to rounding.

        Raises:
            RequestError: the generator has no such style.
        """
        rows = self._rows(params)
        if params.strength > 0:
            with self._lock, torch.inference_mode():
                restyled = self._repainted(picture, rows, whole_pixels)
            picture = preserve_color(restyled, picture, params.preserve_color)
        return adjust(picture, params.contrast, params.sharpen)

    def report(self, params: StylizeParams) -> dict[str, Any]:
        """What is done: `style` as it may be sent again; `styles`, the weights; and the other parameters."""
        weights = self.weights_of(params)
        rounded = {name: round(weight, 4) for name, weight in weights.items()}
        rest = params.model_dump(exclude={"style"})
        return {"style": as_text(weights), "styles": rounded, **rest}

    def weights_of(self, params: StylizeParams) -> Mapping[str, float]:
        """Weights of the styles by name; they sum to one."""
        given = "style" in params.model_fields_set
        return read_mixture(params.style if given else self.styles[1], self.styles[1:])

    def _rows(self, params: StylizeParams) -> Tensor:
        """Weights over the generator's rows, 1×rows."""
        mixture = torch.zeros(1, len(self.styles))
        for name, weight in self.weights_of(params).items():
            mixture[0, self.styles.index(name)] = weight
        return with_strength(mixture, params.strength).to(self._device)

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
