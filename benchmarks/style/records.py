"""Runs on disk, weights and a record each, so that the benchmark can be stopped and continued."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import torch

from benchmarks.common.files import write_json
from benchmarks.style.data import Data
from benchmarks.style.measure import measure_method
from benchmarks.style.methods import Length, Method, cost
from benchmarks.style.patch_judge import PatchJudge
from benchmarks.style.recipes import RECIPES
from stylefuse.evaluation.heldout import HeldOut, Twins
from stylefuse.networks.weights import Weights, read_weights, write_weights


class Bench(NamedTuple):
    """What all runs have in common.

    twins: by style, where a truth is known; out: folder of everything that is kept.
    """

    data: Data
    length: Length
    pictures: HeldOut
    twins: dict[str, Twins]
    patches: PatchJudge
    out: Path

    @property
    def settings(self) -> dict[str, Any]:
        """What must be equal for runs to be comparable."""
        return {
            **self.length._asdict(),
            "data": self.data.version,
            "styles": self.data.styles[1:],
            "image_size": self.data.training.image_size,
            "photos": len(self.pictures.photos),
        }


def record_of(bench: Bench, name: str, seed: int, again: bool) -> dict[str, Any]:
    """Return the record of one recipe and seed: the kept one, or one measured now, after a training if need be.

    Args:
        again: measure anew even if there is a record.

    Raises:
        ValueError: what is kept was made with other settings.
    """
    kept = bench.out / "runs" / f"{name}-seed-{seed}.json"
    found = read_kept(kept, bench.settings)
    if found and not again:
        return found
    weights = _trained(bench, name, seed)
    method = RECIPES[name].load(bench.data, weights, seed)
    record = {
        "recipe": name,
        "seed": seed,
        "settings": bench.settings,
        "training": weights.facts["training"] if weights else {},
        "cost": cost(method),
        "measured": measure_method(bench.data, bench.pictures, bench.twins, method, bench.patches),
    }
    write_json(kept, record)
    return record


def trained_method(bench: Bench, name: str, seed: int) -> Method:
    """Return the method of a finished run."""
    return RECIPES[name].load(bench.data, _trained(bench, name, seed), seed)


def _trained(bench: Bench, name: str, seed: int) -> Weights | None:
    """Return the recipe's weights, trained and kept if there are none yet; None for one that learns nothing."""
    train, path = RECIPES[name].train, bench.out / "weights" / f"{name}-seed-{seed}.safetensors"
    if train is None:
        return None
    if path.exists():
        weights = read_weights(path)
        check_settings(path, weights.facts["settings"], bench.settings)
        return weights
    weights = train(name, bench.data, bench.length, seed)
    weights.facts["training"]["threads"] = torch.get_num_threads()
    weights.facts["settings"] = bench.settings
    write_weights(path, weights)
    return weights


def read_kept(path: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """Read a kept record; None if there is none.

    Raises:
        ValueError: it was made with other settings.
    """
    if not path.exists():
        return None
    record = json.loads(path.read_text(encoding="utf-8"))
    check_settings(path, record["settings"], settings)
    return record


def check_settings(path: Path, kept: dict[str, Any], settings: dict[str, Any]) -> None:
    """Raise a ValueError that names the settings in which a kept file differs from those of now."""
    different = [name for name, value in settings.items() if kept.get(name) != value]
    if different:
        raise ValueError(f"{path} was made with other {', '.join(different)}: use another --out")
