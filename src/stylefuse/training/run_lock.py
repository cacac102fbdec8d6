"""One training at a time in one place, and none that would leave another one behind half done."""

import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from stylefuse.training.checkpoint import Checkpoints, fingerprint
from stylefuse.training.identity import differences

logger = logging.getLogger(__name__)


class TrainingRefusedError(RuntimeError):
    """A training may not begin here now; the message says why, and what to do."""


@contextmanager
def claim(
    folder: Path, kind: str, identity: Mapping[str, Any], keep: int, restart: str, anew: bool
) -> Iterator[Checkpoints]:
    """Hold the place of a training while the context lasts; gives its checkpoints, `<kind>-<fingerprint>` in `folder`.

    Args:
        folder: of all checkpoints.
        kind: what is trained. Trainings of one kind follow each other here, they share samples and results.
        identity: options under "options", pictures under "data", and what else decides the outcome.
        keep: checkpoints to keep.
        restart: the parameter that asks to begin anew, for messages; anew: whether it does. Then this training's
            states are deleted, and those of every unfinished one of its kind.

    Raises:
        TrainingRefusedError: another training is running here; or an unfinished one of this kind lies here that this
            one is not, and which it would leave behind. Finished ones are no obstacle.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = folder / f"{kind}-{fingerprint(dict(identity))}"
    saved = Checkpoints(own, keep, {"identity": {k: v for k, v in identity.items() if k != "options"}})
    with _locked(folder / f".{kind}.lock"):
        others = _unfinished(folder, kind, own)
        if anew:
            for each in (own, *others):
                shutil.rmtree(each, ignore_errors=True)
        elif others and saved.facts() is None:
            raise TrainingRefusedError(_refusal(*others.popitem(), identity, restart))
        saved.sweep()
        yield saved


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock file; the system lets go of it when this process ends, however it ends."""
    # In a file of its own: who asks for a lock may empty the locked file, and Windows lets nobody else read it.
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
    """Folder and facts of every training of the kind, but `own`, that has still images to see."""
    found = {}
    for each in sorted(folder.glob(f"{kind}-*")):
        facts = Checkpoints(each).facts()
        if each == own or facts is None:
            continue
        if "identity" not in facts:
            logger.info("%s is of an older version, which alone could go on with it: left alone", each)
        elif facts["images_seen"] < facts["options"]["images"]:
            found[each] = facts
    return found


def _refusal(other: Path, facts: dict[str, Any], identity: Mapping[str, Any], restart: str) -> str:
    old = {"options": facts["options"], **facts["identity"]}
    done = f"{facts['images_seen']} of {facts['options']['images']} images"
    lines = "\n  ".join(differences(old, identity))
    return (
        f"an unfinished training lies in {other} ({done}), and this one differs from it:\n  {lines}\n"
        f"Put that back to go on with it, or begin anew with {restart}=true, which removes it."
    )
