"""What processes of a group do in tests; in a module of its own, for a process that is spawned imports it."""

import json
import os
import signal
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from stylefuse.networks.classifier import load_classifier
from stylefuse.networks.weights import Weights, read_weights, write_weights
from stylefuse.tasks.stylize import training as hybrid
from stylefuse.tasks.stylize.state import HybridState
from stylefuse.training import distributed
from support import tiny_state


def take_steps(
    data: tuple[Path, pd.DataFrame],
    classifier: Weights,
    out: Path,
    steps: int,
    starts: Path | None = None,
    **options,
) -> None:
    """Take training steps, and leave in `out` what each began from, its losses and its gradients.

    Args:
        starts: what another call left; each step then begins from the state from which it began there.
    """
    state, options = tiny_state(data, **options)
    guard, rank, losses = load_classifier(classifier), distributed.rank(), []
    for step in range(steps):
        if starts:
            state.restore(read_weights(starts / f"begin-{step}-0.safetensors"))
        write_weights(out / f"begin-{step}-{rank}.safetensors", state.pack())
        losses.append(hybrid.train_step(state, guard, options))
        write_weights(out / f"gradients-{step}-{rank}.safetensors", Weights(_gradients(state), {}))
    (out / f"losses-{rank}.json").write_text(json.dumps(losses), encoding="utf-8")
    write_weights(out / f"end-{rank}.safetensors", state.pack())


def _gradients(state: HybridState) -> dict[str, Tensor]:
    """All gradients of the last step, one vector an optimiser."""
    vectors = {}
    for name in ("generator_optimiser", "critic_optimiser"):
        parameters = [p for group in getattr(state, name).param_groups for p in group["params"]]
        vectors[name] = torch.cat([p.grad.flatten() for p in parameters if p.grad is not None])
    return vectors


def agree(out: Path) -> None:
    """Every function of the group's, with what it gave."""
    rank = distributed.rank()
    gave = {
        "processes": distributed.processes(),
        "share": [distributed.share(6).start, distributed.share(6).stop],
        "largest": distributed.largest(rank * 10),
        "from_first": distributed.from_first(lambda: {"rank": rank}),
    }
    try:
        distributed.share(3)
    except ValueError as error:
        gave["refused"] = str(error)
    (out / f"gave-{rank}.json").write_text(json.dumps(gave))


def fail(how: str) -> None:
    """The second process fails, the first one waits for it."""
    if distributed.rank() == 1:
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        raise ArithmeticError("of the second")
    distributed.largest(1)
