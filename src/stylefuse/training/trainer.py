"""The Trainer: runs any training to its end, on one process or several, from its last checkpoint on."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from PIL.Image import Image

from stylefuse._memory import reuse_freed_memory
from stylefuse.training import distributed
from stylefuse.training.checkpoint import Checkpoints
from stylefuse.training.collapse import CollapseWatch
from stylefuse.training.interrupt import deferred_interrupt
from stylefuse.training.observer import Observer
from stylefuse.training.options import TrainingOptions
from stylefuse.training.run_lock import checkpoints_of, run_lock
from stylefuse.training.session import Session
from stylefuse.training.state import Losses, TrainState

logger = logging.getLogger(__name__)


class Training(Protocol):
    """What is trained, and how: one step, and all state that it changes.

    remedy: the option to change when losses stay infinite, for the error message.
    watch: looks for a collapsed critic; None where there is no critic.
    """

    remedy: str
    state: TrainState

    @property
    def watch(self) -> CollapseWatch | None: ...

    def step(self, options: Any) -> Losses:
        """Train on one batch and return the losses; ends with `TrainState.update`."""

    def draw(self) -> Image:
        """Draw a sample grid with the networks as they are now."""


class Trained(NamedTuple):
    """A finished training.

    losses: rows with "images_seen" and the mean of each loss over the logging interval before.
    trained_with: what it ran on, a mapping for each machine or setting in turn.
    """

    training: Any
    losses: list[dict[str, float]]
    trained_with: list[dict[str, Any]]


class Trainer:
    """Runs trainings: restores, steps, skips bad steps, draws samples, saves, stops on signals.

    Args:
        name: of the training, for the log and for tags.
        kind: of its checkpoint folder; trainings of one kind follow each other.
        checkpoints: folder of all checkpoints; None keeps none, so that there is nothing to lock or resume.
        samples: folder for sample grids; None draws none. Grids of an earlier training are deleted.
        restart: name of the parameter that starts anew, for messages.
        observer: receives the reports. Picklable, where the training runs on several processes.
    """

    def __init__(
        self,
        name: str,
        kind: str = "",
        checkpoints: Path | None = None,
        samples: Path | None = None,
        restart: str = "restart",
        observer: Observer | None = None,
    ):
        self._name, self._kind, self._restart = name, kind, restart
        self._checkpoints, self._samples, self._observer = checkpoints, samples, observer or Observer()

    def train(
        self,
        build: Callable[[], Training],
        options: TrainingOptions,
        definition: Mapping[str, Any] | None = None,
        anew: bool = False,
    ) -> Trained:
        """Train until `options.images` images were seen. Interrupted, it saves, then passes the signal on.

        With `strategy: ddp` it runs on several processes: they are started here, or by torchrun around this one. Under
        torchrun all but the first end after this; else this process waits, then loads the finished training.

        Args:
            build: makes the training about to begin; picklable for `strategy: ddp`.
            definition: all that decides the outcome, see `run_lock`.
            anew: delete this training's checkpoints first, and those of unfinished ones of its kind.

        Raises:
            TrainingRefusedError: another training of this kind is running, or unfinished and different.
            TrainingDivergedError: losses were not finite for more than three steps in a row; the state was saved.
            ProcessLostError: one of several processes failed or was killed; the last checkpoint is kept.
            ValueError: torchrun without `strategy: ddp`, or with another number of processes than `devices`.
            KeyboardInterrupt, SystemExit: SIGINT; SIGTERM or SIGHUP. The state was saved.
        """
        reuse_freed_memory()
        with self._processes(build, options, definition or {}, anew) as saved:
            training = build()
            state = training.state
            session = Session(self._name, training, options, saved, self._samples, self._observer)
            with session, deferred_interrupt() as interruption:
                while state.images_seen < options.images and not state.stopped:
                    session.count(training.step(session.options))
                    interruption.number = distributed.all_reduce_max(interruption.number)
                    last, diverged = state.images_seen >= options.images or state.stopped, session.diverged()
                    if last or session.passed(options.sample_every):
                        session.draw()
                    stop = last or diverged or interruption.number
                    if stop or session.passed(options.checkpoint_every):
                        session.save()
                    if diverged:
                        raise diverged
                    if interruption.number:
                        done = state.images_seen, options.images
                        logger.info("saved at %d of %d images: the same command goes on", *done)
                    interruption.raise_if_requested()
        return Trained(training, session.log.rows, session.trained_with)

    @contextmanager
    def _processes(
        self,
        build: Callable[[], Training],
        options: TrainingOptions,
        definition: Mapping[str, Any],
        anew: bool,
    ) -> Iterator[Checkpoints | None]:
        """Lock the folder and start or join the other processes; give the checkpoints, None but on the first one."""
        if distributed.in_group():  # started below, by the process that holds the lock
            yield None if distributed.rank() else self._saved(definition, options)
        elif distributed.under_torchrun():
            first = os.environ["RANK"] == "0"
            local, started = int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"])
            if options.strategy != "ddp" or options.devices != started:
                raise ValueError(
                    f"torchrun started {started} processes here: "
                    f"say training.strategy=ddp,training.devices={started}"
                )
            lock = self._lock(definition, options, anew) if first else nullcontext()
            with lock as saved, distributed.group(options.device, local):
                yield saved
            if not first:
                raise SystemExit(0)
        else:
            with self._lock(definition, options, anew) as saved:
                if options.strategy == "ddp":
                    members = (self, build, options, definition)
                    distributed.launch(options.devices, options.device, _train_in_group, *members)
                    if saved and (saved.facts() or {"images_seen": 0})["images_seen"] < options.images:
                        raise SystemExit(0)  # the processes received SIGTERM, and this one did not
                yield saved

    def _lock(self, definition: Mapping[str, Any], options: TrainingOptions, anew: bool) -> Any:
        if self._checkpoints is None:
            return nullcontext()
        keep = options.keep_checkpoints
        return run_lock(self._checkpoints, self._kind, definition, keep, self._restart, anew)

    def _saved(self, definition: Mapping[str, Any], options: TrainingOptions) -> Checkpoints | None:
        if self._checkpoints is None:
            return None
        return checkpoints_of(self._checkpoints, self._kind, definition, options.keep_checkpoints)

    def join(self) -> None:
        """Prepare a process that was started for this training; the first one reports as its parent would."""
        if distributed.rank() == 0:
            logging.basicConfig(level=logging.INFO)
            self._observer.on_process()


def _train_in_group(
    trainer: Trainer,
    build: Callable[[], Training],
    options: TrainingOptions,
    definition: Mapping[str, Any],
) -> None:
    trainer.join()
    trainer.train(build, options, definition)
