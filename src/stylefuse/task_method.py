"""The method of a loaded model that runs a task: `model.stylize`."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from stylefuse.images.encoding import Picture
from stylefuse.images.given import PictureLike
from stylefuse.images.packets import saving
from stylefuse.labels.marks import packet
from stylefuse.serving.chain import to_rgb8
from stylefuse.tasks.params import Kind, Spec
from stylefuse.tasks.task import Result, Task


class TaskMethod:
    """Runs one task of a model; its signature and documentation are made from the task's parameters.

    Args:
        run: `Model.run`.
        task: the task.
        appended: tasks that parameters of their own append to it.
    """

    def __init__(self, run: Callable[..., Result], task: Task, appended: Sequence[Task]):
        self._run, self._task = run, task
        self.__name__ = task.name
        what = "pictures" if task.takes_several else "picture"
        keyword = inspect.Parameter.KEYWORD_ONLY
        defaults = {spec.name: spec.default for spec in task.specs.values()}
        for name in (name for other in appended for name in other.specs):
            defaults.setdefault(name, None)
        self.__signature__ = inspect.Signature(
            [
                inspect.Parameter(what, inspect.Parameter.POSITIONAL_ONLY),
                *(inspect.Parameter(name, keyword, default=None) for name in task.also),
                *(inspect.Parameter(name, keyword, default=default) for name, default in defaults.items()),
            ],
            return_annotation=Image.Image,
        )
        self.__doc__ = documentation(task, appended)

    def __call__(self, pictures: PictureLike | Sequence[PictureLike], /, **params: Any) -> Image.Image:
        result = self._run(self._task.name, pictures, **params)
        image = _as_image(result.picture)
        image.info = {"report": result.report}
        if result.marks and (about := packet(result.marks)):
            # What Pillow takes as parameters when this picture is saved.
            image.encoderinfo = saving(about)  # type: ignore[attr-defined]
        return image


def documentation(task: Task, appended: Sequence[Task] = ()) -> str:
    """The documentation of a task's method; `appended` are tasks that parameters of their own append."""
    lines = [f"{task.summary}; the report is in the result's `info`.", "", "Args:"]
    lines += [f"    {name}: {text}" for name, text in task.also.items()]
    lines += [_line(spec) for spec in task.specs.values()]
    for other in appended:
        which = " or ".join(other.appended_by)
        lines += ["", f"With {which}, the task {other.name} works on the result; its parameters are then:"]
        lines += [_line(spec) for spec in other.specs.values() if spec.name not in task.specs]
    return "\n".join([*lines, "", "Raises:", "    RequestError, ImageError: see `Model.run`."])


def _line(spec: Spec) -> str:
    return f"    {spec.name}: {spec.help}{_values(spec)}"


def _values(spec: Spec) -> str:
    if spec.names:
        return f" (one of {', '.join(spec.names)})"
    if spec.kind in (Kind.NUMBER, Kind.INTEGER) and spec.least is not None and spec.most is not None:
        return f" ({spec.least:g} to {spec.most:g})"
    return ""


def _as_image(picture: Picture) -> Image.Image:
    """As Pillow's; colours of 16 bits, which Pillow cannot hold, are rounded to 8."""
    if isinstance(picture, Image.Image):
        return picture
    return to_rgb8(picture) if picture.ndim == 3 and picture.dtype != np.uint8 else Image.fromarray(picture)
