"""What the parts of the serving benchmark are told, and what they give."""

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

from serving_servers import mlflow_serve, stylefuse

Rows = list[dict[str, Any]]
LARGE = (4000, 3000)  # 12 megapixels


class Options(NamedTuple):
    """model: a folder or models:/…; mlflow: whether it is measured beside; out: where logs go; seconds: of a load."""

    model: str
    out: Path
    mlflow: bool
    threads: int
    seconds: float
    soak_minutes: float
    repeats: int

    def ours(self, **more: float):
        return stylefuse(self.model, self.out / "stylefuse.log", self.threads, **more)

    def theirs(self):
        if not self.mlflow:
            return contextlib.nullcontext()
        return mlflow_serve(self.model, self.out / "mlflow.log", self.threads)
