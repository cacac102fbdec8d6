"""Read a request: its chain of tasks, their parameters, its pictures. Errors name the field and the remedy."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from stylefuse.images.deep import decode_deep
from stylefuse.images.encoding import FORMATS, Picture, check_sides
from stylefuse.images.files import ImageError, Limits
from stylefuse.images.io import decode
from stylefuse.serving.chain import size_of
from stylefuse.tasks.chains import (
    IMAGE,
    PLUS,
    Step,
    chain_name,
    merged_defaults,
    read_chain,
    read_steps,
)
from stylefuse.tasks.task import Task, default_task, find_tasks
from stylefuse.tasks.validation import RequestError, read_name, refuse_unknown, shown

REPORT, FORMAT, TASK = "report", "format", "task"
PNG = "png"
MAX_ROWS = 8
MAX_BYTES = 20_000_000
MAX_PIXELS = 40_000_000
# Of a set, whose pictures are in memory together: fusing so many takes about 4 GB.
MAX_SET_PIXELS = 100_000_000

Names = Mapping[str, Sequence[str]]  # lists of names that parameters may take: the styles of a model


class Request(NamedTuple):
    """What to do with a request's pictures.

    steps: the tasks of the chain with their parameters. file_format: of the results, one of `encoding.FORMATS`.
    also: optional pictures of the first task by name, files as bytes or base64. languages: of the report in words;
    none where no words are wanted.
    """

    steps: list[Step]
    file_format: str = PNG
    also: Mapping[str, Any] = {}
    languages: Sequence[str] = ()

    @property
    def chain(self) -> str:
        return chain_name([step.task for step in self.steps])

    @property
    def first(self) -> Task:
        return self.steps[0].task


def defaults(names: Names) -> dict[str, Any]:
    """Every parameter with the value that it has when a request leaves it out."""
    known = merged_defaults(list(find_tasks().values()), names)
    return {TASK: default_task().name, **known, FORMAT: PNG}


def read_params(params: object, names: Names) -> Request:
    """Read all parameters of a request.

    Args:
        params: the request's parameters; None is none.
        names: lists of names in the served model.

    Raises:
        RequestError: a parameter is unknown, of the wrong type, out of range, or belongs to a task that is not in the
            request's chain. A default is no contradiction: MLflow may have filled it in.
    """
    if params is None:
        params = {}
    if not isinstance(params, Mapping):
        example = ", ".join(f'"{name}": {value!r}' for name, value in example_params(names).items())
        raise RequestError(
            "params", f"is a {type(params).__name__}, not an object", f"send {{{example}}}".replace("'", '"')
        )
    known = defaults(names)
    refuse_unknown(params, tuple(known), "parameter")
    tasks = read_chain(params.get(TASK, default_task().name), TASK)
    _refuse_parameters_without_effect(params, tasks, known)
    file_format = read_name(params, FORMAT, FORMATS, PNG)
    return Request(read_steps(tasks, params), file_format)


def example_params(names: Names) -> dict[str, Any]:
    """Two parameters of the default task, with values, for examples."""
    return dict(list(merged_defaults([default_task()], names).items())[:2])


def _refuse_parameters_without_effect(
    params: Mapping[str, Any], tasks: Sequence[Task], known: Mapping[str, Any]
) -> None:
    used = {name for task in tasks for name in task.specs}
    for task in find_tasks().values():
        for name in task.specs:
            value = params.get(name, known[name])
            plain = isinstance(value, str | Real | np.bool_)
            if name in used or (plain and value == known[name]):
                continue
            chain = chain_name(tasks)
            other = f"{chain}{PLUS}{task.name}" if task.follows else task.name
            remedy = f'leave it out, or send "{TASK}": "{other}"'
            raise RequestError(name, f"it has no effect in the task {chain}", remedy)


def check_rows(count: int, request: Request) -> None:
    """Raise RequestError unless there are as many pictures as a request, or a set, may have."""
    least, most = request.first.pictures if request.first.takes_several else (1, MAX_ROWS)
    if not least <= count <= most:
        remedy = f"send {least} to {most} rows, each with its picture"
        rows = "there is 1 row" if count == 1 else f"there are {count} rows"
        raise RequestError(IMAGE, f"{rows} for the task {request.chain}", remedy, "count")


def check_format(size: tuple[int, int], file_format: str, name: str) -> None:
    """Raise RequestError unless the format can hold a picture of this width and height; `name` is the picture's."""
    try:
        check_sides(size, file_format)
    except ImageError as error:
        raise RequestError(FORMAT, f"{name}: {error.message}", error.remedy, error.code) from None


def read_pictures(values: Sequence[Any], names: Sequence[str], deep: bool) -> list[Picture]:
    """Decode the pictures that are in memory together.

    Args:
        values: each a file's bytes, or these in standard base64 (RFC 4648 section 4: no line breaks, no data-URI
            prefix).
        names: what messages call the pictures.
        deep: keep all bits, and grey as grey: H×W or H×W×3, uint8 or uint16. Else RGB, upright, in sRGB.

    Raises:
        RequestError: one is not base64, no picture, damaged, or larger than MAX_BYTES or MAX_PIXELS; or together they
            are larger than MAX_SET_PIXELS.
    """
    pictures: list[Picture] = []
    pixels = 0
    for number, (value, name) in enumerate(zip(values, names, strict=True), 1):
        pictures.append(_read_picture(value, name, decode_deep if deep else decode, [number]))
        width, height = size_of(pictures[-1])
        pixels += width * height
        if pixels > MAX_SET_PIXELS:
            message = (
                f"{name}: the pictures up to this one have more than {MAX_SET_PIXELS / 1e6:g} megapixels"
            )
            remedy = "scale the pictures down, or send fewer"
            raise RequestError(IMAGE, message, remedy, "too_many_pixels", [number])
    return pictures


def read_also(values: Mapping[str, Any]) -> dict[str, Picture]:
    """Decode optional pictures, RGB of 8 bits, by name.

    Args:
        values: each as in `read_pictures`.

    Raises:
        RequestError: as `read_pictures`; the field is the picture's name.
    """
    pictures = {}
    for name, value in values.items():
        try:
            pictures[name] = _read_picture(value, "the picture", decode)
        except RequestError as error:
            raise RequestError(name, error.message, error.remedy, error.code) from None
    return pictures


def _read_picture(
    value: Any, name: str, decoded: Callable[[bytes, Limits], Picture], numbers: Sequence[int] = ()
) -> Picture:
    data = read_file(value, name)
    try:
        return decoded(data, Limits(max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS))
    except ImageError as error:
        if isinstance(error.__cause__, MemoryError):  # no damage of the file
            raise error.__cause__ from None
        raise RequestError(IMAGE, f"{name}: {error.message}", error.remedy, error.code, numbers) from None


def read_file(value: Any, name: str) -> bytes:
    """Return the bytes of a picture file.

    Args:
        value: these, or their base64.

    Raises:
        RequestError: it is not base64, or too long.
    """
    return value if isinstance(value, bytes) else _from_base64(value, name)


def _from_base64(value: Any, name: str) -> bytes:
    if not isinstance(value, str) or not value:
        remedy = "send the picture's bytes as base64"
        raise RequestError(IMAGE, f"{name}: {shown(value)} is not text", remedy, "not_base64")
    if value.startswith("data:"):
        remedy = "send only what follows its comma"
        raise RequestError(IMAGE, f"{name}: a data URI is not plain base64", remedy, "not_base64")
    if len(value) > 4 * (MAX_BYTES // 3 + 1):
        remedy = f"send at most {MAX_BYTES // 1_000_000} MB: scale the picture down or save it as JPEG"
        raise RequestError(IMAGE, f"{name}: {len(value) * 3 / 4e6:.0f} MB are too large", remedy, "too_large")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        remedy = "use the standard alphabet, with padding and without line breaks"
        raise RequestError(IMAGE, f"{name}: {shown(value)} is not base64", remedy, "not_base64") from None
