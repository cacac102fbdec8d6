"""Finished parts of a clip beside the target, so that work which was ended at any moment goes on from there."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from stylefuse._atomic import PARTIAL, replacing
from stylefuse.images.names import printable
from stylefuse.video.encoding import Packed
from stylefuse.video.errors import VideoError

_LOCK = "lock"
_ENDS = 1 << 20  # bytes at the start and at the end of the source that are compared


class Parts:
    """The folder of the parts: `.<hash of its name>.<hash of the settings>.parts` beside the target.

    Args:
        settings: all that has an effect on the frames, as plain values.

    Raises:
        VideoError: another process works on the same target.
    """

    def __init__(self, source: Path, target: Path, settings: Mapping[str, Any]):
        self._prefix = f".{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}."
        self.folder = target.with_name(f"{self._prefix}{_fingerprint(source, settings)}.parts")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self.folder / _LOCK)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            remedy = "wait for it, or name another target"
            raise VideoError("busy", f"another process writes {printable(str(target))}", remedy) from None
        for partial in self.folder.glob(PARTIAL):
            partial.unlink()
        self.done = len(list(self.folder.glob("*.part.npz")))

    def frames_done(self) -> int:
        """Number of frames in the parts."""
        return sum(len(_load(self._part(number), "pts")["pts"]) for number in range(self.done))

    def state(self) -> dict[str, np.ndarray]:
        """The state that was added with the last part."""
        return _load(self._state(self.done - 1)) if self.done else {}

    def size(self) -> tuple[int, int]:
        """Width and height of the upright frames that were encoded."""
        width, height = _load(self._part(0), "picture")["picture"].tolist()
        return width, height

    def add(self, packets: Sequence[Packed], size: tuple[int, int], state: Mapping[str, np.ndarray]) -> None:
        """Store a part, the size of its frames, and what is needed to go on after it; all of it or nothing."""
        _save(self._state(self.done), state)
        _save(
            self._part(self.done),
            {
                "picture": np.array(size, np.int64),
                "pts": np.array([each.pts for each in packets], np.int64),
                "key": np.array([each.key for each in packets]),
                "size": np.array([len(each.data) for each in packets], np.int64),
                "data": np.frombuffer(b"".join(each.data for each in packets), np.uint8),
            },
        )
        self.done += 1
        if self.done > 1:
            self._state(self.done - 2).unlink(missing_ok=True)

    def packets(self) -> Iterator[Packed]:
        """All packets, one part in memory at a time."""
        for number in range(self.done):
            part = _load(self._part(number))
            data, start = part["data"].tobytes(), 0
            for pts, key, size in zip(*(part[name].tolist() for name in ("pts", "key", "size")), strict=True):
                yield Packed(data[start : start + size], pts, key)
                start += size

    def digest(self) -> str:
        """A hash of all packets: a number of the clip."""
        digest = hashlib.sha256()
        for packet in self.packets():
            digest.update(packet.data)
        return digest.hexdigest()

    def close(self, remove: bool) -> None:
        """Let others work on the target.

        Args:
            remove: delete the parts, and those of the same target with other settings.
        """
        if remove:
            for folder in self.folder.parent.glob(f"{self._prefix}*.parts"):
                if folder == self.folder or not _is_used(folder):
                    shutil.rmtree(folder, ignore_errors=True)
        self._lock.release()

    def _part(self, number: int) -> Path:
        return self.folder / f"{number:06d}.part.npz"

    def _state(self, number: int) -> Path:
        return self.folder / f"{number:06d}.state.npz"


def _is_used(folder: Path) -> bool:
    lock = FileLock(folder / _LOCK)
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True


def _fingerprint(source: Path, settings: Mapping[str, Any]) -> str:
    size = source.stat().st_size
    digest = hashlib.sha256(f"{size} {json.dumps(settings, sort_keys=True)}".encode())
    with source.open("rb") as file:
        digest.update(file.read(_ENDS))
        file.seek(max(size - _ENDS, 0))
        digest.update(file.read(_ENDS))
    return digest.hexdigest()[:16]


def _save(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def _load(path: Path, *names: str) -> dict[str, np.ndarray]:
    """Arrays of a file by name; all of them if none is named."""
    with np.load(path) as found:
        return {name: found[name] for name in names or found.files}
