"""Compare our training, variants of it and rivals, all trained for equal time on the same pictures.

Writes weights, a record of every run (JSON), a table (Markdown) and sheets to look at below --out. Runs with a record
are kept, and weights without a record are only measured: after an interruption the same command continues.
"""

import argparse
from pathlib import Path

from benchmarks.common.command import count, positive
from benchmarks.common.files import write_text
from benchmarks.style.data import held_out_pictures, load_data
from benchmarks.style.methods import Length
from benchmarks.style.patch_judge import patch_judge
from benchmarks.style.recipes import BY_THE_CLOCK, RECIPES
from benchmarks.style.records import Bench, record_of, trained_method
from benchmarks.style.sheets import crop_sheet, paint_all, style_sheet
from benchmarks.style.tables import report
from stylefuse.images.io import save

COMPARED = ("stylefuse", "cut", "cyclegan", "adain", "reinhard", "untouched")


def add_options(parser: argparse.ArgumentParser) -> None:
    add, names = parser.add_argument, ", ".join(RECIPES)
    add("--data", type=Path, required=True, help="data root with pictures, classifier and judge")
    add("--env", default="paintings", help="environment of conf/ that our options come from (%(default)s)")
    add("--out", type=Path, required=True, help="folder for weights, records, tables and sheets")
    add("--recipes", nargs="+", default=COMPARED, choices=RECIPES, metavar="NAME", help=f"any of {names}")
    add("--seeds", nargs="+", type=int, default=[1], help="one training each (1)")
    add("--paintings", type=count, help="learn from at most so many of each style; default: all")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=positive, help="wall clock of each training, all styles together")
    length.add_argument("--images", type=count, help="images seen, for recipes of our own: equal steps")
    add("--evaluate-again", action="store_true", help="measure kept weights anew")


def run(options: argparse.Namespace) -> None:
    bench, runs = prepare(options), []
    for seed in options.seeds:
        for name in options.recipes:
            runs.append(record_of(bench, name, seed, options.evaluate_again))
            # After each run, so that there is something to read before the last.
            write_text(options.out / "table.md", report(runs))
        draw_sheets(bench, options.recipes, seed)
    print(report(runs))


def prepare(options: argparse.Namespace) -> Bench:
    """Read the data, and train the patch judge where there is none.

    Raises:
        FileNotFoundError, ValueError: something is missing or does not fit; the message names it and the remedy.
    """
    clocked = [name for name in options.recipes if name in BY_THE_CLOCK]
    if options.minutes is None and clocked:
        raise ValueError(f"{', '.join(clocked)}: trained by the clock, give --minutes instead of --images")
    data = load_data(options.data, options.env, options.paintings)
    pictures, twins = held_out_pictures(data)
    patches = patch_judge(data, options.out / "weights" / "patch_judge.safetensors")
    return Bench(data, Length(options.minutes, options.images), pictures, twins, patches, options.out)


def draw_sheets(bench: Bench, recipes: list[str], seed: int) -> None:
    """Write one sheet with all styles, and a sheet of details for each style."""
    # The untouched photo has a row of its own.
    methods = {name: trained_method(bench, name, seed) for name in recipes if name != "untouched"}
    pictures, folder = bench.pictures, bench.out / "sheets"
    painted = paint_all(bench.data.styles[1:], pictures.photos, methods)
    save(style_sheet(pictures, painted), folder / f"styles-seed-{seed}.png")
    for style, by_method in painted.items():
        sheet = crop_sheet(pictures.photos, pictures.paintings[style], by_method)
        save(sheet, folder / f"details-{style}-seed-{seed}.png")
