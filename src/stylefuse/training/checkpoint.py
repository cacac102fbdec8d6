"""Write and read the checkpoints of a training; a damaged one is skipped for the one before it."""

import contextlib
import logging
import re
from pathlib import Path
from typing import Any

from stylefuse._atomic import PARTIAL
from stylefuse.networks.weights import Weights, read_facts, read_weights, write_weights

logger = logging.getLogger(__name__)
_NAME = re.compile(r"images-(\d{9})\.safetensors")


class Checkpoints:
    """The checkpoints of one training, in a folder of its own.

    Args:
        folder: its name holds the training's fingerprint, so no other training resumes from it.
        keep: number of checkpoints to keep; with two or more, a damaged newest one costs little.
        about: facts of the training that are added to every checkpoint.
    """

    def __init__(self, folder: Path, keep: int = 2, about: dict[str, Any] | None = None):
        self.folder, self._keep, self._about = folder, keep, about or {}

    def save(self, images_seen: int, weights: Weights) -> None:
        """Write the checkpoint, then delete the oldest beyond `keep`.

        Raises:
            OSError: it cannot be written. The message names the folder; earlier checkpoints are kept.
        """
        facts = {**self._about, **weights.facts}
        write_weights(self.folder / f"images-{images_seen:09d}.safetensors", Weights(weights.tensors, facts))
        for old in self._paths()[self._keep :]:
            old.unlink()

    def latest(self) -> Weights | None:
        """Read the newest undamaged checkpoint, or None. Damaged ones are renamed to `….damaged`."""
        for path in self._paths():
            try:
                return read_weights(path)
            except ValueError as error:
                # Rename it: under its own name it would count as one to keep, and a good one would be deleted.
                aside = path.rename(path.with_name(f"{path.name}.damaged"))
                logger.warning("checkpoint skipped: %s (now %s)", error, aside)
        return None

    def facts(self) -> dict[str, Any] | None:
        """Read only the facts of the newest checkpoint, or None. Tensors are neither read nor checked."""
        for path in self._paths():
            with contextlib.suppress(ValueError):
                return read_facts(path)
        return None

    def sweep(self) -> None:
        """Delete half-written files of a process that was killed. Only the process that holds the lock may."""
        for partial in self.folder.glob(PARTIAL):
            partial.unlink()

    def _paths(self) -> list[Path]:
        found = [p for p in self.folder.glob("*.safetensors") if _NAME.fullmatch(p.name)]
        return sorted(found, reverse=True)
