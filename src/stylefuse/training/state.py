"""The state of a training: everything that changes while it runs, and so everything that a checkpoint holds."""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from stylefuse.images.crops import CropSampler
from stylefuse.networks.weights import Weights
from stylefuse.training.distributed import all_reduce_mean
from stylefuse.training.fingerprint import check_options
from stylefuse.training.schedule import ema_decay

Losses = dict[str, float]
# Key of `TrainState.values`.
STOPPED = "stopped"


@dataclass
class TrainState:
    """Networks, optimisers, samplers, random generators and the clock of one training.

    kind: of the checkpoint, "hybrid_training".
    modules: networks by name, moving averages (EMA) included.
    ema_of: name of an EMA → name of the module that it follows.
    optimisers: by name. Each of their parameter groups has its full learning rate as "base".
    samplers: of crops, in an order that stays.
    generators: of random numbers, by name.
    options: those that decide the outcome, see `TrainingOptions.fingerprinted`.
    values: further plain values, which JSON can hold.
    images_seen: the clock.
    """

    kind: str
    modules: dict[str, nn.Module]
    ema_of: dict[str, str]
    optimisers: dict[str, torch.optim.Optimizer]
    samplers: list[CropSampler]
    generators: dict[str, np.random.Generator | torch.Generator]
    options: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    images_seen: int = 0

    @property
    def stopped(self) -> bool:
        """Whether the training has ended itself before its last image: `values["stopped"]` says why."""
        return bool(self.values.get(STOPPED))

    def set_lr(self, factor: float) -> None:
        """Set every learning rate to `factor` times its full value."""
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = group["base"] * factor

    def update(self, terms: Mapping[str, Tensor], images: int, half_life: float) -> Losses:
        """Finish a step: step the optimisers on the gradients that are there, then the EMAs, and count the images.

        A step of which one term is not finite changes no weight; it counts all the same.

        Args:
            terms: the losses, and norms of gradients; each a scalar.
            images: seen in this step, by all processes together.
            half_life: of the EMAs, in images.

        Returns:
            The terms as numbers, averaged over the processes.
        """
        means = all_reduce_mean(torch.stack([t.detach().float() for t in terms.values()]))
        losses = dict(zip(terms, means.tolist(), strict=True))
        self.images_seen += images
        if all(math.isfinite(loss) for loss in losses.values()):
            for optimiser in self.optimisers.values():
                optimiser.step()
            decay = ema_decay(self.images_seen, images, half_life)
            with torch.no_grad():
                for ema, source in self.ema_of.items():
                    ours, theirs = (list[Tensor](self.modules[name].parameters()) for name in (ema, source))
                    torch._foreach_lerp_(ours, theirs, 1 - decay)
        return losses

    def pack(self) -> Weights:
        """Return the whole state as tensors and JSON values."""
        tensors: dict[str, Tensor] = {}
        for name, module in self.modules.items():
            tensors |= {f"{name}/{key}": value for key, value in module.state_dict().items()}
        for name, optimiser in self.optimisers.items():
            tensors |= _pack_optimiser(optimiser, name)
        numpy_states = {}
        for name, generator in self.generators.items():
            if isinstance(generator, torch.Generator):
                tensors[name] = generator.get_state()
            else:
                numpy_states[name] = generator.bit_generator.state
        facts = {
            "kind": self.kind,
            "images_seen": self.images_seen,
            "options": self.options,
            "generators": numpy_states,
            "samplers": [sampler.state() for sampler in self.samplers],
            "values": copy.deepcopy(self.values),
        }
        return Weights(tensors, facts)

    def restore(self, weights: Weights) -> None:
        """Take over a state that `pack` gave; the training then goes on bit for bit as if it had never stopped.

        Raises:
            ValueError: it was packed under other options, which are named; or by an older version.
        """
        tensors, facts = weights
        check_options(facts, self.options)
        for name, module in self.modules.items():
            module.load_state_dict(_below(tensors, name))
        for name, optimiser in self.optimisers.items():
            _restore_optimiser(optimiser, _below(tensors, name))
        for name, generator in self.generators.items():
            if isinstance(generator, torch.Generator):
                generator.set_state(tensors[name])
            else:
                generator.bit_generator.state = facts["generators"][name]
        for sampler, state in zip(self.samplers, facts["samplers"], strict=True):
            sampler.restore(state)
        self.values = copy.deepcopy(facts["values"])
        self.images_seen = facts["images_seen"]


def _pack_optimiser(optimiser: torch.optim.Optimizer, prefix: str) -> dict[str, Tensor]:
    """Its state as tensors named `prefix/parameter/slot`."""
    slots = optimiser.state_dict()["state"].items()
    return {f"{prefix}/{index}/{key}": torch.as_tensor(v) for index, slot in slots for key, v in slot.items()}


def _restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Load what `_pack_optimiser` gave, names without the prefix."""
    slots: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, slot = key.split("/")
        slots.setdefault(int(index), {})[slot] = value.clone()  # Adam keeps the tensors that it is given
    optimiser.load_state_dict({**optimiser.state_dict(), "state": slots})


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors named `prefix/…`, without the prefix."""
    start = f"{prefix}/"
    return {key.removeprefix(start): value for key, value in tensors.items() if key.startswith(start)}
