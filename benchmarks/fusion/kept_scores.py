"""Scores on disk, one JSON file for each table line, so that a benchmark can be stopped and continued."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.common.files import write_json
from benchmarks.fusion.methods import Method

# Method → name of the score → its values, one for each picture.
Scores = dict[str, dict[str, list[float]]]


def scores_of(
    path: Path,
    settings: dict[str, Any],
    methods: Sequence[Method],
    again: bool,
    measure: Callable[[list[Method]], Scores],
) -> Scores:
    """Return the scores of all methods. Kept ones are read from `path`; the others are measured and kept.

    Args:
        settings: what the scores depend on beside the method: seed, photos, and the like.
        again: measure all methods anew.
        measure: measures some of the methods.

    Raises:
        ValueError: the kept scores were measured with other settings, and cannot be compared.
    """
    kept = {}
    if path.exists() and not again:
        stored = json.loads(path.read_text(encoding="utf-8"))
        different = [name for name, value in settings.items() if stored["settings"].get(name) != value]
        if different:
            raise ValueError(
                f"{path} was measured with other {', '.join(different)}: use --again, or another --out"
            )
        kept = stored["methods"]
    todo = [method for method in methods if kept.get(method.name, {}).get("version") != method.version]
    if todo:
        measured = measure(todo)
        for method in todo:
            kept[method.name] = {"version": method.version, "scores": measured[method.name]}
        write_json(path, {"settings": settings, "methods": kept})
    return {method.name: kept[method.name]["scores"] for method in methods}
