"""A training that is killed in tests; in a module of its own, for the process that runs it imports it."""

import os
import signal
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd

from stylefuse import _atomic
from stylefuse.networks.weights import Weights, write_weights
from stylefuse.pipelines.progress import TrackedProgress
from stylefuse.pipelines.train_hybrid.nodes import train_generator
from stylefuse.pipelines.train_hybrid.options import TrainOptions
from stylefuse.tasks.stylize import training as hybrid
from stylefuse.training import trainer
from support import TINY

# Forty steps, a checkpoint after each.
OPTIONS = TrainOptions(restart=False, training=replace(TINY, images=160, checkpoint_every=4, log_every=32))
# Imported before the fork, so that each process starts at once.
assert all((mlflow, trainer, hybrid))
# What a save does, in order.
MOMENTS = ("before", "half written", "written", "flushed", "renamed", "name flushed", "old one deleted")


def train(
    data: tuple[Path, pd.DataFrame], classifier: Weights, workspace: Path, moment: str = "", save: int = 0
) -> None:
    """Train to the end and write the generator; or kill this process at a moment of the save of that number."""
    folder, manifest = data
    for name in ("checkpoints", "samples"):
        (workspace / name).mkdir(exist_ok=True)
    if moment:
        _kill_at(moment, save)
    begin = TrackedProgress.on_begin

    def begun(progress: TrackedProgress, images_seen: int, total: int) -> None:
        (workspace / "started").touch()  # from here on there is something to lose
        begin(progress, images_seen, total)

    TrackedProgress.on_begin = begun
    log, _, generator = train_generator(
        manifest, folder, classifier, workspace / "checkpoints", workspace / "samples", OPTIONS
    )
    write_weights(workspace / "generator.safetensors", generator)
    log.to_csv(workspace / "log.csv")


def _kill_at(moment: str, save: int) -> None:
    """Count the saves, and end this process as `kill -9` does in the one asked for."""
    saves = 0

    def now(name: str) -> None:
        if (name, save) == (moment, saves):
            os.kill(os.getpid(), signal.SIGKILL)

    class Half(FileIO):
        """Writes in two halves."""

        def write(self, content: Any) -> int:
            half = len(content) // 2
            super().write(content[:half])
            now("half written")
            done = half + super().write(content[half:])
            now("written")
            return done

    opened, replaced, deleted, synced = Path.open, Path.replace, Path.unlink, os.fsync

    def open_(path: Path, mode: str = "r", **settings: Any) -> Any:
        nonlocal saves
        if mode != "wb" or not path.name.endswith(".tmp"):
            return opened(path, mode, **settings)
        saves += 1
        now("before")
        return Half(path, "w")

    def fsync(descriptor: int) -> None:
        synced(descriptor)
        now("name flushed" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "flushed")  # noqa: PTH112

    def replace_(path: Path, target: Path) -> Path:
        done = replaced(path, target)
        now("renamed")
        return done

    def unlink(path: Path, missing_ok: bool = False) -> None:
        deleted(path, missing_ok=missing_ok)
        if path.suffix == ".safetensors":
            now("old one deleted")

    Path.open, Path.replace, Path.unlink, _atomic.os.fsync = open_, replace_, unlink, fsync
