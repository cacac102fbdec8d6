"""Fuse sets with a known truth: made from held-out photos, results are compared with the photos.

Writes truth.md, truth.csv, a sheet for each kind of set, and every score as JSON below --out. Kept scores are used
again unless the method has changed.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.common.command import count
from benchmarks.common.files import hash_of, write_text
from benchmarks.common.photos import Photo, load_squares
from benchmarks.fusion import scores
from benchmarks.fusion.cells import KINDS, Cell, all_cells, make_set
from benchmarks.fusion.kept_scores import Scores, scores_of
from benchmarks.fusion.methods import Method, add_method_options, fuser_method, methods_of
from benchmarks.fusion.scores import psnr, to_levels
from benchmarks.fusion.sheets import truth_sheet
from benchmarks.fusion.tables import truth_csv, truth_tables
from stylefuse.images.io import save
from stylefuse.metrics import fusion_similarity, similarity
from stylefuse.metrics.fusion_similarity import ssim
from stylefuse.tasks.fuse import fills, pairs, regions

# What the best of the inputs scores without fusion. It is no method: choosing it needs the truth.
BEST_INPUT = Method("best_input", "1", lambda stack: stack[0])


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--photos", type=Path, required=True, help="folder of held-out photos")
    add("--photos-limit", type=count, help="only the first so many photos")
    add("--seen", action="store_true", help="also measure the variants that training sees")
    add_method_options(parser)


def run(options: argparse.Namespace) -> None:
    methods = methods_of(options, fuser_method)
    photos = load_squares(options.photos, options.photos_limit)
    results = {}
    for cell in all_cells():
        if not (cell.unseen or options.seen):
            continue
        results[cell] = score_cell(cell, photos, methods, options.seed, options.out / "scores", options.again)
        # After each line, so that there is something to read before the last.
        write_text(options.out / "truth.md", truth_tables(results))
        write_text(options.out / "truth.csv", truth_csv(results))
    for kind in KINDS:
        sheet = truth_sheet(Cell(kind, 2, unseen=True), photos, methods, options.seed)
        save(sheet, options.out / "sheets" / f"truth_{kind}.png")
    print(truth_tables(results))


def score_cell(
    cell: Cell, photos: Sequence[Photo], methods: Sequence[Method], seed: int, kept: Path, again: bool
) -> Scores:
    """Return PSNR (dB) and SSIM of every method, and of the best input, on every photo.

    Args:
        kept: folder of kept scores.

    Raises:
        ValueError: see `scores_of`.
    """

    def measure(todo: list[Method]) -> Scores:
        found: Scores = {method.name: {"psnr": [], "ssim": []} for method in todo}
        for index, photo in enumerate(tqdm(photos, desc=cell.name, unit="set")):
            stack = make_set(photo, index, cell, seed)
            for method in todo:
                value = _best(stack, photo) if method is BEST_INPUT else _score(method.fuse(stack), photo)
                for name, each in zip(("psnr", "ssim"), value, strict=True):
                    found[method.name][name].append(each)
        return found

    settings = {
        "seed": seed,
        "photos": [photo.name for photo in photos],
        "size": len(photos[0].pixels),
        "sets": [hash_of(Path(module.__file__)) for module in (pairs, fills, regions)],
        "scores": [hash_of(Path(module.__file__)) for module in (scores, fusion_similarity, similarity)],
    }
    return scores_of(kept / f"{cell.name}.json", settings, [BEST_INPUT, *methods], again, measure)


def _score(picture: np.ndarray, photo: Photo) -> tuple[float, float]:
    levels = to_levels(picture)
    return psnr(levels, photo.pixels), ssim(levels, photo.pixels)


def _best(stack: np.ndarray, photo: Photo) -> tuple[float, float]:
    """Return PSNR and SSIM of the input with the highest PSNR."""
    return max(_score(picture, photo) for picture in stack)
