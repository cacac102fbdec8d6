"""Measure fusion: against a known truth, on real sets, and its speed. `python benchmarks/fusion.py --help`.

Writes tables (Markdown, CSV), sheets to look at, and every single score (JSON) below --out. Scores that are
there already are kept, unless the method behind them has changed or --again is given.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from fusion_methods import Method, fuser_method, ifcnn_method, rules, served_method
from fusion_photos import load_photos
from fusion_real import find_sets, real_csv, real_tables, score_folder
from fusion_results import write_json, write_text
from fusion_sheets import real_sheet, truth_sheet
from fusion_tables import truth_csv, truth_tables
from fusion_truth import KINDS, Cell, all_cells, score_cell

from stylefuse._memory import reuse_freed_memory
from stylefuse.images.io import save

PARTS = ("truth", "real", "speed")


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--part", choices=[*PARTS, "all"], default="all")
    add("--out", type=Path, required=True, help="folder for tables, sheets and kept scores")
    add("--photos", type=Path, help="truth: folder of held-out photos")
    add("--photos-limit", type=int, help="truth: only the first so many photos")
    add("--seen", action="store_true", help="truth: afterwards, also the variants that training sees")
    add("--sets", type=Path, help="real: folder with a folder for each kind, of files NN_a, NN_b, …")
    add("--pairs-limit", type=int, help="real: only the first so many sets of each kind")
    add("--generator", type=Path, help="weights of the generator whose encoder the fuser reads")
    add("--fuser", type=Path, help="weights of the fuser; without, the rules alone are measured")
    add("--rival-minutes", type=float, help="train a network of IFCNN's size for so long, and compare it too")
    add("--train-photos", type=Path, help="photos to train that network on; none of --photos")
    add("--repeats", type=int, default=7, help="speed: turns of each method")
    add("--seed", type=int, default=0, help="decides what the synthesised sets look like")
    add("--again", action="store_true", help="measure anew what was measured before")
    return parser


def check(options: argparse.Namespace) -> None:
    """Raises ValueError, naming the option, where one is missing."""
    parts = PARTS if options.part == "all" else (options.part,)
    for part, names in (("truth", ["photos"]), ("real", ["sets"]), ("speed", ["generator", "fuser"])):
        for name in names:
            if part in parts and getattr(options, name) is None:
                raise ValueError(f"--part {options.part} needs --{name}")
    if (options.fuser is None) != (options.generator is None):
        raise ValueError("--fuser and --generator belong together: give both or neither")
    for name in ("photos_limit", "pairs_limit", "rival_minutes", "repeats"):
        value = getattr(options, name)
        if value is not None and value <= 0:
            raise ValueError(f"--{name.replace('_', '-')} is {value}: it must be above 0")


def methods_of(options: argparse.Namespace, fuser: Callable[[Path, Path], Method]) -> list[Method]:
    """The rules, the trained rival and the fuser in one of its forms, as far as asked for."""
    methods = rules()
    if options.rival_minutes is not None:
        name = f"ifcnn_{options.rival_minutes:g}_minutes_seed_{options.seed}.safetensors"
        file = options.out / "weights" / name
        methods.append(ifcnn_method(file, options.train_photos, options.rival_minutes, options.seed))
    if options.fuser is not None:
        methods.append(fuser(options.generator, options.fuser))
    return methods


def measure_truth(options: argparse.Namespace, methods: list[Method]) -> None:
    photos = load_photos(options.photos, options.photos_limit)
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


def measure_real(options: argparse.Namespace, methods: list[Method]) -> None:
    results = {}
    folders = sorted(f for f in options.sets.iterdir() if f.is_dir() and not f.name.startswith("."))
    if not folders:
        raise ValueError(f"{options.sets} holds no folders: give each kind of set one")
    for folder in folders:
        results[folder.name] = score_folder(
            folder, methods, options.pairs_limit, options.out / "scores", options.again
        )
        write_text(options.out / "real.md", real_tables(results))
        write_text(options.out / "real.csv", real_csv(results))
        sheet = real_sheet(find_sets(folder, options.pairs_limit), methods)
        save(sheet, options.out / "sheets" / f"real_{folder.name}.png")
    print(real_tables(results))


def measure_speed(options: argparse.Namespace, methods: list[Method]) -> None:
    from fusion_speed import measure_speed as measure  # needs the service, which the other parts do not
    from fusion_speed import speed_table

    path = options.out / "scores" / "speed.json"
    version = methods[-1].version
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() and not options.again else {}
    if kept.get("version") != version:
        kept = {"version": version}
        kept |= measure(methods[-1], options.generator, options.fuser, options.repeats)
        write_json(path, kept)
    write_text(options.out / "speed.md", speed_table(kept))
    print(speed_table(kept))


def main(arguments: list[str] | None = None) -> int:
    """Run the parts asked for. Returns the exit status: 1 where an option, a picture or a file is no good."""
    options = parser().parse_args(arguments)
    reuse_freed_memory()
    try:
        check(options)
        runs = (measure_truth, fuser_method), (measure_real, served_method), (measure_speed, fuser_method)
        for part, (run, fuser) in zip(PARTS, runs, strict=True):
            if options.part in (part, "all"):
                run(options, methods_of(options, fuser))
    except (ValueError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
