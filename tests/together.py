"""What processes of a group do in tests; in a module of its own, for a process that is spawned imports it."""

import json
import os
import signal
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from stylefuse.networks.weights import Weights, read_weights, write_weights
from stylefuse.training import distributed
from stylefuse.training.state import TrainState
from support import tiny_training


def take_steps(
    data: tuple[Path, pd.DataFrame],
    out: Path,
    steps: int,
    starts: Path | None = None,
    **options,
) -> None:
    """Take training steps, and leave in `out` what each began from, its losses and its gradients.

    Args:
        starts: what another call left; each step then begins from the state from which it began there.
    """
    training, options = tiny_training(data, **options)
    state, rank, losses = training.state, distributed.rank(), []
    for step in range(steps):
        if starts:
            state.restore(read_weights(starts / f"begin-{step}-0.safetensors"))
        write_weights(out / f"begin-{step}-{rank}.safetensors", state.pack())
        losses.append(training.step(options))
        write_weights(out / f"gradients-{step}-{rank}.safetensors", Weights(_gradients(state), {}))
    (out / f"losses-{rank}.json").write_text(json.dumps(losses), encoding="utf-8")
    write_weights(out / f"end-{rank}.safetensors", state.pack())


def _gradients(state: TrainState) -> dict[str, Tensor]:
    """All gradients of the last step, one vector an optimiser."""
    vectors = {}
    for name, optimiser in state.optimisers.items():
        parameters = [p for group in optimiser.param_groups for p in group["params"]]
        vectors[name] = torch.cat([p.grad.flatten() for p in parameters if p.grad is not None])
    return vectors


def agree(out: Path) -> None:
    """Call every function of the group, and write what it returned."""
    rank = distributed.rank()
    gave = {
        "processes": distributed.processes(),
        "local_slice": [distributed.local_slice(6).start, distributed.local_slice(6).stop],
        "all_reduce_max": distributed.all_reduce_max(rank * 10),
        "broadcast": distributed.broadcast(lambda: {"rank": rank}),
    }
    try:
        distributed.local_slice(3)
    except ValueError as error:
        gave["refused"] = str(error)
    (out / f"gave-{rank}.json").write_text(json.dumps(gave))


def fail(how: str) -> None:
    """The second process fails, the first one waits for it."""
    if distributed.rank() == 1:
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        raise ArithmeticError("of the second")
    distributed.all_reduce_max(1)
