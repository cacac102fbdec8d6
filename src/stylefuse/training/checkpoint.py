"""Checkpoints on disk: everything or nothing, the newest whole one wins."""

import ast
import contextlib
import hashlib
import json
import logging
import re
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from stylefuse._atomic import PARTIAL
from stylefuse.networks.weights import Weights, read_facts, read_weights, write_weights

logger = logging.getLogger(__name__)
_NAME = re.compile(r"images-(\d{9})\.safetensors")


class Checkpoints:
    """The checkpoints of one training, in a folder of its own.

    Args:
        folder: named after the fingerprint of data and options, so another training never resumes from it.
        keep: how many to keep; more than one, so that a damaged newest is no loss.
        about: facts of the training that every checkpoint carries beside its own.
    """

    def __init__(self, folder: Path, keep: int = 2, about: dict[str, Any] | None = None):
        self.folder, self._keep, self._about = folder, keep, about or {}

    def save(self, images_seen: int, weights: Weights) -> None:
        """Write the checkpoint, then delete the oldest beyond `keep`.

        Raises:
            OSError: it cannot be written; it names the folder, and the checkpoints before are still there.
        """
        facts = {**self._about, **weights.facts}
        write_weights(self.folder / f"images-{images_seen:09d}.safetensors", Weights(weights.tensors, facts))
        for old in self._paths()[self._keep :]:
            old.unlink()

    def latest(self) -> Weights | None:
        """The newest whole checkpoint; None where there is none. Damaged ones are set aside as `….damaged`."""
        for path in self._paths():
            try:
                return read_weights(path)
            except ValueError as error:
                # Out of the way: else it would count as one of the newest, and a good one would be deleted for it.
                aside = path.rename(path.with_name(f"{path.name}.damaged"))
                logger.warning("checkpoint skipped: %s (now %s)", error, aside)
        return None

    def facts(self) -> dict[str, Any] | None:
        """Facts of the newest checkpoint whose facts can be read, without its tensors; None where there is none."""
        for path in self._paths():
            with contextlib.suppress(ValueError):
                return read_facts(path)
        return None

    def sweep(self) -> None:
        """Delete what a write that was killed left half done. Only for whoever alone writes here."""
        for partial in self.folder.glob(PARTIAL):
            partial.unlink()

    def _paths(self) -> list[Path]:
        found = [p for p in self.folder.glob("*.safetensors") if _NAME.fullmatch(p.name)]
        return sorted(found, reverse=True)


def fingerprint(*parts: Any) -> str:
    """Sixteen hex digits that name a training: equal data and options, equal fingerprint.

    Args:
        parts: frozen dataclasses, or anything JSON holds.
    """
    plain = [asdict(part) if is_dataclass(part) else part for part in parts]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def code_hash(*modules: str) -> str:
    """sha256 over these modules of the package and all of its modules that they import, directly or not.

    Whoever changes a loss trains anew what uses it, and nothing else.

    Args:
        modules: dotted, below the package: "training.classifier".
    """
    package = Path(__file__).parents[1]
    found: set[Path] = set()
    waiting = [package.joinpath(*module.split(".")).with_suffix(".py") for module in modules]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path, package)
    digest = hashlib.sha256()
    for path in sorted(found):
        digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _imported(path: Path, package: Path) -> list[Path]:
    """Files of the package that a module names in its imports, wherever these stand."""
    named = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
    parts = [name.split(".")[1:] for name in named if name.startswith(f"{package.name}.")]
    files = [package.joinpath(*part).with_suffix(".py") for part in parts if part]
    return [file for file in files if file.is_file()]
