"""A network on disk: tensors as safetensors, and what is needed to build it again as JSON beside them.

torch is imported on use, so that whoever only names the type `Weights` does not wait for it.
"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Weights(NamedTuple):
    """A network's tensors by name, and its facts: kind, config, styles (index 0 is "photo"), and the like."""

    tensors: dict[str, "Tensor"]
    facts: dict[str, Any]


def write_weights(path: Path, weights: Weights) -> None:
    """Write all or nothing: to a temporary file beside `path`, flushed to disk, then renamed."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        tensors = {name: t.detach().cpu().contiguous() for name, t in weights.tensors.items()}
        save_file(tensors, partial, metadata={"facts": json.dumps(weights.facts)})
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_weights(path: Path) -> Weights:
    """Read what `write_weights` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not safetensors, is cut short, or lacks the facts.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}: run the pipeline that trains them")
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})["facts"])
            return Weights({name: file.get_tensor(name) for name in file.keys()}, facts)  # noqa: SIM118
    except (SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{path.name} is damaged or not of this project ({error}): train it again"
        ) from error
