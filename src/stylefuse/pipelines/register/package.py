"""Package a generator and its heads as a registered MLflow model: code, weights, signature, requirements, card."""

import base64
import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib.metadata import distributions
from importlib.metadata import version as installed
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from PIL import Image

import stylefuse
from stylefuse.networks.weights import Weights, write_weights
from stylefuse.serving.bundle import GENERATOR, describe
from stylefuse.serving.request import REPORT, defaults, example_params
from stylefuse.tasks.chains import IMAGE
from stylefuse.tasks.task import find_tasks
from stylefuse.training.fingerprint import code_hash

PACKAGE = Path(stylefuse.__file__).parent
# What the served model imports, directly or not: a change in there makes it another model.
SERVED = "stylefuse.serving.model"
# Characters that a registry keeps of a description (MLflow's column in PostgreSQL and MySQL).
MAX_DESCRIPTION = 5000
NUMBERS = "evaluation"  # of the artifact with all numbers of the evaluation
REQUIREMENTS = (
    *("mlflow", "torch", "safetensors", "pillow", "opencv-python-headless", "numpy", "pandas"),
    *("pydantic", "pyyaml", "scikit-image", "scipy", "filelock"),
)
# Read where they are installed, and so by a model that was registered there.
OPTIONAL_REQUIREMENTS = ("pillow-heif", "c2pa-python", "pydicom", "av")


def content_hash(networks: Mapping[str, Weights]) -> str:
    """Return a sha256 over all that decides what the served model answers: tensors, facts and code."""
    digest = hashlib.sha256()
    for network in networks.values():
        digest.update(json.dumps(network.facts, sort_keys=True).encode())
        for name, tensor in sorted(network.tensors.items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    digest.update(code_hash(SERVED, *map(predictor_module, find_tasks())).encode())
    return digest.hexdigest()


def predictor_module(task: str) -> str:
    """The module that runs a task: its `predictor`, or its package where it is one file."""
    own = f"stylefuse.tasks.{task}.predictor"
    return own if find_spec(own) else f"stylefuse.tasks.{task}"


def signature(styles: list[str]) -> ModelSignature:
    """Text columns `image` in, `image` and `report` out; the request's parameters, typed, with defaults."""
    types = {
        str: DataType.string,
        float: DataType.double,
        int: DataType.long,
        bool: DataType.boolean,
    }
    names = {"styles": styles[1:]}
    params = [ParamSpec(name, types[type(value)], value) for name, value in defaults(names).items()]
    return ModelSignature(
        inputs=Schema([ColSpec(DataType.string, IMAGE)]),
        outputs=Schema([ColSpec(DataType.string, IMAGE), ColSpec(DataType.string, REPORT)]),
        params=ParamSchema(params),
    )


def requirements() -> list[str]:
    """The installed versions of what serving needs; a build's suffix ("+cpu") is no part of the version."""
    optional = [name for name in OPTIONAL_REQUIREMENTS if any(distributions(name=name))]
    return [f"{name}=={installed(name).partition('+')[0]}" for name in (*REQUIREMENTS, *optional)]


def model_arguments(
    networks: Mapping[str, Weights],
    card: str,
    folder: Path,
    numbers: Mapping[str, float] | None = None,
    styles: list[str] | None = None,
) -> dict[str, Any]:
    """What `mlflow.pyfunc.log_model` and `save_model` take; writes weights, card, numbers and code to `folder`.

    Args:
        networks: "generator", and heads and added styles by name.
        styles: "photo" first; by default the generator's. Give them with added styles.
    """
    styles = styles or networks[GENERATOR].facts["styles"]
    weights = {name: folder / f"{name}.safetensors" for name in networks}
    for name, network in networks.items():
        write_weights(weights[name], network)
    artifacts = {**weights, "card": folder / "card.md", NUMBERS: folder / f"{NUMBERS}.json"}
    artifacts["card"].write_text(card, encoding="utf-8")
    artifacts[NUMBERS].write_text(json.dumps(numbers or {}, indent=1), encoding="utf-8")
    code = copy_code(folder / "code")
    return {
        "python_model": str(code / "serving" / "model.py"),
        "artifacts": {name: str(path) for name, path in artifacts.items()},
        "signature": signature(styles),
        "input_example": (pd.DataFrame({IMAGE: [_example()]}), example_params({"styles": styles[1:]})),
        "pip_requirements": requirements(),
        # Serving needs no installed stylefuse: the package travels with the model.
        "code_paths": [str(code)],
        "metadata": {
            "stylefuse": stylefuse.__version__,
            "facts": networks[GENERATOR].facts,
            **{name: network.facts for name, network in networks.items() if name != GENERATOR},
            **describe(weights),
        },
    }


def copy_code(folder: Path) -> Path:
    """Copy the package into a folder; returns the copy.

    The whole package: loading a model puts its copy first on the path of modules, also for processes that this one
    starts afterwards, and they need more of it than a served model does. The copy can be written and deleted where
    the installation is read-only, and holds nothing that Python compiled.
    """
    copy = folder / PACKAGE.name
    for file in PACKAGE.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            target = copy / file.relative_to(PACKAGE)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)  # the content alone, not the mode
    return copy


def log_version(
    networks: Mapping[str, Weights],
    name: str,
    card: str,
    tags: dict[str, str],
    numbers: Mapping[str, float] | None = None,
    styles: list[str] | None = None,
) -> str:
    """Log the model into the active run, or into one of its own, and register it; returns the new version.

    Where the registry refuses the version, a registered model that was made for it is removed again; one that was
    there before stays, also without versions.
    """
    client = mlflow.MlflowClient()
    # The version comes last, with its tags: a failure on the way leaves files, but no half version.
    with tempfile.TemporaryDirectory(prefix="stylefuse-") as folder, _run():
        arguments = model_arguments(networks, card, Path(folder), numbers, styles)
        info = mlflow.pyfunc.log_model(name="generator", **arguments)
        there_before = _is_registered(client, name)
        try:
            version = mlflow.register_model(info.model_uri, name, tags=tags).version
        except Exception:
            with suppress(MlflowException):
                if not there_before and not client.search_model_versions(named(name), max_results=1):
                    client.delete_registered_model(name)
            raise
    client.update_model_version(name, version, description=shortened(card))
    return version


def _is_registered(client: mlflow.MlflowClient, name: str) -> bool:
    """Whether there is a registered model of this name, with versions or without."""
    try:
        client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return False
    return True


def named(name: str) -> str:
    """MLflow's search filter for versions of this model; it has no escapes, only two kinds of quotes."""
    quote = '"' if "'" in name else "'"
    return f"name = {quote}{name}{quote}"


def shortened(card: str) -> str:
    """The card as a description: where it is too long for a registry, its beginning, and where the rest is."""
    if len(card) <= MAX_DESCRIPTION:
        return card
    rest = "\n\n… The whole card is the file artifacts/card.md of this model."
    return card[: MAX_DESCRIPTION - len(rest)] + rest


def _run() -> AbstractContextManager[object]:
    return nullcontext() if mlflow.active_run() else mlflow.start_run(run_name="register")


def _example() -> str:
    """A 32×32 PNG, a colour gradient, as base64."""
    ramp = np.linspace(0, 255, 32, dtype=np.uint8)
    pixels = np.stack([*np.meshgrid(ramp, ramp), np.full((32, 32), 128, np.uint8)], axis=-1)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")
