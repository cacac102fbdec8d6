"""A node's training on one process or several: these are started here, or by torchrun around the whole `kedro run`."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol, TypeVar

from stylefuse.tracking import record

if TYPE_CHECKING:
    from stylefuse.training.checkpoint import Checkpoints

log = logging.getLogger(__name__)
T = TypeVar("T")


class Places(Protocol):
    """A training's options, as far as they say where it runs."""

    images: int
    device: str
    strategy: str
    devices: int


def train_on_all(
    options: Places,
    place: "AbstractContextManager[Checkpoints]",
    train: "Callable[[Checkpoints | None], T]",
) -> T:
    """Train on as many processes as the options name, and return what `train` does on the first of them.

    Processes started here train to the end and leave the last checkpoint; from that `train`, called once more in
    this process, hands over a finished training. So tracking, catalog and errors are those of any other node, and a
    dead process is a failed node. With torchrun, on one machine or many, every process runs the node; all but the
    first end after it, and leave results and what follows to that one.

    Args:
        place: claims the training's folder, see `training.claim`; entered by the first process alone.
        train: what can be pickled; it gets the checkpoints, on other processes than the first None.

    Raises:
        ProcessLostError: a process failed or was killed; the last checkpoint is there to go on from.
        ValueError: torchrun without `strategy: ddp`, or with another number of processes than `devices`.
    """
    from stylefuse.training import distributed

    if distributed.launched():
        return _train_under_torchrun(options, place, train)
    with place as saved:
        if options.strategy == "ddp":
            distributed.launch(options.devices, options.device, _work, _current_run(), train, saved)
            if (saved.facts() or {"images_seen": 0})["images_seen"] < options.images:
                raise SystemExit(0)  # someone sent SIGTERM to the processes and not to this one
        return train(saved)


def _train_under_torchrun(
    options: Places,
    place: "AbstractContextManager[Checkpoints]",
    train: "Callable[[Checkpoints | None], T]",
) -> T:
    import os

    from stylefuse.training import distributed

    local, started = int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"])
    if options.strategy != "ddp" or options.devices != started:
        raise ValueError(
            f"torchrun started {started} processes here: say training.strategy=ddp,training.devices={started}"
        )
    first = os.environ["RANK"] == "0"
    with place if first else nullcontext() as saved, distributed.group(options.device, local):
        made = train(saved)
    if not first:
        raise SystemExit(0)
    return made


def _work(run: tuple[str, str] | None, train: "Callable[[Checkpoints | None], object]", saved: "Checkpoints"):
    """What a process started here does; the first one goes on with the node's MLflow run."""
    import mlflow

    from stylefuse.training import distributed

    if distributed.rank():
        train(None)
        return
    logging.basicConfig(level=logging.INFO)
    if run:
        uri, run_id = run
        mlflow.set_tracking_uri(uri)
        record.attempt("losses", lambda: mlflow.start_run(run_id=run_id))
    train(saved)


def _current_run() -> tuple[str, str] | None:
    import mlflow

    run = mlflow.active_run()
    return (mlflow.get_tracking_uri(), run.info.run_id) if run else None
