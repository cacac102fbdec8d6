"""Measure the known faults of generators side by side; prints a table (Markdown), a row a style and fault.

Beside each generator stand the photos themselves and the style's paintings. Pictures are cut to their central square
and resized; plain margins of the paintings are cut off first, as ingest does.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.common.command import count
from benchmarks.common.models import load_stylizer
from benchmarks.common.photos import picture_files
from benchmarks.common.tables import to_markdown
from benchmarks.style.faults import pixel_faults
from benchmarks.style.margins import border_effect
from stylefuse.images.io import decode, to_image, to_tensor
from stylefuse.images.trim import cut, find_margins
from stylefuse.tasks.stylize.params import StylizeParams

TITLES = {
    "border": "border, levels",
    "frame": "frame, 1 = none",
    "margins": "margins",
    "streaks": "streaks, 1 = none",
    "dots": "coloured dots",
    "repetition": "repetition",
    "specks": "specks, 0 = none",
    "strong_colours": "strong colours",
    "hues": "variety of hues",
    "colour_kept": "colour kept",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("generators", type=Path, nargs="+", help="weights of generators with the same styles")
    add("--photos", type=Path, required=True, help="folder of photos")
    add("--paintings", type=Path, required=True, help="folder with a folder of paintings for each style")
    add("--side", type=count, default=256, help="side of the pictures in px, at least 64 (%(default)s)")
    add("--count", type=count, default=60, help="pictures of each set, spread over the folder (%(default)s)")


def run(options: argparse.Namespace) -> None:
    if options.side < 64:
        raise ValueError(f"--side {options.side}: margins and flat places need 64 px")
    predictors = [load_stylizer(file, device="cpu") for file in options.generators]
    if any(predictor.styles != predictors[0].styles for predictor in predictors):
        raise ValueError("these generators have different styles: compare those of one set of paintings")
    photos = squares(options.photos, options.side, options.count)
    names = [str(i) for i in range(1, len(predictors) + 1)]
    rows = [["style", "fault", "photos", "paintings", *(f"generator {name}" for name in names)]]
    for style in predictors[0].styles[1:]:
        paintings = squares(options.paintings / style, options.side, options.count, trimmed=True)
        measured = [numbers(painter(predictor, style), photos, paintings) for predictor in predictors]
        for fault, title in TITLES.items():
            beside = [measured[0][fault].get(name) for name in ("photos", "paintings")]
            cells = [*beside, *(found[fault]["fakes"] for found in measured)]
            rows.append([style, title, *("–" if cell is None else f"{cell:.2f}" for cell in cells)])
    print(to_markdown(rows))
    for name, file in zip(names, options.generators, strict=True):
        print(f"\ngenerator {name}: {file}")


def numbers(
    paint: Callable[[Tensor], Tensor], photos: Tensor, paintings: Tensor
) -> dict[str, dict[str, float]]:
    """Return all numbers by fault and set; see `pixel_faults`, and `border_effect` for "border"."""
    found = pixel_faults({"fakes": paint(photos), "photos": photos, "paintings": paintings})
    return {"border": {"fakes": border_effect(paint, photos)}, **found}


def painter(predictor, style: str) -> Callable[[Tensor], Tensor]:
    """Return what a predictor makes of pictures N×3×H×W in [-1, 1]."""
    params = StylizeParams(style=style)
    return lambda x: torch.stack([to_tensor(predictor.restyle(to_image(photo), params)) for photo in x])


def squares(folder: Path, side: int, most: int, trimmed: bool = False) -> Tensor:
    """Return the central squares of at most so many pictures, N×3×side×side in [-1, 1], spread over the folder.

    Raises:
        ValueError: the folder is missing or empty, or a file is no usable picture.
    """
    files: Sequence[Path] = picture_files(folder)
    number, found = min(most, len(files)), []
    for i in range(number):
        picture = decode(files[i * len(files) // number])
        if trimmed:
            picture = cut(picture, find_margins(picture))
        short = min(picture.size)
        left, top = ((n - short) // 2 for n in picture.size)
        box = (left, top, left + short, top + short)
        found.append(to_tensor(picture.resize((side, side), box=box)))
    return torch.stack(found)
