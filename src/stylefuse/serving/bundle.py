"""A model's files as serving reads them: whole, unchanged, and of a kind that this version knows. Without MLflow."""

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from stylefuse.networks.weights import Weights, read_weights

log = logging.getLogger(__name__)
# Of what a registered model holds. Raise it when an older stylefuse could not serve the new one.
FORMAT = 1
GENERATOR, FUSER = "generator", "fuser"
# MLflow's: describes the model in its folder.
_DESCRIPTION, _ARTIFACTS = "MLmodel", "artifacts"


class ModelError(ValueError):
    """A model that cannot be served; the message says why and what to do."""


class Stored(NamedTuple):
    """A generator, its fuser if there is one, and `digest`, the sha256 of the generator's file."""

    generator: Weights
    fuser: Weights | None
    digest: str


def described(paths: Mapping[str, Path]) -> dict[str, Any]:
    """What a model registered with these weight files says of itself for `read_model` to check."""
    return {"format": FORMAT, "sha256": {name: _digest(path.read_bytes()) for name, path in paths.items()}}


def read_model(folder: Path) -> Stored:
    """Read a model as MLflow stores it, or a folder with `generator.safetensors` and perhaps `fuser.safetensors`.

    Raises:
        ModelError: a file is missing, cut short or changed, or the model is of another format.
    """
    if not folder.is_dir():
        raise ModelError(f"there is no folder {folder}: name a folder with a model, or a registered one")
    registered = (folder / _DESCRIPTION).is_file()
    said = _description(folder / _DESCRIPTION) if registered else {}
    if said.get("format", FORMAT) != FORMAT:
        text = f"the model in {folder} is of format {said['format']}, this stylefuse serves format {FORMAT}"
        raise ModelError(f"{text}: register the model again, or install the version that registered it")
    if registered and "sha256" not in said:
        log.warning("the model was registered without checksums: register it again to have its files checked")
    digests = said.get("sha256", {})
    place = folder / _ARTIFACTS if registered else folder
    files = {name: place / f"{name}.safetensors" for name in (GENERATOR, FUSER)}
    generator, digest = _read(files[GENERATOR], digests.get(GENERATOR))
    if not files[FUSER].is_file() and FUSER not in said:
        return Stored(generator, None, digest)
    return Stored(generator, _read(files[FUSER], digests.get(FUSER))[0], digest)


def _read(path: Path, expected: str | None) -> tuple[Weights, str]:
    try:
        found = _digest(path.read_bytes())
        # Damage has its own text in most cases: a cut file is told as one.
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
        raise ModelError(f"{path} is no description of a model of ours: register the model again") from None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
