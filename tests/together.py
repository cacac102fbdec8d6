"""What processes of a group do in tests; in a module of its own, for a process that is spawned imports it."""

import json
import os
import signal
from pathlib import Path

import pandas as pd

from stylefuse.networks.classifier import load_classifier
from stylefuse.networks.weights import Weights, write_weights
from stylefuse.training import distributed, hybrid
from support import tiny_state


def take_steps(
    data: tuple[Path, pd.DataFrame], classifier: Weights, out: Path, steps: int, **options
) -> None:
    """Train from the start, and leave losses and state in `out`, under this process' rank."""
    state, options = tiny_state(data, **options)
    guard = load_classifier(classifier)
    losses = [hybrid.train_step(state, guard, options) for _ in range(steps)]
    (out / f"losses-{distributed.rank()}.json").write_text(json.dumps(losses))
    write_weights(out / f"state-{distributed.rank()}.safetensors", state.pack())


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
