"""Show a training and record it: a progress bar, and losses, samples and tags in the node's MLflow run."""

import sys
from collections.abc import Mapping
from typing import Any

from PIL.Image import Image
from tqdm import tqdm

from stylefuse.tracking import record
from stylefuse.training.observer import Observer


class TrackedProgress(Observer):
    """Create it in the node: a process that is started for the training then records in the node's MLflow run.

    Args:
        name: of the training, for the bar and as prefix of its metrics.
        samples: key of its sample grids.
    """

    def __init__(self, name: str, samples: str = "samples"):
        self._name, self._samples, self._run = name, samples, _current_run()
        self._bar: Any = None

    def on_process(self) -> None:
        if self._run:
            import mlflow

            uri, run_id = self._run
            mlflow.set_tracking_uri(uri)
            record.attempt("losses", lambda: mlflow.start_run(run_id=run_id))

    def on_begin(self, images_seen: int, total: int) -> None:
        # In a log file a line every 20 s is enough.
        interval = 0.5 if sys.stderr.isatty() else 20
        start = {"total": total, "initial": images_seen, "mininterval": interval}
        self._bar = tqdm(desc=self._name, unit="img", dynamic_ncols=True, **start)

    def on_step(self, images_seen: int, losses: Mapping[str, float]) -> None:
        self._bar.update(images_seen - self._bar.n)

    def on_row(self, images_seen: int, means: Mapping[str, float]) -> None:
        self._bar.set_postfix({name: f"{mean:.3g}" for name, mean in means.items()}, refresh=False)
        record.queue_metrics({f"{self._name}.{name}": mean for name, mean in means.items()}, images_seen)

    def on_sample(self, images_seen: int, picture: Image) -> None:
        record.log_image(picture, self._samples, images_seen)

    def on_tag(self, key: str, value: str) -> None:
        record.log_tag(key, value)

    def on_end(self) -> None:
        self._bar.close()


def _current_run() -> tuple[str, str] | None:
    """Address of the tracking database and id of the open run; None without a run."""
    import mlflow

    run = mlflow.active_run()
    return (mlflow.get_tracking_uri(), run.info.run_id) if run else None
