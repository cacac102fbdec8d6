"""Measure whether strokes repeat in the flat places of large pictures; prints JSON, a line a style.

The number is `flat_places.repetition` of the restyled photos, beside that of the photos themselves. Pictures are cut
into squares first; the flattest quarter of the squares counts.
"""

import argparse
import json
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.common.command import count
from benchmarks.common.models import load_stylizer
from benchmarks.common.photos import picture_files
from benchmarks.style.flat_places import repetition
from stylefuse.images.io import decode, to_tensor
from stylefuse.tasks.stylize.params import StylizeParams

SQUARE = 128  # px


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("generator", type=Path, help="weights of the generator")
    add("folder", type=Path, help="folder of photos")
    add("side", type=count, nargs="?", default=768, help="longer side of the photos in px (%(default)s)")


def run(options: argparse.Namespace) -> None:
    predictor = load_stylizer(options.generator, device="cpu")
    photos = [decode(file) for file in picture_files(options.folder)]
    for photo in photos:
        photo.thumbnail((options.side, options.side))
    before = torch.cat([squares(to_tensor(photo)) for photo in photos])
    print(json.dumps({"photos": round(repetition(before, before), 3), "squares": len(before)}), flush=True)
    for style in predictor.styles[1:]:
        params = StylizeParams(style=style)
        after = torch.cat([squares(to_tensor(predictor.restyle(photo, params))) for photo in photos])
        print(json.dumps({style: round(repetition(after, before), 3)}), flush=True)


def squares(picture: Tensor) -> Tensor:
    """Cut 3×H×W into N×3×128×128; the rest at the right and below is dropped."""
    parts = picture.unfold(1, SQUARE, SQUARE).unfold(2, SQUARE, SQUARE)
    return parts.permute(1, 2, 0, 3, 4).reshape(-1, 3, SQUARE, SQUARE)
