"""The Python API: load a model, and run its tasks on pictures in this process."""

import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylefuse.images.encoding import check_sides
from stylefuse.images.given import PictureLike, decoded_all, expanded, listed
from stylefuse.labels.options import Labelling
from stylefuse.networks.weights import read_weights
from stylefuse.serving.bundle import GENERATOR, Bundle, ModelError, Stored, load_bundle, read_model
from stylefuse.serving.chain import check_chain, check_count, decoded_also, result_size, size_of
from stylefuse.serving.default_model import CHAMPION, use_ready_made
from stylefuse.serving.labelled import run_labelled
from stylefuse.serving.predictor import missing
from stylefuse.serving.registered import NotRegisteredError, fetch_registered
from stylefuse.task_method import TaskMethod
from stylefuse.tasks.chains import (
    Step,
    appendable,
    listed_chains,
    read_chain,
    read_steps,
    refuse_misplaced,
    with_appended,
)
from stylefuse.tasks.task import Result, Task, find_tasks
from stylefuse.tasks.validation import refuse_unknown, shown

if TYPE_CHECKING:
    from stylefuse.video.options import VideoOptions

log = logging.getLogger(__name__)
REGISTERED = "models:/"
LABELLED = Labelling()  # in metadata


def load(model: str | Path | None = None, device: str | None = None) -> "Model":
    """Load a model.

    Args:
        model: a registered one, "models:/<name>@<alias>" or "models:/<name>/<version>", from the registry that
            `$MLFLOW_TRACKING_URI` names, else from `mlflow.db` in the current folder; a folder, as MLflow downloads it
            or with `generator.safetensors` and heads in it; or the file of a generator. By default
            "models:/stylefuse@champion" or, where no such model is registered, the ready-made model that the package
            brings; then a warning is logged.
        device: "cpu" or "cuda"; by default the first GPU, if there is one.

    Raises:
        DeviceError: there is no such device.
        ModelError: there is no such model, or it is damaged; the message says what to do.
    """
    _check_device(device)
    if model is None:
        stored = _read_default()
    elif str(model).startswith(REGISTERED):
        stored = _read_registered(str(model))
    elif (path := expanded(Path(model))).is_file():
        stored = _read_generator(path)
    else:
        stored = read_model(path)
    try:
        return Model(load_bundle(stored, device))
    except ModelError:
        raise
    except ValueError as error:
        raise ModelError(str(error)) from None


class DeviceError(ModelError):
    """A model cannot be loaded, because there is no such device."""


def _check_device(device: str | None) -> None:
    if device is None:
        return
    import torch

    try:
        found = torch.device(device)
    except (RuntimeError, TypeError):
        found = None
    if found is None or found.type not in ("cpu", "cuda"):
        raise DeviceError(f"the device {shown(device)} is unknown: use cpu or cuda")
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        raise DeviceError(
            f"there is no device {device}: PyTorch finds no such GPU; use cpu, or name no device"
        )


def _read_default() -> Stored:
    try:
        return _read_registered(CHAMPION)
    except NotRegisteredError as error:
        folder, notice = use_ready_made(error.reason)
    log.warning(notice)
    return read_model(folder)


def _read_registered(uri: str) -> Stored:
    with tempfile.TemporaryDirectory(prefix="stylefuse-") as folder:
        return read_model(fetch_registered(uri, folder))


def _read_generator(path: Path) -> Stored:
    try:
        weights = read_weights(path)
    except (OSError, ValueError) as error:
        raise ModelError(str(error)) from None
    kind = weights.facts.get("kind", GENERATOR)
    if kind != GENERATOR:
        text = f"{path.name}: these are weights of a {kind}, not of a {GENERATOR}"
        raise ModelError(f"{text}: name the generator's file, or the folder that holds both")
    return Stored({GENERATOR: weights})


class Model:
    """A loaded model. Each of its tasks is a method: `model.stylize(photo, style="brush")`; see `help(model.stylize)`.

    Safe to share between threads. Pictures are Pillow's, arrays (H×W or H×W×3, uint8 or uint16, in sRGB), paths, or the
    bytes of a file. Files and Pillow's pictures are turned upright by their EXIF, converted to sRGB by their colour
    profile, and blended with white where they are transparent.

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
            params: parameters of the chain's tasks, and optional pictures of its first task, such as `mask`; None is
                one that is left out. Parameters of another task append it, as `style` appends "stylize".

        Returns:
            The picture with all its bits: Pillow's RGB, or an array of uint8 or uint16; plain values that say how it
            was made; and arrays that explain it, such as the weights of a fusion.

        Raises:
            RequestError: naming the parameter or the picture, and what to do.
            ImageError: a picture cannot be decoded; of several, it names the picture.
        """
        return self.prepare(chain, params)(pictures)

    def prepare(
        self,
        chain: str,
        params: Mapping[str, Any],
        file_format: str = "",
        labelling: Labelling = LABELLED,
    ) -> Callable[[Any], Result]:
        """Check a chain and its parameters, and return what runs it on pictures; see `run`.

        Args:
            file_format: of the result's file, one of `images.encoding.FORMATS`: a result too large for it is then
                refused (ImageError) before it is computed, if its size is known.
            labelling: how the result is labelled.

        Raises:
            RequestError: naming the parameter, and what to do.
        """
        given = {name: value for name, value in params.items() if value is not None}
        tasks = read_chain(chain, "chain")
        also = {name: given.pop(name) for name in tasks[0].also if name in given}
        steps = self._steps(chain, given)
        check_chain(self._bundle, steps)

        def run(pictures: Any) -> Result:
            first, given = steps[0].task, listed(pictures)
            check_count(first, len(given))
            decoded = decoded_all(given, first.deep)
            if file_format and (size := result_size(steps, [size_of(picture) for picture in decoded])):
                check_sides(size, file_format)
            named = {name: decoded_also(name, picture) for name, picture in also.items()}
            return run_labelled(self._bundle, steps, decoded, given, labelling, named)

        return run

    def run_video(
        self,
        chain: str,
        source: str | Path,
        target: str | Path,
        *,
        labelling: Labelling = LABELLED,
        options: "VideoOptions | None" = None,
        progress: Callable[[int, int], None] = lambda done, frames: None,
        **params: Any,
    ) -> dict[str, Any]:
        """Run a task on every frame of a clip, and write the clip that comes out; needs the extra `video`.

        Args:
            chain, params: as in `run`, of tasks that take one picture, or of `fuse`, which takes noise out of each
                frame with its neighbours.
            target: ends in .mp4, .mov or .mkv; replaced if it exists.
            labelling, options, progress: see `serving.video.run_video`, as for what is returned and raised.
        """
        from stylefuse.serving.video import run_video
        from stylefuse.video.options import VideoOptions

        given = {name: value for name, value in params.items() if value is not None}
        return run_video(
            self._bundle,
            self._steps(chain, given, clips=True),
            expanded(Path(source)),
            expanded(Path(target)),
            labelling=labelling,
            options=options or VideoOptions(),
            progress=progress,
        )

    def _steps(self, chain: str, params: Mapping[str, Any], clips: bool = False) -> list[Step]:
        tasks = read_chain(chain, "chain")
        for task in tasks:
            if task not in self._bundle.tasks and not (clips and task.clips):
                raise missing(self._bundle, task)
        known = [name for task in [*tasks, *self.appendable(tasks)] for name in task.specs]
        refuse_misplaced(tasks, params)
        refuse_unknown(params, known, "parameter")
        return read_steps(with_appended(tasks, params), params)

    def appendable(self, tasks: Sequence[Task]) -> list[Task]:
        """Tasks of this model that parameters of their own append to these tasks."""
        return [task for task in appendable(tasks) if task in self._bundle.tasks]

    def __getattr__(self, name: str) -> "TaskMethod":
        if name.startswith("_"):  # Python's own names; a copy that is being made has no bundle yet
            raise AttributeError(name)
        task = find_tasks().get(name)
        if task is None or task not in self._bundle.tasks:
            raise AttributeError(f"this model has no task {name!r}; it has {', '.join(self.tasks)}")
        return TaskMethod(self.run, task, self.appendable([task]))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(task.name for task in self._bundle.tasks)]
