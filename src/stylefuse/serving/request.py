"""What a request may hold. Anything else is refused, naming the field and the remedy; nothing is guessed."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple, TypeVar

import numpy as np
from PIL.Image import Image

from stylefuse.images.deep import decode_deep
from stylefuse.images.encoding import FORMATS, check_sides
from stylefuse.images.files import ImageError, Limits
from stylefuse.images.io import decode
from stylefuse.tasks.fuse.modes import MODES
from stylefuse.tasks.stylize.params import LOOK, STRENGTH, STYLE, Look, look_defaults, read_look
from stylefuse.tasks.validation import RequestError, read_name, refuse_unknown, shown

IMAGE, REPORT, FORMAT = "image", "report", "format"
TASK, MODE, ALIGN = "task", "mode", "align"
PARAMETERS = (TASK, *LOOK, MODE, ALIGN, FORMAT)
STYLIZE, FUSE, FUSE_STYLIZE = "stylize", "fuse", "fuse+stylize"
TASKS = (STYLIZE, FUSE, FUSE_STYLIZE)
AUTO = "auto"
PNG = "png"
MAX_ROWS = 8
MAX_BYTES = 20_000_000
MAX_PIXELS = 40_000_000
# Of a set, whose pictures are in memory together: fusing so many takes about 4 GB.
MAX_SET_PIXELS = 100_000_000


class Asked(NamedTuple):
    """What to do with a request's pictures.

    task: one of `TASKS`.
    look: how to restyle; without meaning where the task is to fuse alone.
    mode: how to fuse, "auto" or one of `MODES`; align: whether to bring the pictures into register first.
    file_format: of the results, one of `images.encoding.FORMATS`.
    """

    task: str
    look: Look
    mode: str
    align: bool
    file_format: str = PNG


def defaults(styles: Sequence[str]) -> dict[str, Any]:
    """Every parameter with the value that it has when a request leaves it out."""
    return {TASK: STYLIZE, **look_defaults(styles), MODE: AUTO, ALIGN: False, FORMAT: PNG}


def read_params(params: Mapping[str, Any] | None, styles: Sequence[str]) -> Asked:
    """Read all parameters of a request.

    Args:
        params: the request's parameters; None is none.
        styles: names of the generator's rows, "photo" first.

    Raises:
        RequestError: a parameter is unknown, of the wrong type, out of range, or says something that its task
            does not do. A default is no contradiction: MLflow may have filled it in.
    """
    known = defaults(styles)
    if params is None:
        params = {}
    if not isinstance(params, Mapping):
        remedy = f'send {{"{STYLE}": "{styles[1]}", "{STRENGTH}": 1.0}}'
        raise RequestError("params", f"is a {type(params).__name__}, not an object", remedy)
    refuse_unknown(params, PARAMETERS, "parameter")
    task = read_name(params, TASK, TASKS, STYLIZE)
    for name in {STYLIZE: (MODE, ALIGN), FUSE: LOOK}.get(task, ()):
        value = params.get(name, known[name])
        if not isinstance(value, str | Real | np.bool_) or value != known[name]:
            other = FUSE if task == STYLIZE else FUSE_STYLIZE
            remedy = f'leave it out, or send "{TASK}": "{other}"'
            raise RequestError(name, f"it has no effect in the task {task}", remedy)
    align = params.get(ALIGN, False)
    if not isinstance(align, bool | np.bool_):
        raise RequestError(ALIGN, f"{shown(align)} is neither true nor false", "send true or false")
    look = read_look({name: params[name] for name in LOOK if name in params}, styles)
    file_format = read_name(params, FORMAT, FORMATS, PNG)
    return Asked(task, look, read_mode(params), bool(align), file_format)


def read_mode(params: Mapping[str, Any]) -> str:
    """Read `mode`: "auto" (default) or one of `MODES`.

    Raises:
        RequestError: it is something else.
    """
    return read_name(params, MODE, (AUTO, *MODES), AUTO)


def check_rows(count: int, task: str = STYLIZE) -> None:
    """Raise RequestError unless there are as many pictures as a request, or a set to fuse, may have."""
    least = 1 if task == STYLIZE else 2
    if not least <= count <= MAX_ROWS:
        remedy = f"send {least} to {MAX_ROWS} rows, each with its picture"
        message = (
            f"there is 1 row for the task {task}"
            if count == 1
            else f"there are {count} rows for the task {task}"
        )
        raise RequestError(IMAGE, message, remedy, "count")


def check_format(size: tuple[int, int], file_format: str, name: str) -> None:
    """Raise RequestError unless the format can hold a picture of this width and height; `name` is the picture's."""
    try:
        check_sides(size, file_format)
    except ImageError as error:
        raise RequestError(FORMAT, f"{name}: {error.message}", error.remedy, error.code) from None


def read_image(value: Any, name: str) -> Image:
    """Decode one picture.

    Args:
        value: its file's bytes, or these in standard base64 (RFC 4648 section 4: no line breaks, no data-URI prefix).
        name: what messages call the picture.

    Returns:
        RGB picture, upright, in sRGB.

    Raises:
        RequestError: not base64, no picture, damaged, or larger than MAX_BYTES or MAX_PIXELS.
    """
    return _read_picture(value, name, decode)


def read_set(values: Sequence[Any], names: Sequence[str]) -> list[np.ndarray]:
    """Decode the pictures of a set, as `read_image`, with all bits and grey left grey.

    Returns:
        Each H×W or H×W×3, uint8 or uint16.

    Raises:
        RequestError: as `read_image`, or together they are larger than MAX_SET_PIXELS.
    """
    pictures, pixels = [], 0
    for value, name in zip(values, names, strict=True):
        pictures.append(_read_picture(value, name, decode_deep))
        pixels += pictures[-1].shape[0] * pictures[-1].shape[1]
        if pixels > MAX_SET_PIXELS:
            message = (
                f"{name}: the pictures up to this one have more than {MAX_SET_PIXELS / 1e6:g} megapixels"
            )
            raise RequestError(IMAGE, message, "scale the pictures down, or send fewer", "too_many_pixels")
    return pictures


_Picture = TypeVar("_Picture")


def _read_picture(value: Any, name: str, decoded: Callable[[bytes, Limits], _Picture]) -> _Picture:
    data = value if isinstance(value, bytes) else _from_base64(value, name)
    try:
        return decoded(data, Limits(max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS))
    except ImageError as error:
        if isinstance(error.__cause__, MemoryError):  # no damage of the file
            raise error.__cause__ from None
        raise RequestError(IMAGE, f"{name}: {error.message}", error.remedy, error.code) from None


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
