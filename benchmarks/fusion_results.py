"""Results on disk, one JSON file for each thing measured, so that a benchmark can be stopped and go on."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fusion_methods import Method

# Method → what was measured of it: name of the score → its values, one a picture.
Scores = dict[str, dict[str, list[float]]]


def scores_of(
    path: Path,
    settings: dict[str, Any],
    methods: Sequence[Method],
    again: bool,
    measure: Callable[[list[Method]], Scores],
) -> Scores:
    """The scores of all methods: those that `path` keeps, the others measured now and kept.

    Args:
        settings: what the scores depend on beside the method: seed, photos, and the like.
        again: measure all anew, whatever was kept.
        measure: measures some of the methods.

    Raises:
        ValueError: the file's scores were measured under other settings, and are not comparable.
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


def write_json(path: Path, content: dict[str, Any]) -> None:
    write_text(path, json.dumps(content, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
