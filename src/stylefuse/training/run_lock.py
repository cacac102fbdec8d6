"""Lock the checkpoint folder; refuse to start over an unfinished run with other settings."""

import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from stylefuse.training.checkpoint import Checkpoints
from stylefuse.training.fingerprint import differences, fingerprint
from stylefuse.training.state import STOPPED

logger = logging.getLogger(__name__)
# Key of a definition in a checkpoint's facts, without the options, which have a key of their own.
_DEFINITION = "identity"


class TrainingRefusedError(RuntimeError):
    """A training may not start in this folder now. The message gives the reason and the remedy."""


def checkpoints_of(folder: Path, kind: str, definition: Mapping[str, Any], keep: int) -> Checkpoints:
    """Return the checkpoints of a training, in the subfolder `<kind>-<fingerprint>`.

    Args:
        folder: of all trainings' checkpoints.
        kind: of training.
        definition: all that decides the outcome: options that count for the fingerprint under "options", pictures
            under "data", code under "code", and the like.
        keep: number of checkpoints to keep.
    """
    about = {_DEFINITION: {key: value for key, value in definition.items() if key != "options"}}
    return Checkpoints(folder / f"{kind}-{fingerprint(dict(definition))}", keep, about)


@contextmanager
def run_lock(
    folder: Path, kind: str, definition: Mapping[str, Any], keep: int, restart: str, anew: bool
) -> Iterator[Checkpoints]:
    """Lock a kind of training in this folder while the context lasts, and give this training's checkpoints.

    Trainings of one kind share sample grids and results, so one at a time may run, and an unfinished one must be
    continued or removed before another starts. Finished ones are no obstacle.

    Args:
        folder, kind, definition, keep: see `checkpoints_of`.
        restart: name of the parameter that starts anew, for messages.
        anew: whether to start anew. This deletes the checkpoints of this training and of all unfinished ones of its
            kind.

    Raises:
        TrainingRefusedError: another training of this kind is running, or is unfinished and has another definition.
    """
    folder.mkdir(parents=True, exist_ok=True)
    saved = checkpoints_of(folder, kind, definition, keep)
    with _locked(folder / f".{kind}.lock"):
        others = _unfinished(folder, kind, saved.folder)
        if anew:
            for each in (saved.folder, *others):
                shutil.rmtree(each, ignore_errors=True)
        elif others and saved.facts() is None:
            raise TrainingRefusedError(_refusal(*others.popitem(), definition, restart))
        saved.sweep()
        yield saved


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock file. The system releases it when the process ends, however it ends."""
    # The process number is in a file of its own: asking for the lock may empty the lock file, and on Windows no
    # other process may read it.
    holder, lock = path.with_suffix(".pid"), FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        number = holder.read_text(encoding="utf-8") if holder.is_file() else ""
        raise TrainingRefusedError(
            f"a training is running in {path.parent} already, process {number or 'unknown'}: "
            "wait for its end or stop it, or give this one another data_root"
        ) from None
    with lock:
        holder.write_text(str(os.getpid()), encoding="utf-8")
        try:
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()


def _unfinished(folder: Path, kind: str, own: Path) -> dict[Path, dict[str, Any]]:
    """Folder and facts of every unfinished training of this kind but `own`."""
    found = {}
    for each in sorted(folder.glob(f"{kind}-*")):
        facts = Checkpoints(each).facts()
        if each == own or facts is None:
            continue
        if _DEFINITION not in facts:
            logger.info("%s was written by an older version, and only that can continue it: left alone", each)
        elif facts.get("values", {}).get(STOPPED):
            continue
        elif facts["images_seen"] < facts["options"]["images"]:
            found[each] = facts
    return found


def _refusal(other: Path, facts: dict[str, Any], definition: Mapping[str, Any], restart: str) -> str:
    old = {"options": facts["options"], **facts[_DEFINITION]}
    done = f"{facts['images_seen']} of {facts['options']['images']} images"
    lines = "\n  ".join(differences(old, definition))
    return (
        f"an unfinished training lies in {other} ({done}), and this one differs from it:\n  {lines}\n"
        f"Put that back to go on with it, or begin anew with {restart}=true, which removes it."
    )
