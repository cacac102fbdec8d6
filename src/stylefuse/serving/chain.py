"""Run chains of tasks on pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from stylefuse._progress import part
from stylefuse.images.deep import deep_to_tensor
from stylefuse.images.encoding import Picture
from stylefuse.images.files import ImageError
from stylefuse.images.given import PictureLike, decoded
from stylefuse.images.io import to_image
from stylefuse.serving.bundle import Bundle
from stylefuse.tasks.chains import Step
from stylefuse.tasks.maps import Map, joined
from stylefuse.tasks.task import Result, Task
from stylefuse.tasks.validation import RequestError
from stylefuse.tasks.warned import merged


def run_chain(
    bundle: Bundle,
    steps: Sequence[Step],
    pictures: Sequence[Picture],
    also: Mapping[str, Picture] | None = None,
) -> Result:
    """Run the tasks one after the other, the first on the pictures, the others on the result before.

    Args:
        also: optional pictures of the first task, by name.

    Returns:
        The last task's picture; the reports of all in one, later ones winning, with all warnings; the maps of all.

    Raises:
        RequestError: a task cannot work on these pictures.
    """
    report: dict[str, Any] = {}
    maps: Mapping[str, Map] = {}
    named = {name: to_rgb8(picture) for name, picture in (also or {}).items()}
    for number, (task, params) in enumerate(steps):
        pictures = [as_taken(picture, task) for picture in pictures]
        predictor: Any = bundle.predictor(task.name)
        with part(number / len(steps), (number + 1) / len(steps)):
            result: Result = predictor.predict(pictures, params, **named)
        report = merged(report, result.report)
        maps = joined(maps, result.maps)
        pictures, named = [result.picture], {}
    return Result(pictures[0], report, maps)


def check_chain(bundle: Bundle, steps: Sequence[Step]) -> None:
    """Raise RequestError, before any picture is decoded, for parameters that do not fit the bundle."""
    for task, params in steps:
        bundle.predictor(task.name).check(params)


def check_count(task: Task, count: int) -> None:
    """Raise RequestError unless the task works on so many pictures."""
    least, most = task.pictures
    if not least <= count <= most:
        found = "there is 1 picture" if count == 1 else f"there are {count} pictures"
        some = f"{least}" if least == most else f"{least} to {most}"
        raise RequestError("pictures", f"{found} for the task {task.name}", f"give {some}", "count")


def decoded_also(name: str, picture: PictureLike) -> Picture:
    """Decode an optional picture of a task.

    Raises:
        RequestError: it cannot be decoded; the field is its name.
    """
    try:
        return decoded(picture, deep=False)
    except ImageError as error:
        raise RequestError(name, error.message, error.remedy, error.code) from None


def result_size(steps: Sequence[Step], sizes: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Width and height of a chain's result, from those of its pictures; None where only the result shows it."""
    size: tuple[int, int] | None = None
    for task, params in steps:
        size = task.size(sizes, params)
        if size is None:
            return None
        sizes = [size]
    return size


def to_rgb8(picture: Picture) -> Image.Image:
    """A picture of any depth as RGB of 8 bits."""
    return picture if isinstance(picture, Image.Image) else to_image(deep_to_tensor(picture))


def size_of(picture: Picture) -> tuple[int, int]:
    """Width and height."""
    return picture.size if isinstance(picture, Image.Image) else (picture.shape[1], picture.shape[0])


def as_taken(picture: Picture, task: Task) -> Picture:
    """A picture as the task takes it: with all its bits, or RGB of 8 bits."""
    if task.deep:
        return np.asarray(picture)
    return to_rgb8(picture)
