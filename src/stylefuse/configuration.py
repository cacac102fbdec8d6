"""Load Kedro's configuration: with defaults of tasks, and the home folder in place of `~` in the catalog's paths."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader


class ConfigLoader(OmegaConfigLoader):
    """Paths may begin with `~`, wherever they come from, and are text, though YAML reads `2024` as a number."""

    def __getitem__(self, key: str) -> dict[str, Any]:
        found = super().__getitem__(key)
        if key == "parameters":
            return _with_defaults(found)
        if key != "catalog":
            return found
        return {
            name: {**entry, "filepath": expanded(str(entry["filepath"]))}
            if isinstance(entry, dict) and "filepath" in entry
            else entry
            for name, entry in found.items()
        }


def _with_defaults(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters, with the defaults of heads and batch pipelines where nothing else is stated."""
    from stylefuse.pipelines.batches.options import default_parameters
    from stylefuse.tasks.task import find_heads

    heads = {head.pipeline: head.default_parameters() for head in find_heads().values()}
    return merged(heads | default_parameters(), parameters)


def merged(defaults: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    """What is stated, and the default of each value that is not; mappings within mappings are merged likewise."""
    result = {**defaults, **stated}
    for key in defaults.keys() & stated.keys():
        if isinstance(defaults[key], Mapping) and isinstance(stated[key], Mapping):
            result[key] = merged(defaults[key], stated[key])
    return result


def expanded(path: str) -> str:
    """The path with the home folder in place of `~`; as it is, where the system knows no such home."""
    if path.startswith("~"):
        with suppress(RuntimeError):
            return str(Path(path).expanduser())
    return path
