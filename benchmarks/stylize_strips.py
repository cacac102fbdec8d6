"""Draw what strength and mixing do: python stylize_strips.py GENERATOR PHOTO OUT.

Writes OUT/strength.png, a row a style from strength 0 to 1, and OUT/mixing.png, a row for each two styles from the
one to the other.
"""

import itertools
import sys
from pathlib import Path

from PIL import Image

from stylefuse.images.grid import grid
from stylefuse.images.io import decode, save, to_tensor
from stylefuse.networks.weights import read_weights
from stylefuse.tasks.stylize.params import Look
from stylefuse.tasks.stylize.predictor import Restyler

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
SHORT_SIDE = 160  # px; strokes are as large as in training where the picture is not much larger


def small(photo: Image.Image) -> Image.Image:
    share = SHORT_SIDE / min(photo.size)
    return photo.resize((round(photo.width * share), round(photo.height * share)), Image.Resampling.LANCZOS)


def main() -> None:
    restyle, photo = Restyler(read_weights(Path(sys.argv[1])), device="cpu"), small(decode(Path(sys.argv[2])))
    styles, out = restyle.styles[1:], Path(sys.argv[3])

    def row(looks: list[Look]) -> list:
        return [to_tensor(restyle(photo, look)) for look in looks]

    rows = [row([Look({style: 1.0}, strength) for strength in STEPS]) for style in styles]
    columns = [f"strength {strength:g}" for strength in STEPS]
    save(grid(rows, row_labels=styles, column_labels=columns), out / "strength.png")
    pairs = list(itertools.combinations(styles, 2))
    rows = [row([Look({one: 1 - share, other: share}) for share in STEPS]) for one, other in pairs]
    labels = [f"{one} to {other}" for one, other in pairs]
    columns = [f"{1 - share:g} : {share:g}" for share in STEPS]
    save(grid(rows, row_labels=labels, column_labels=columns), out / "mixing.png")


if __name__ == "__main__":
    main()
