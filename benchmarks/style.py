"""Measure restyling: ours, variants of it, and rivals, trained for equal time. `python benchmarks/style.py --help`.

Writes weights, a record of every run (JSON), a table (Markdown) and sheets to look at below --out. Runs whose record
is there are kept, and weights without a record are only measured: the same command goes on after an interruption.
"""

import argparse
import sys
from pathlib import Path

from fusion_results import write_text
from style_data import held_out_pictures, load_data
from style_patch_judge import patch_judge
from style_recipes import BY_THE_CLOCK, RECIPES
from style_records import Bench, ready, run
from style_runs import Length
from style_sheets import crop_sheet, paint_all, style_sheet
from style_tables import report

from stylefuse._memory import reuse_freed_memory
from stylefuse.images.io import save

COMPARED = ("stylefuse", "cut", "cyclegan", "adain", "reinhard", "untouched")


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add, names = parser.add_argument, ", ".join(RECIPES)
    add("--data", type=Path, required=True, help="data root with pictures, classifier and judge")
    add("--env", default="paintings", help="environment of conf/ that our options come from")
    add("--out", type=Path, required=True, help="folder for weights, records, tables and sheets")
    add("--recipes", nargs="+", default=COMPARED, choices=RECIPES, metavar="NAME", help=f"any of {names}")
    add("--seeds", nargs="+", type=int, default=[1])
    add("--paintings", type=int, help="learn from at most so many of each style; all, unless given")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="wall clock of each training, all styles together")
    length.add_argument("--images", type=int, help="images seen, for recipes of our own: equal steps")
    add("--evaluate-again", action="store_true", help="measure kept weights anew")
    return parser


def begin(asked: argparse.Namespace) -> Bench:
    """Raises FileNotFoundError, ValueError: something is missing or out of range; names it and the remedy."""
    if (asked.images if asked.minutes is None else asked.minutes) <= 0:
        raise ValueError("--minutes and --images must be above 0")
    clocked = [name for name in asked.recipes if name in BY_THE_CLOCK]
    if asked.minutes is None and clocked:
        raise ValueError(f"{', '.join(clocked)}: trained by the clock, give --minutes instead of --images")
    if asked.paintings is not None and asked.paintings < 1:
        raise ValueError("--paintings must be at least 1")
    data = load_data(asked.data, asked.env, asked.paintings)
    pictures, twins = held_out_pictures(data)
    patches = patch_judge(data, asked.out / "weights" / "patch_judge.safetensors")
    return Bench(data, Length(asked.minutes, asked.images), pictures, twins, patches, asked.out)


def draw_sheets(bench: Bench, recipes: list[str], seed: int) -> None:
    """Everything of one seed, side by side: all styles in one sheet, and a sheet of details for each."""
    # The untouched photo is a row of its own.
    methods = {name: ready(bench, name, seed) for name in recipes if name != "untouched"}
    pictures, folder = bench.pictures, bench.out / "sheets"
    painted = paint_all(bench.data.styles[1:], pictures.photos, methods)
    save(style_sheet(pictures, painted), folder / f"styles-seed-{seed}.png")
    for style, by_method in painted.items():
        sheet = crop_sheet(pictures.photos, pictures.paintings[style], by_method)
        save(sheet, folder / f"details-{style}-seed-{seed}.png")


def main(arguments: list[str] | None = None) -> int:
    """Train, measure, write. Returns the exit status: 1 where an option or a file is no good."""
    asked = parser().parse_args(arguments)
    reuse_freed_memory()  # as our trainings do, so all have it
    try:
        bench, runs = begin(asked), []
        for seed in asked.seeds:
            for name in asked.recipes:
                runs.append(run(bench, name, seed, asked.evaluate_again))
                # After each run, so that there is something to read before the last.
                write_text(asked.out / "table.md", report(runs))
            draw_sheets(bench, asked.recipes, seed)
    except (ValueError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(report(runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
