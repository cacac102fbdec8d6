"""Networks on disk: a safetensors file with the tensors, and JSON facts that are needed to build the network again.

torch is imported on use, so that code that only names the type `Weights` does not import it.
"""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stylefuse._atomic import write_whole

if TYPE_CHECKING:
    from torch import Tensor


class Weights(NamedTuple):
    """A network's tensors by name, and facts about it: kind, config, styles (index 0 is "photo") and so on."""

    tensors: dict[str, "Tensor"]
    facts: dict[str, Any]

    def checksum(self) -> str:
        """Return the sha256 over tensors and facts, as in the file unless that is in half precision."""
        return _checksum(self.tensors, json.dumps(self.facts))

    def require(self, kind: str) -> None:
        """Raise ValueError if these are weights of another kind of network than `kind`, "generator"."""
        if (found := self.facts.get("kind")) != kind:
            article = "an" if kind[0] in "aeiou" else "a"
            raise ValueError(f"these are weights of a {found}, not of {article} {kind}")


def write_weights(path: Path, weights: Weights) -> None:
    """Write a network to a file, all or nothing.

    The file holds a sha256 of tensors and facts, because safetensors alone does not detect changed bytes.

    Raises:
        OSError: the disk is full, or the folder may not be written to; what was at `path` is still there.
    """
    from safetensors.torch import save

    facts = json.dumps(weights.facts)
    tensors = {name: t.detach().cpu().contiguous() for name, t in weights.tensors.items()}
    content = save(tensors, metadata={"facts": facts, "sha256": _checksum(tensors, facts)})
    write_whole(path, content)


def read_weights(path: Path) -> Weights:
    """Read what `write_weights` wrote; tensors of float16 as float32.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not safetensors, is cut short, was changed since, or lacks the facts.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise FileNotFoundError(
            f"no weights at {path}: run the pipeline that trains them, or name another data_root with --params"
        )
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        facts, written = json.loads(about["facts"]), about.get("sha256")
        # Of what is in the file, before it is converted. Older files have none.
        if written and written != _checksum(tensors, about["facts"]):
            raise ValueError("its content does not match its checksum")
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(
            f"{path.name} is damaged or not of this project ({error}): train it again"
        ) from error
    # A file in half precision takes half the space; networks compute with what it holds in float32.
    halves = {name: tensor.float() for name, tensor in tensors.items() if tensor.dtype is torch.float16}
    return Weights(tensors | halves, facts)


def read_facts(path: Path) -> dict[str, Any]:
    """Read the facts alone; tensors are neither read nor checked.

    Raises:
        ValueError: the file is not safetensors, is cut short, or lacks the facts.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return json.loads((file.metadata() or {})["facts"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"{path.name} is damaged or not of this project ({error})") from error


def _checksum(tensors: dict[str, "Tensor"], facts: str) -> str:
    """sha256 over names, types, shapes and bytes of the tensors, and the facts."""
    import torch

    digest = hashlib.sha256(facts.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
