"""Draw damaged photos, what the restorer makes of them, and the photos, as one PNG."""

import argparse
from pathlib import Path

import torch

from benchmarks.common.command import count
from benchmarks.common.photos import load_squares
from benchmarks.restore.restorers import add_restorer_options, load_restorer_of
from stylefuse.images.io import save
from stylefuse.tasks.restore.sheet import draw_restored


def add_options(parser: argparse.ArgumentParser) -> None:
    add_restorer_options(parser)
    parser.add_argument("--photos", type=Path, required=True, help="folder of held-out photos")
    parser.add_argument("--photos-limit", type=count, default=2, help="so many photos (%(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="the PNG file")


def run(options: argparse.Namespace) -> None:
    photos = load_squares(options.photos, options.photos_limit)
    pixels = torch.stack([torch.tensor(photo.pixels).permute(2, 0, 1) for photo in photos])
    save(draw_restored(load_restorer_of(options), pixels / 127.5 - 1, 1), options.out)
