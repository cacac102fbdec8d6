"""The picture grids of the report."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.evaluation.heldout import HeldOut, Twins
from stylefuse.evaluation.networks import Networks, restyle
from stylefuse.evaluation.restyled import in_batches
from stylefuse.images.grid import grid
from stylefuse.images.io import save

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
STRENGTH_PHOTOS = 2


class Figure(NamedTuple):
    """A picture file of the report, its heading and what to look for."""

    file: str
    title: str
    caption: str


def draw_figures(
    folder: Path, networks: Networks, pictures: HeldOut, twins: dict[str, Twins], photos: int, size: int
) -> list[Figure]:
    """Draw every grid into `folder`; `photos` photos a grid, `size` pictures a batch."""
    shown = pictures.photos[:photos]
    styles = networks.styles[1:]
    fakes = {s: restyle(networks, shown, {i: 1.0}, size) for i, s in enumerate(styles, start=1)}
    figures = []

    def draw(
        file: str,
        title: str,
        caption: str,
        rows: list,
        row_labels: Sequence[str] = (),
        column_labels: Sequence[str] = (),
    ) -> None:
        save(grid(rows, row_labels=row_labels, column_labels=column_labels), folder / file)
        figures.append(Figure(file, title, caption))

    draw(
        "styles.png",
        "Held-out photos in every style",
        "First row: the photos. Below: the same photos restyled at full strength.",
        [list(shown), *(list(fakes[s]) for s in styles)],
        ["photo", *styles],
    )
    draw(
        "crops.png",
        "Details, enlarged twice",
        "The middle of the same pictures, a pixel shown as four. Look for repeated patterns, frames, halos.",
        [_details(shown), *(_details(fakes[s]) for s in styles)],
        ["photo", *styles],
    )
    for index, style in enumerate(styles, start=1):
        near = _nearest(networks, fakes[style], pictures.paintings[style], size)
        draw(
            f"style-{index}.png",
            f"{style}: restyled photos beside real paintings",
            "Second row: the held-out painting nearest to the one above it in the judge's features. "
            "Third row: held-out paintings at random.",
            [list(fakes[style]), list(near), list(pictures.paintings[style][:photos])],
            ["restyled", "nearest", "paintings"],
        )
    few = shown[:STRENGTH_PHOTOS]
    draw(
        "strength.png",
        "Strength",
        "From the identity (0) to the full style (1). The first two columns should look alike.",
        *_rows(
            networks, few, {s: [{0: 1 - v, i: v} for v in STRENGTHS] for i, s in enumerate(styles, 1)}, size
        ),
        ["photo", *(f"{v:g}" for v in STRENGTHS)],
    )
    if len(styles) > 1:
        mixes = {
            f"{a} → {b}": [{i: 1 - v, i + 1: v} for v in STRENGTHS]
            for i, (a, b) in enumerate(pairwise(styles), 1)
        }
        draw(
            "mixing.png",
            "Mixing",
            "From one style to the next, by the share of the second.",
            *_rows(networks, few[:1], mixes, size),
            ["photo", *(f"{v:g}" for v in STRENGTHS)],
        )
    for index, style in enumerate(styles, start=1):
        if style in twins:
            clean, painted = (t[:photos] for t in twins[style])
            draw(
                f"truth-{index}.png",
                f"{style}: where the truth is known",
                "First row: clean twins of held-out paintings. Second: restyled. Third: the paintings.",
                [list(clean), list(restyle(networks, clean, {index: 1.0}, size)), list(painted)],
                ["twin", "restyled", "painting"],
            )
    return figures


def _rows(
    networks: Networks, photos: Tensor, mixes: dict[str, list[dict[int, float]]], size: int
) -> tuple[list[list[Tensor]], list[str]]:
    """Return rows of pictures and their labels: for each name and photo the photo, then the photo under each mix."""
    rows, labels = [], []
    for name, steps in mixes.items():
        columns = [photos, *(restyle(networks, photos, mix, size) for mix in steps)]
        rows += [[column[i] for column in columns] for i in range(len(photos))]
        labels += [name] * len(photos)
    return rows, labels


def _details(pictures: Tensor) -> list[Tensor]:
    """Enlarge the middle half of each picture to the size of the whole, without smoothing."""
    height, width = pictures.shape[2:]
    top, left = height // 4, width // 4
    middle = pictures[:, :, top : top + height // 2, left : left + width // 2]
    return list(F.interpolate(middle, scale_factor=2, mode="nearest"))


def _nearest(networks: Networks, fakes: Tensor, paintings: Tensor, size: int) -> Tensor:
    """For each restyled photo, return the painting nearest to it in the judge's features."""
    a, b = (in_batches(networks.judge.embed, x, size, networks.device) for x in (fakes, paintings))
    return paintings[torch.cdist(a, b).argmin(dim=1)]
