"""Runs of the style benchmark on disk: weights and a record each, so that it can be stopped and go on."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import torch
from fusion_results import write_json
from style_data import Data
from style_measure import measure_method
from style_patch_judge import PatchJudge
from style_recipes import RECIPES
from style_runs import Length, Restyler, cost

from stylefuse.evaluation.heldout import HeldOut, Twins
from stylefuse.networks.weights import Weights, read_weights, write_weights


class Bench(NamedTuple):
    """What all runs have in common.

    twins: by style, where a truth is known; out: the folder of all that is kept.
    """

    data: Data
    length: Length
    pictures: HeldOut
    twins: dict[str, Twins]
    patches: PatchJudge
    out: Path

    @property
    def settings(self) -> dict[str, Any]:
        """What makes runs comparable."""
        return {
            **self.length._asdict(),
            "data": self.data.version,
            "styles": self.data.styles[1:],
            "image_size": self.data.training.image_size,
            "photos": len(self.pictures.photos),
        }


def run(bench: Bench, name: str, seed: int, again: bool) -> dict[str, Any]:
    """The record of one recipe and seed: kept, or measured now, after a training if there are no weights yet.

    Args:
        again: measure anew what was measured before.

    Raises:
        ValueError: what is kept was made under other settings.
    """
    kept = bench.out / "runs" / f"{name}-seed-{seed}.json"
    if kept.exists():
        record = json.loads(kept.read_text(encoding="utf-8"))
        _check(kept, record["settings"], bench.settings)
        if not again:
            return record
    weights = _trained(bench, name, seed)
    restyler = RECIPES[name].load(bench.data, weights, seed)
    record = {
        "recipe": name,
        "seed": seed,
        "settings": bench.settings,
        "training": weights.facts["training"] if weights else {},
        "cost": cost(restyler),
        "measured": measure_method(bench.data, bench.pictures, bench.twins, restyler, bench.patches),
    }
    write_json(kept, record)
    return record


def ready(bench: Bench, name: str, seed: int) -> Restyler:
    """The method of a run that is over."""
    return RECIPES[name].load(bench.data, _trained(bench, name, seed), seed)


def _trained(bench: Bench, name: str, seed: int) -> Weights | None:
    """The recipe's weights: kept ones, or trained now and kept; None for one that learns nothing."""
    train, path = RECIPES[name].train, bench.out / "weights" / f"{name}-seed-{seed}.safetensors"
    if train is None:
        return None
    if path.exists():
        weights = read_weights(path)
        _check(path, weights.facts["settings"], bench.settings)
        return weights
    weights = train(name, bench.data, bench.length, seed)
    weights.facts["training"]["threads"] = torch.get_num_threads()
    weights.facts["settings"] = bench.settings
    write_weights(path, weights)
    return weights


def _check(path: Path, kept: dict[str, Any], settings: dict[str, Any]) -> None:
    different = [name for name, value in settings.items() if kept.get(name) != value]
    if different:
        raise ValueError(f"{path} was made with other {', '.join(different)}: use another --out")
