"""Fuse real sets, which have no truth: five no-reference measures, ranks, and sheets to look at.

Writes real.md, real.csv, a sheet for each folder, and every score as JSON below --out. Kept scores are used again
unless the method has changed.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from benchmarks.common.command import count
from benchmarks.common.files import hash_of, write_text
from benchmarks.fusion.kept_scores import Scores, scores_of
from benchmarks.fusion.methods import Method, add_method_options, methods_of, served_method
from benchmarks.fusion.real_sets import read_sets
from benchmarks.fusion.scores import to_levels
from benchmarks.fusion.sheets import real_sheet, to_stack
from benchmarks.fusion.tables import real_csv, real_tables
from stylefuse.images.io import save
from stylefuse.metrics import fusion, fusion_similarity, similarity


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--sets", type=Path, required=True, help="folder with a folder for each kind, of files NN_a, NN_b, …")
    add("--pairs-limit", type=count, help="only the first so many sets of each kind")
    add_method_options(parser)


def run(options: argparse.Namespace) -> None:
    methods, results = methods_of(options, served_method), {}
    folders = sorted(f for f in options.sets.iterdir() if f.is_dir() and not f.name.startswith("."))
    if not folders:
        raise ValueError(f"{options.sets} holds no folders: give each kind of set one")
    for folder in folders:
        results[folder.name] = score_folder(
            folder, methods, options.pairs_limit, options.out / "scores", options.again
        )
        write_text(options.out / "real.md", real_tables(results))
        write_text(options.out / "real.csv", real_csv(results))
        sheet = real_sheet(read_sets(folder, options.pairs_limit), methods)
        save(sheet, options.out / "sheets" / f"real_{folder.name}.png")
    print(real_tables(results))


def score_folder(
    folder: Path, methods: Sequence[Method], limit: int | None, kept: Path, again: bool
) -> Scores:
    """Return every metric of every method on every set of a folder, from luma of the rounded result.

    Raises:
        ValueError: see `read_sets`, `RealSet.load` and `scores_of`.
    """
    sets = read_sets(folder, limit)

    def measure(todo: list[Method]) -> Scores:
        scores: Scores = {method.name: {} for method in todo}
        with tqdm(total=len(sets) * len(todo), desc=folder.name, unit="picture") as bar:
            for each in sets:
                pictures = each.load()
                inputs, stack = [fusion.luma(p) for p in pictures], to_stack(pictures)
                for method in todo:
                    fused = fusion.luma(to_levels(method.fuse(stack)))
                    for name, value in fusion.fusion_metrics(fused, inputs).items():
                        scores[method.name].setdefault(name, []).append(value)
                    bar.update()
        return scores

    settings = {
        "sets": [[file.name for file in each.files] for each in sets],
        "metrics": [hash_of(Path(module.__file__)) for module in (fusion, fusion_similarity, similarity)],
    }
    return scores_of(kept / f"real_{folder.name}.json", settings, methods, again, measure)
