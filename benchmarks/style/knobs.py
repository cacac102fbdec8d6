"""Draw what strength and mixing do to one photo.

Writes OUT/strength.png, a row a style from strength 0 to 1, and OUT/mixing.png, a row for every two styles from the
one to the other.
"""

import argparse
import itertools
from pathlib import Path

from PIL import Image

from benchmarks.common.models import load_stylizer
from stylefuse.images.grid import grid
from stylefuse.images.io import decode, save, to_tensor
from stylefuse.tasks.stylize.mixture import as_text
from stylefuse.tasks.stylize.params import StylizeParams

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
SHORT_SIDE = 160  # px, not much more than in training: strokes are then as large as G has learned them


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("generator", type=Path, help="weights of the generator")
    add("photo", type=Path)
    add("out", type=Path, help="folder for the two sheets")


def run(options: argparse.Namespace) -> None:
    predictor = load_stylizer(options.generator, device="cpu")
    photo, styles = small(decode(options.photo)), predictor.styles[1:]

    def row(steps: list[StylizeParams]) -> list:
        return [to_tensor(predictor.restyle(photo, step)) for step in steps]

    rows = [row([StylizeParams(style=style, strength=step) for step in STEPS]) for style in styles]
    columns = [f"strength {strength:g}" for strength in STEPS]
    save(grid(rows, row_labels=styles, column_labels=columns), options.out / "strength.png")
    pairs = list(itertools.combinations(styles, 2))
    rows = [row([StylizeParams(style=mixture(*pair, share)) for share in STEPS]) for pair in pairs]
    labels = [f"{one} to {other}" for one, other in pairs]
    columns = [f"{1 - share:g} : {share:g}" for share in STEPS]
    save(grid(rows, row_labels=labels, column_labels=columns), options.out / "mixing.png")


def mixture(one: str, other: str, share: float) -> str:
    """Return two styles with the weights 1 - share and share as a value of `style`, which takes none of weight 0."""
    weights = {one: 1 - share, other: share}
    return as_text({name: weight for name, weight in weights.items() if weight})


def small(photo: Image.Image) -> Image.Image:
    """Return the photo with its shorter side at 160 px."""
    share = SHORT_SIDE / min(photo.size)
    return photo.resize((round(photo.width * share), round(photo.height * share)), Image.Resampling.LANCZOS)
