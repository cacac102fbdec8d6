"""A model's files, and the networks loaded from them once: one encoder, and heads by name. Without MLflow."""

import hashlib
import logging
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from stylefuse.networks.added import with_added
from stylefuse.networks.weights import Weights, read_weights
from stylefuse.tasks.task import Predictor, Task, find_explainers, find_heads, find_tasks

if TYPE_CHECKING:
    from torch import nn

    from stylefuse.networks.generator import Generator

log = logging.getLogger(__name__)
# Of what a registered model holds. Raise it when an older stylefuse could not serve the new one.
FORMAT = 1
GENERATOR = "generator"
# Prefix of the files of styles that were added to a model.
ADDED = "added-"
# MLflow's: describes the model in its folder.
_DESCRIPTION, _ARTIFACTS = "MLmodel", "artifacts"


class ModelError(ValueError):
    """A model that cannot be loaded; the message says why and what to do."""


class Stored(NamedTuple):
    """The weights of a model by name, "generator" among them, and the sha256 of the generator's file."""

    weights: Mapping[str, Weights]
    digest: str = ""


class Bundle:
    """The networks of a model; safe to share between threads.

    Args:
        weights: by name: "generator", heads, and what explains results.
        device: where the networks run; by default the first GPU, if there is one.

    Raises:
        ValueError: the weights are of other networks, or a head is of another encoder.
    """

    def __init__(self, weights: Mapping[str, Weights], device: str | None = None):
        import torch

        self.weights = dict(weights)
        self.device: torch.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        # One picture keeps all cores busy; two at once would only need twice the memory.
        self.lock = threading.Lock()
        self._heads: dict[str, nn.Module] = {}
        self._predictors: dict[str, Predictor] = {}
        for task in self.tasks:
            self._predictors[task.name] = task.predictor(self)

    @cached_property
    def tasks(self) -> list[Task]:
        """The tasks that these weights are enough for."""
        return [task for task in find_tasks().values() if self.weights.keys() >= set(task.needs)]

    @property
    def styles(self) -> Sequence[str]:
        """Names of the generator's rows, "photo" first."""
        return self.weights[GENERATOR].facts["styles"]

    @property
    def names(self) -> dict[str, Sequence[str]]:
        """Lists of names that parameters may take."""
        return {"styles": self.styles[1:]} if GENERATOR in self.weights else {}

    @cached_property
    def generator(self) -> "Generator":
        from stylefuse.networks.generator import load_generator

        return load_generator(self.weights[GENERATOR]).to(self.device)

    def has(self, name: str) -> bool:
        """Whether the model has the weights of that name."""
        return name in self.weights

    def head(self, name: str) -> "nn.Module":
        """The head of that name over the generator's encoder, in eval mode.

        Raises:
            ValueError: it was trained on another encoder.
        """
        if name not in self._heads:
            head, weights, encoder = find_heads()[name], self.weights[name], self.generator.encoder
            head.check(weights, encoder, self.weights[GENERATOR].facts.get("fingerprint"))
            self._heads[name] = head.load(weights, encoder).to(self.device)
        return self._heads[name]

    def predictor(self, task: str) -> Predictor:
        return self._predictors[task]


def describe(paths: Mapping[str, Path]) -> dict[str, Any]:
    """What the description of a model registered with these weight files holds, for `read_model` to check."""
    return {"format": FORMAT, "sha256": {name: _digest(path.read_bytes()) for name, path in paths.items()}}


def read_model(folder: Path) -> Stored:
    """Read a model as MLflow stores it, or a folder with `generator.safetensors` and perhaps heads beside it.

    Styles added to it (`added-<style>.safetensors`) are rows of its networks then.

    Raises:
        ModelError: a file is missing, cut short or changed, or the model is of another format.
    """
    if not folder.is_dir():
        raise ModelError(f"there is no folder {folder}: name a folder with a model, or a registered one")
    registered = (folder / _DESCRIPTION).is_file()
    about = _description(folder / _DESCRIPTION) if registered else {}
    if about.get("format", FORMAT) != FORMAT:
        text = f"the model in {folder} is of format {about['format']}, this stylefuse serves format {FORMAT}"
        raise ModelError(f"{text}: register the model again, or install the version that registered it")
    if registered and "sha256" not in about:
        log.warning("the model was registered without checksums: register it again to have its files checked")
    digests = about.get("sha256", {})
    place = place_of(folder)
    generator, digest = _read(place / f"{GENERATOR}.safetensors", digests.get(GENERATOR))
    weights = {GENERATOR: generator}
    for name in (*find_heads(), *find_explainers()):
        path = place / f"{name}.safetensors"
        if path.is_file() or name in about:
            weights[name], _ = _read(path, digests.get(name))
    added = []
    for path in sorted(place.glob(f"{ADDED}*.safetensors")):
        style, found = _read(path, digests.get(path.stem))
        added.append(style)
        digest = _digest(f"{digest} {found}".encode())
    try:
        return Stored(with_added(weights, added), digest)
    except (ValueError, KeyError) as error:
        raise ModelError(str(error)) from None


def files_of(folder: Path) -> list[Path]:
    """The files of the weights of a model: generator, heads, what explains results, and added styles."""
    known = (GENERATOR, *find_heads(), *find_explainers())
    names = [folder / f"{name}.safetensors" for name in known]
    return [*(file for file in names if file.is_file()), *sorted(folder.glob(f"{ADDED}*.safetensors"))]


def place_of(folder: Path) -> Path:
    """The folder with the weights of a model: MLflow stores them below the model's own."""
    return folder / _ARTIFACTS if (folder / _DESCRIPTION).is_file() else folder


def load_bundle(model: Stored, device: str | None = None) -> Bundle:
    """Load the networks of a model.

    Raises:
        ModelError: the weights do not fit this version's networks, or each other.
    """
    try:
        return Bundle(model.weights, device)
    except (
        RuntimeError,
        KeyError,
        TypeError,
    ) as error:  # of load_state_dict, and of facts that lack something
        text = "the weights do not fit this version's networks: register the model again, or install "
        raise ModelError(f"{text}the version that registered it ({str(error)[:200]})") from None


def _read(path: Path, expected: str | None) -> tuple[Weights, str]:
    try:
        found = _digest(path.read_bytes())
        # Damage has its own message in most cases: a cut file is reported as cut.
        weights = read_weights(path)
    except OSError as error:
        raise ModelError(f"the model's file {path} cannot be read ({error.strerror or 'missing'})") from None
    except ValueError as error:
        raise ModelError(str(error)) from None
    if expected not in (None, found):
        raise ModelError(f"{path.name} is not the file that was registered (its sha256 differs): restore it")
    return weights, found


def _description(path: Path) -> dict[str, Any]:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))["metadata"] or {}
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError):
        raise ModelError(f"{path} is no description of a StyleFuse model: register the model again") from None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
