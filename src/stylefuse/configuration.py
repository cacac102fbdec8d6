"""Load Kedro's configuration: with defaults of tasks, and the home folder in place of `~` in the catalog's paths."""

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
    """The parameters, with the defaults of the batch pipelines where no file states a value."""
    from stylefuse.pipelines.batches.options import default_parameters

    defaults = default_parameters()
    return parameters | {name: {**given, **parameters.get(name, {})} for name, given in defaults.items()}


def expanded(path: str) -> str:
    """The path with the home folder in place of `~`; as it is, where the system knows no such home."""
    if path.startswith("~"):
        with suppress(RuntimeError):
            return str(Path(path).expanduser())
    return path
