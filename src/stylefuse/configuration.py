"""Load Kedro's configuration: with defaults of tasks, and the home folder in place of `~` in the catalog's paths."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader

from stylefuse.tasks.task import find_tasks

PATTERN = "{task}_input"  # the catalog's entry for the folder of pictures of any task


class ConfigLoader(OmegaConfigLoader):
    """Paths may begin with `~`, wherever they come from, and are text, though YAML reads `2024` as a number."""

    def __getitem__(self, key: str) -> dict[str, Any]:
        found = super().__getitem__(key)
        if key == "parameters":
            return _with_defaults(found)
        if key != "catalog":
            return found
        found = found | self._inputs_of_tasks(found)
        return {
            name: {**entry, "filepath": expanded(str(entry["filepath"]))}
            if isinstance(entry, dict) and "filepath" in entry
            else entry
            for name, entry in found.items()
        }

    def _inputs_of_tasks(self, catalog: dict[str, Any]) -> dict[str, Any]:
        """Entries for the folders of pictures that the command line names, which a pattern cannot read."""
        given = {name: self.runtime_params[name] for name in task_inputs() if name in self.runtime_params}
        return {name: {**catalog[PATTERN], "filepath": folder} for name, folder in given.items()}


def task_inputs() -> list[str]:
    """Parameters that name the folders of pictures for the tasks' batch pipelines."""
    return [f"{name}_input" for name in find_tasks()]


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
