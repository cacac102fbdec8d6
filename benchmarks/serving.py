"""Measure `stylefuse serve` under load, beside `mlflow models serve`. `python benchmarks/serving.py --help`.

Writes serving.json and serving.md below --out; parts measured before stay in them. Clients and servers share this
machine, and nothing else should run on it. All together takes half an hour.
"""

import argparse
import json
import os
import platform
import sys
from pathlib import Path

from fusion_results import write_json, write_text
from serving_options import Options
from serving_parts import PARTS


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--part", choices=[*PARTS, "all"], action="append", help="may be given several times (all)")
    add("--out", type=Path, required=True, help="folder for the tables and the servers' logs")
    add("--model", required=True, help="a model's folder as MLflow stores it, or models:/<name>@<alias>")
    add("--without-mlflow", action="store_true", help="do not measure `mlflow models serve` beside")
    add("--threads", type=int, default=0, help="of each server's networks (0: all cores)")
    add("--seconds", type=float, default=60, help="that each load lasts (%(default)g)")
    add("--soak-minutes", type=float, default=10, help="that memory is watched (%(default)g)")
    add("--repeats", type=int, default=50, help="requests of a single client (%(default)s)")
    return parser


def table(rows: list[dict]) -> str:
    """Rows as a Markdown table; their keys are its head."""
    names = list(rows[0])
    lines = [names, ["---"] * len(names)]
    lines += [["" if row[name] is None else str(row[name]) for name in names] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def text_of(results: dict) -> str:
    parts = [
        f"## {name}\n\n{PARTS[name].__doc__}\n\n{table(result['rows'])}\n\nWith {result['with']}."
        for name, result in results.items()
    ]
    return "# stylefuse serve under load\n\n" + "\n\n".join(parts) + "\n"


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if min(options.seconds, options.soak_minutes, options.repeats) <= 0:
        print("--seconds, --soak-minutes and --repeats must be above 0", file=sys.stderr)
        return 2
    chosen = options.part or ["all"]
    names = [name for name in PARTS if name in chosen or "all" in chosen]
    folder = options.model if options.model.startswith("models:") else str(Path(options.model).absolute())
    asked = Options(
        folder,
        options.out,
        not options.without_mlflow,
        options.threads,
        options.seconds,
        options.soak_minutes,
        options.repeats,
    )
    stored = options.out / "serving.json"
    results = json.loads(stored.read_text(encoding="utf-8")) if stored.exists() else {}
    told = f"{os.cpu_count()} cores ({platform.machine()}), {options.threads or 'all'} threads"
    told += f", {options.seconds:g} s a load, {options.repeats} repeats"
    for name in names:
        print(f"{name}: {PARTS[name].__doc__}", flush=True)
        results[name] = {"rows": PARTS[name](asked), "with": told}
        print(table(results[name]["rows"]), flush=True)
        # After each part, so that there is something to read before the last.
        write_json(stored, results)
        write_text(options.out / "serving.md", text_of({n: results[n] for n in PARTS if n in results}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
