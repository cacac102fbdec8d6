"""One training on several processes, by torch.distributed: who is who, and what they tell each other.

Every process holds the whole state, draws the whole batch from it, and computes its share; gradients and losses are
averaged before anyone uses them, so all take the same step. Without a process group each function does nothing.

Plain all-reduce after backward, and not DistributedDataParallel: its hooks count on one forward and one backward of
one module, and here G runs in parts and twice, critics are frozen for half a step, and penalties differentiate twice.
"""

import contextlib
import logging
import os
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.multiprocessing.spawn import ProcessException, start_processes

from stylefuse.training.interrupt import deferred_interrupt

logger = logging.getLogger(__name__)
T = TypeVar("T")
# A process that waits longer for the others takes them for dead. Compiling and drawing samples take less.
TIMEOUT = timedelta(minutes=10)
# What the others get to end by themselves once one has failed, seconds.
_GRACE = 10


class ProcessLostError(RuntimeError):
    """A process of several failed or was killed, and the others were stopped."""


def processes() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def share(count: int) -> slice:
    """This process' part of `count` things, equal for all: only then is a mean of their means the mean of all.

    Raises:
        ValueError: they cannot be shared equally.
    """
    if count % processes():
        raise ValueError(
            f"batch_size is {count}: it must be a multiple of the number of processes, {processes()}"
        )
    each = count // processes()
    return slice(rank() * each, (rank() + 1) * each)


def average(values: Tensor) -> Tensor:
    """Mean over the processes, in place."""
    if processes() > 1:
        dist.all_reduce(values)
        values /= processes()
    return values


def average_gradients(optimisers: Iterable[torch.optim.Optimizer]) -> None:
    """Put the mean over the processes in place of every gradient that the optimisers would use."""
    if processes() == 1:
        return
    parameters = [p for o in optimisers for group in o.param_groups for p in group["params"]]
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = average(torch.cat([g.flatten() for g in gradients]))
    for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view(gradient.shape))


def largest(value: int) -> int:
    """The largest that any process gives: how they agree to stop after the same step."""
    if processes() == 1:
        return value
    values = torch.tensor(value)
    dist.all_reduce(values, dist.ReduceOp.MAX)
    return int(values)


def from_first(make: Callable[[], T]) -> T:
    """What `make` gives on the first process, on all of them; the others do not call it."""
    if processes() == 1:
        return make()
    values = [make() if rank() == 0 else None]
    dist.broadcast_object_list(values, src=0)
    return values[0]


def launched() -> bool:
    """Whether torchrun started this process, as one of several."""
    return dist.is_torchelastic_launched()


@contextmanager
def group(device: str, local_rank: int, **settings: Any) -> Iterator[None]:
    """Join the process group for as long as the context lasts.

    Args:
        device: auto, cpu or cuda. On a GPU each process of a machine takes the one of its local rank.
        settings: for `init_process_group`; none under torchrun, which says all in the environment.
    """
    if device != "cpu" and torch.cuda.is_available():
        torch.cuda.set_device(local_rank)
    # No backend named: gloo for tensors on the CPU, NCCL for those on a GPU.
    dist.init_process_group(timeout=TIMEOUT, **settings)
    yield
    dist.destroy_process_group()  # not after an error: it would wait for processes that may be gone


def launch(count: int, device: str, function: Callable[..., None], *arguments: Any) -> None:
    """Call `function` in `count` processes of this machine that form a group, and wait for them.

    SIGINT, SIGTERM and SIGHUP are passed on as SIGTERM; once all have saved and ended, they are raised here.

    Args:
        function, arguments: whatever can be pickled.

    Raises:
        ValueError: there are not as many GPUs; or the system cannot keep signals of its terminal apart (Windows).
        ProcessLostError: one failed or was killed.
    """
    if not hasattr(os, "setsid"):
        raise ValueError("strategy ddp needs Linux or macOS: say training.strategy=single,training.devices=1")
    gpus = torch.cuda.device_count() if device != "cpu" else 0
    if (gpus or device == "cuda") and count > gpus:
        raise ValueError(f"devices is {count}: this machine has {gpus} GPUs, or say device=cpu")
    with tempfile.TemporaryDirectory() as meeting, deferred_interrupt() as interruption:
        place = f"file://{Path(meeting) / 'group'}"
        context = start_processes(
            _member, (count, device, place, function, arguments), count, join=False, start_method="spawn"
        )
        told = False
        try:
            while not context.join(timeout=0.5, grace_period=_GRACE):
                if interruption.number and not told:
                    told = True
                    for process in context.processes:
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(process.pid, signal.SIGTERM)
        except ProcessException as error:
            interruption.raise_if_requested()  # stopped before it had begun to listen, with nothing to save
            killed = [f"process {i} by {signal.Signals(-p.exitcode).name}" for i, p in _killed(context)]
            raise ProcessLostError(
                f"one of {count} training processes failed: {', '.join(killed) or error}; "
                "the same command goes on from the last checkpoint"
            ) from error
        finally:
            for process in context.processes:
                process.kill()
        interruption.raise_if_requested()


def _killed(context: Any) -> list[tuple[int, Any]]:
    """Index and process of those that a signal ended, but the one with which the others were stopped."""
    ended = [(i, p) for i, p in enumerate(context.processes) if p.exitcode is not None and p.exitcode < 0]
    return [(i, p) for i, p in ended if p.exitcode != -signal.SIGTERM]


def _member(
    index: int, count: int, device: str, place: str, function: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    os.setsid()  # Ctrl-C at the terminal reaches the parent alone, which passes it on once
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, torch.get_num_threads() // count))
    try:
        with group(device, index, init_method=place, rank=index, world_size=count):
            function(*arguments)
    except Exception:
        # Told here: the parent may first learn of another process, which this one took along.
        logger.exception("training process %d failed", index)
        raise
