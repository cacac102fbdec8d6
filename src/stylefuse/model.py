"""The Python API: load a model, and run its tasks on pictures in this process."""

import inspect
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from stylefuse.images.deep import decode_deep
from stylefuse.images.encoding import Picture
from stylefuse.images.io import decode
from stylefuse.networks.weights import read_weights
from stylefuse.serving.bundle import GENERATOR, Bundle, ModelError, Stored, load_bundle, read_model
from stylefuse.serving.chain import check_chain, run_chain, to_rgb8
from stylefuse.tasks.chains import Step, listed_chains, parse_chain
from stylefuse.tasks.params import Kind, Spec
from stylefuse.tasks.task import Result, Task, find_tasks
from stylefuse.tasks.validation import RequestError, refuse_unknown

PictureLike = Image.Image | np.ndarray | str | Path | bytes
REGISTERED = "models:/"


def load(model: str | Path, device: str | None = None) -> "Model":
    """Load a model.

    Args:
        model: a registered one, "models:/<name>@<alias>" or "models:/<name>/<version>", from the registry that
            `$MLFLOW_TRACKING_URI` names, else from `mlflow.db` in the current folder; a folder, as MLflow downloads it
            or with `generator.safetensors` and heads in it; or the file of a generator.
        device: "cpu" or "cuda"; by default the first GPU, if there is one.

    Raises:
        ModelError: there is no such model, or it is damaged; the message says what to do.
    """
    if str(model).startswith(REGISTERED):
        with tempfile.TemporaryDirectory(prefix="stylefuse-") as folder:
            stored = read_model(_fetched(str(model), folder))
    elif (path := Path(model).expanduser()).is_file():
        try:
            stored = Stored({GENERATOR: read_weights(path)})
        except ValueError as error:
            raise ModelError(str(error)) from None
    else:
        stored = read_model(path)
    try:
        return Model(load_bundle(stored, device))
    except ModelError:
        raise
    except ValueError as error:
        raise ModelError(str(error)) from None


def _fetched(uri: str, folder: str) -> Path:
    """The folder of a registered model's copy. A process of its own fetches it: MLflow changes its environment."""
    command = [sys.executable, "-m", "stylefuse.serving.service.registry", uri, folder]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout.splitlines()
    found = json.loads(lines[-1]) if lines else {"error": "the registry cannot be asked"}
    if "error" in found:
        raise ModelError(f"{uri} cannot be fetched from the registry: {found['error']}")
    return Path(found["folder"])


class Model:
    """A loaded model. Each of its tasks is a method: `model.stylize(photo, style="brush")`; see `help(model.stylize)`.

    Safe to share between threads. Pictures are Pillow's, arrays (H×W or H×W×3, uint8 or uint16, in sRGB), paths, or the
    bytes of a file. Files are turned upright and converted to sRGB.

    Attributes:
        styles: names of the styles.
        tasks: names of the tasks, and of chains that their parameters make.
    """

    def __init__(self, bundle: Bundle):
        self._bundle = bundle
        self.styles = list(bundle.names.get("styles", ()))
        self.tasks = listed_chains(bundle.tasks)

    def run(self, chain: str, pictures: PictureLike | Sequence[PictureLike], **params: Any) -> Result:
        """Run a task, or a chain such as "fuse+stylize", and return picture, report and maps.

        Args:
            chain: names of tasks, joined by "+": each but the first works on the result of the task before.
            pictures: one, or as many as the first task takes.
            params: parameters of the chain's tasks.

        Returns:
            The picture with all its bits: Pillow's RGB, or an array of uint8 or uint16; plain values that say how it
            was made; and arrays that explain it, such as the weights of a fusion.

        Raises:
            RequestError: naming the parameter or the picture, and what to do.
            ImageError: a picture cannot be decoded.
        """
        steps = self._steps(chain, params)
        first, given = steps[0].task, _listed(pictures)
        least, most = first.pictures
        if not least <= len(given) <= most:
            some = f"{least}" if least == most else f"{least} to {most}"
            raise RequestError(
                "pictures", f"there are {len(given)} for the task {first.name}", f"give {some}"
            )
        check_chain(self._bundle, steps)
        return run_chain(self._bundle, steps, [_decoded(picture, first.deep) for picture in given])

    def _steps(self, chain: str, params: dict[str, Any]) -> list[Step]:
        tasks = parse_chain(chain)
        if not tasks or any(task not in self._bundle.tasks for task in tasks):
            raise RequestError("chain", f"this model has no task {chain!r}", f"use {', '.join(self.tasks)}")
        refuse_unknown(params, [name for task in tasks for name in task.specs], "parameter")
        return [
            Step(task, task.params.read({name: params[name] for name in task.specs if name in params}))
            for task in tasks
        ]

    def __getattr__(self, name: str) -> "TaskMethod":
        task = find_tasks().get(name)
        if task is None or task not in self._bundle.tasks:
            raise AttributeError(f"this model has no task {name!r}; it has {', '.join(self.tasks)}")
        return TaskMethod(self, task)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(task.name for task in self._bundle.tasks)]


class TaskMethod:
    """Runs one task of a model; its signature and documentation are made from the task's parameters."""

    def __init__(self, model: Model, task: Task):
        self._model, self._task = model, task
        self.__name__ = task.name
        what = "pictures" if task.takes_several else "picture"
        empty, keyword = inspect.Parameter.empty, inspect.Parameter.KEYWORD_ONLY
        self.__signature__ = inspect.Signature(
            [
                inspect.Parameter(what, inspect.Parameter.POSITIONAL_ONLY),
                *(
                    inspect.Parameter(s.name, keyword, default=empty if s.required else s.default)
                    for s in task.specs.values()
                ),
            ],
            return_annotation=Image.Image,
        )
        self.__doc__ = documentation(task)

    def __call__(self, pictures: PictureLike | Sequence[PictureLike], /, **params: Any) -> Image.Image:
        result = self._model.run(self._task.name, pictures, **params)
        image = _as_image(result.picture)
        image.info["report"] = result.report
        return image


def documentation(task: Task) -> str:
    """The documentation of a task's method."""
    lines = [f"{task.summary}; the report is in the result's `info`.", "", "Args:"]
    lines += [f"    {spec.name}: {spec.help}{_values(spec)}" for spec in task.specs.values()]
    return "\n".join([*lines, "", "Raises:", "    RequestError, ImageError: see `Model.run`."])


def _values(spec: Spec) -> str:
    if spec.names:
        return f" (one of {', '.join(spec.names)})"
    if spec.kind in (Kind.NUMBER, Kind.INTEGER) and spec.least is not None and spec.most is not None:
        return f" ({spec.least:g} to {spec.most:g})"
    return ""


def _listed(pictures: PictureLike | Sequence[PictureLike]) -> list[PictureLike]:
    if isinstance(pictures, (Image.Image, np.ndarray, str, Path, bytes)):
        return [pictures]
    return list(pictures)


def _decoded(picture: PictureLike, deep: bool) -> Picture:
    if isinstance(picture, (str, Path, bytes)):
        source = picture if isinstance(picture, bytes) else Path(picture).expanduser()
        return decode_deep(source) if deep else decode(source)
    if isinstance(picture, np.ndarray):
        return picture if deep else to_rgb8(picture)
    if deep and (picture.mode in ("L", "RGB") or picture.mode.startswith("I;16")):
        return np.asarray(picture).astype(np.uint8 if picture.mode in ("L", "RGB") else np.uint16)
    return np.asarray(picture.convert("RGB")) if deep else picture.convert("RGB")


def _as_image(picture: Picture) -> Image.Image:
    """As Pillow's; colours of 16 bits, which Pillow cannot hold, are rounded to 8."""
    if isinstance(picture, Image.Image):
        return picture
    return to_rgb8(picture) if picture.ndim == 3 and picture.dtype != np.uint8 else Image.fromarray(picture)
