"""Options of the parts, and the rows that they return."""

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.serving.servers import mlflow_serve, stylefuse

Rows = list[dict[str, Any]]
LARGE = (4000, 3000)  # 12 megapixels


class Options(NamedTuple):
    """model: a folder or models:/…; out: folder of logs; mlflow: whether it is measured beside; seconds: of a load."""

    model: str
    out: Path
    mlflow: bool
    threads: int
    seconds: float
    soak_minutes: float
    repeats: int

    def ours(self, **more: float):
        """Start `stylefuse serve` with further options; a context manager."""
        return stylefuse(self.model, self.out / "stylefuse.log", self.threads, **more)

    def theirs(self):
        """Start `mlflow models serve`; a context manager, of None where it is not measured."""
        if not self.mlflow:
            return contextlib.nullcontext()
        return mlflow_serve(self.model, self.out / "mlflow.log", self.threads)
