"""Measure `stylefuse serve` under load, beside `mlflow models serve`.

Writes serving.json and serving.md below --out; parts that were measured before stay in them. Clients and servers share
this machine, and nothing else should run on it. All parts together take half an hour.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common.files import write_json, write_text
from benchmarks.common.tables import records_to_markdown
from benchmarks.serving import endings, latency, loads
from benchmarks.serving.options import Options

PARTS = {
    part.__name__: part
    for part in (
        *(latency.overhead, latency.latency),
        *(loads.clients, loads.burst, loads.ready, loads.large),
        *(endings.cancel, endings.stop),
        loads.soak,
    )
}


def parser() -> argparse.ArgumentParser:
    parts = "\n".join(f"  {name:9s} {first_line(part)}" for name, part in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving",
        description=f"{__doc__}\nparts:\n{parts}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("parts", choices=[*PARTS, []], nargs="*", metavar="PART", help="which to measure; default: all")
    add("--out", type=Path, required=True, help="folder for the tables and the servers' logs")
    add("--model", required=True, help="a model's folder as MLflow stores it, or models:/<name>@<alias>")
    add("--without-mlflow", action="store_true", help="do not measure `mlflow models serve` beside")
    add("--threads", type=int, default=0, help="of each server's networks; 0: all cores (%(default)s)")
    add("--seconds", type=float, default=60, help="length of each load (%(default)g)")
    add("--soak-minutes", type=float, default=10, help="length of the soak (%(default)g)")
    add("--repeats", type=int, default=50, help="requests of a single client (%(default)s)")
    return parser


def first_line(part) -> str:
    return part.__doc__.strip().splitlines()[0]


def text_of(results: dict) -> str:
    """Return all results as Markdown."""
    parts = [
        f"## {name}\n\n{PARTS[name].__doc__}\n\n{records_to_markdown(result['rows'])}\n\nWith {result['with']}."
        for name, result in results.items()
    ]
    return "# stylefuse serve under load\n\n" + "\n\n".join(parts) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write. Returns the exit status: 2 where an option cannot be used."""
    parsed = parser().parse_args(arguments)
    if min(parsed.seconds, parsed.soak_minutes, parsed.repeats) <= 0:
        print("--seconds, --soak-minutes and --repeats must be above 0", file=sys.stderr)
        return 2
    options = Options(
        parsed.model if parsed.model.startswith("models:") else str(Path(parsed.model).absolute()),
        parsed.out,
        not parsed.without_mlflow,
        parsed.threads,
        parsed.seconds,
        parsed.soak_minutes,
        parsed.repeats,
    )
    stored = options.out / "serving.json"
    results = json.loads(stored.read_text(encoding="utf-8")) if stored.exists() else {}
    conditions = f"{os.cpu_count()} cores ({platform.machine()}), {options.threads or 'all'} threads"
    conditions += f", {options.seconds:g} s a load, {options.repeats} repeats"
    for name in (name for name in PARTS if name in parsed.parts or not parsed.parts):
        print(f"{name}: {first_line(PARTS[name])}", flush=True)
        results[name] = {"rows": PARTS[name](options), "with": conditions}
        print(records_to_markdown(results[name]["rows"]), flush=True)
        # After each part, so that there is something to read before the last.
        write_json(stored, results)
        write_text(options.out / "serving.md", text_of({n: results[n] for n in PARTS if n in results}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
