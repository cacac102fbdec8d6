"""Measure restyling: ours, variants of it, and rivals, trained for equal time. `python benchmarks/style.py --help`.

Writes weights, a record of every run (JSON) and tables (Markdown) below --out. Runs whose record is there are
kept; the same command goes on after an interruption.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch
from fusion_results import write_json, write_text
from style_data import Data, load_data, test_pictures
from style_measure import measure_method
from style_patch_judge import PatchJudge, patch_judge
from style_recipes import RECIPES
from style_runs import Length, cost
from style_tables import report

from stylefuse.networks.weights import Weights, read_weights, write_weights

COMPARED = ("stylefuse", "cut", "cyclegan", "adain", "reinhard", "untouched")


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add(
        "--data", type=Path, required=True, help="data root after `kedro run --pipelines pretrain_classifier`"
    )
    add("--env", default="paintings", help="environment of conf/ that our options come from")
    add("--out", type=Path, required=True, help="folder for weights, records, tables and sheets")
    add("--recipes", nargs="+", default=list(COMPARED), choices=list(RECIPES), metavar="NAME", help=_names())
    add("--seeds", nargs="+", type=int, default=[1])
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="wall clock of each training, all styles together")
    length.add_argument("--images", type=int, help="images seen, for recipes of our own: equal steps")
    add("--evaluate-again", action="store_true", help="measure the kept weights anew")
    return parser


def _names() -> str:
    return f"any of {', '.join(RECIPES)}"


def run(
    name: str,
    seed: int,
    data: Data,
    length: Length,
    settings: dict[str, Any],
    out: Path,
    again: bool,
    pictures: tuple,
    patches: PatchJudge,
) -> dict[str, Any]:
    """The record of one recipe and seed: kept, or measured now, after a training if there are no weights yet.

    Raises:
        ValueError: what is kept was made under other settings.
    """
    recipe = RECIPES[name]
    kept = out / "runs" / f"{name}-seed-{seed}.json"
    if kept.exists():
        record = json.loads(kept.read_text(encoding="utf-8"))
        _check(kept, record["settings"], settings)
        if not again:
            return record
    weights = None
    if recipe.train is not None:
        weights = trained(name, seed, data, length, settings, out)
    restyler = recipe.load(data, weights, seed)
    record = {
        "recipe": name,
        "seed": seed,
        "settings": settings,
        "training": weights.facts["training"] if weights else {},
        "cost": cost(restyler),
        "measured": measure_method(data, *pictures, restyler, patches),
    }
    write_json(kept, record)
    return record


def trained(name: str, seed: int, data: Data, length: Length, settings: dict[str, Any], out: Path) -> Weights:
    """The recipe's weights: kept ones, or trained now and kept."""
    path = out / "weights" / f"{name}-seed-{seed}.safetensors"
    if path.exists():
        weights = read_weights(path)
        _check(path, weights.facts["settings"], settings)
        return weights
    weights = RECIPES[name].train(name, data, length, seed)
    weights.facts["training"]["threads"] = torch.get_num_threads()
    weights.facts["settings"] = settings
    write_weights(path, weights)
    return weights


def _check(path: Path, kept: dict[str, Any], settings: dict[str, Any]) -> None:
    different = [name for name, value in settings.items() if kept.get(name) != value]
    if different:
        raise ValueError(f"{path} was made with other {', '.join(different)}: use another --out")


def main(arguments: list[str] | None = None) -> int:
    """Train, measure, write tables. Returns the exit status: 1 where an option or a file is no good."""
    asked = parser().parse_args(arguments)
    try:
        length = Length(asked.minutes, asked.images)
        if (asked.minutes or asked.images) <= 0:
            raise ValueError("--minutes or --images must be above 0")
        data = load_data(asked.data, asked.env)
        pictures = test_pictures(data)
        settings = {
            **length._asdict(),
            "data": data.version,
            "styles": data.styles[1:],
            "image_size": data.training.image_size,
            "photos": len(pictures[0].photos),
        }
        patches = patch_judge(data, asked.out / "weights" / "patch_judge.safetensors")
        runs = []
        for seed in asked.seeds:
            for name in asked.recipes:
                runs.append(
                    run(
                        name, seed, data, length, settings, asked.out, asked.evaluate_again, pictures, patches
                    )
                )
                # After each run, so that there is something to read before the last.
                write_text(asked.out / "table.md", report(runs))
    except (ValueError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(report(runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
