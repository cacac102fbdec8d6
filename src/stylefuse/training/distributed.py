"""Run one training on several processes with torch.distributed.

Every process holds the whole state, draws the whole batch and computes its slice of it. Gradients and losses are
averaged before they are used, so all processes take the same step. Without a process group these functions do nothing.

Gradients are all-reduced after backward. DistributedDataParallel does not fit: its hooks expect one forward and one
backward pass of one module, but the generator runs in parts and twice, the critics are frozen for half a step, and
penalties need second derivatives.
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
# A process that waits longer than this for the others fails. Compiling and drawing samples take less.
TIMEOUT = timedelta(minutes=10)
# Seconds that the other processes have to end once one has failed.
_GRACE = 10


class ProcessLostError(RuntimeError):
    """One of several training processes failed or was killed, and the others were stopped."""


def in_group() -> bool:
    """Whether this process has joined a process group, which may have one member."""
    return dist.is_initialized()


def processes() -> int:
    """Number of processes in the group; 1 without a group."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """Number of this process in the group; 0 without a group."""
    return dist.get_rank() if dist.is_initialized() else 0


def local_slice(count: int) -> slice:
    """Return this process's slice of a batch of `count`. Slices are equal, so the mean of means is the mean of all.

    Raises:
        ValueError: the batch cannot be divided equally.
    """
    if count % processes():
        raise ValueError(
            f"batch_size is {count}: it must be a multiple of the number of processes, {processes()}"
        )
    each = count // processes()
    return slice(rank() * each, (rank() + 1) * each)


def all_reduce_mean(values: Tensor) -> Tensor:
    """Replace a tensor by its mean over the processes, and return it."""
    if processes() > 1:
        dist.all_reduce(values)
        values /= processes()
    return values


def all_reduce_gradients(optimisers: Iterable[torch.optim.Optimizer]) -> None:
    """Replace every gradient of the optimisers' parameters by its mean over the processes."""
    if processes() == 1:
        return
    parameters = [p for o in optimisers for group in o.param_groups for p in group["params"]]
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = all_reduce_mean(torch.cat([g.flatten() for g in gradients]))
    for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view(gradient.shape))


def all_reduce_max(value: int) -> int:
    """Return the largest value of all processes. They use it to stop after the same step."""
    if processes() == 1:
        return value
    values = torch.tensor(value)
    dist.all_reduce(values, dist.ReduceOp.MAX)
    return int(values)


def broadcast(make: Callable[[], T]) -> T:
    """Call `make` on the first process alone, and return its result on all."""
    if processes() == 1:
        return make()
    values: list[Any] = [make() if rank() == 0 else None]
    dist.broadcast_object_list(values, src=0)
    return values[0]


def under_torchrun() -> bool:
    """Whether torchrun started this process."""
    return dist.is_torchelastic_launched()


@contextmanager
def group(device: str, local_rank: int, **settings: Any) -> Iterator[None]:
    """Join a process group while the context lasts.

    Args:
        device: auto, cpu or cuda. With GPUs, each process of a machine uses the GPU of its local rank.
        settings: for `init_process_group`; none under torchrun, which sets environment variables.
    """
    if device != "cpu" and torch.cuda.is_available():
        torch.cuda.set_device(local_rank)
    # Without a backend named, torch uses gloo for tensors on the CPU and NCCL for those on a GPU.
    dist.init_process_group(timeout=TIMEOUT, **settings)
    yield
    dist.destroy_process_group()  # not after an error: it would wait for processes that may have ended


def launch(count: int, device: str, function: Callable[..., None], *arguments: Any) -> None:
    """Start a group of `count` processes on this machine that call `function`, and wait for them.

    SIGINT, SIGTERM and SIGHUP are passed on to them as SIGTERM, and raised here once all have saved and ended.

    Args:
        function, arguments: must be picklable.

    Raises:
        ValueError: there are fewer GPUs than processes; or the system has no sessions (Windows).
        ProcessLostError: a process failed or was killed.
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
        passed_on = False
        try:
            while not context.join(timeout=0.5, grace_period=_GRACE):
                if interruption.number and not passed_on:
                    passed_on = True
                    for process in context.processes:
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(process.pid, signal.SIGTERM)
        except ProcessException as error:
            interruption.raise_if_requested()  # the signal came before the process handled signals; nothing to save
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
    """Index and process of those ended by a signal other than SIGTERM, with which the others were stopped."""
    ended = [(i, p) for i, p in enumerate(context.processes) if p.exitcode is not None and p.exitcode < 0]
    return [(i, p) for i, p in ended if p.exitcode != -signal.SIGTERM]


def _member(
    index: int, count: int, device: str, place: str, function: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    os.setsid()  # so that Ctrl-C at the terminal reaches only the parent, which passes it on once
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, torch.get_num_threads() // count))
    try:
        with group(device, index, init_method=place, rank=index, world_size=count):
            function(*arguments)
    except Exception:
        # Logged here: the parent may report another process first, which failed because this one did.
        logger.exception("training process %d failed", index)
        raise
