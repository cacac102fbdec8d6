"""Parameters of the batch pipeline of a task, made from the task's own."""

from functools import cache
from typing import Any, Literal, Self

from pydantic import Field, create_model, model_validator

from stylefuse.labels.options import STYLEFUSE, Labelling, Language, Mode
from stylefuse.pipelines.batches.also import parameter
from stylefuse.pipelines.importable import importable
from stylefuse.pipelines.journal import Restart
from stylefuse.pipelines.limits import FileLimits
from stylefuse.tasks.chains import Step, appendable, read_steps
from stylefuse.tasks.task import Task, find_tasks
from stylefuse.tasks.validation import RequestError


class BatchOptions(FileLimits):
    """Parameters that all batches have.

    restart: make every result anew, and delete what an unfinished batch has left, of these parameters or others.
    keep_metadata: results keep the EXIF of their picture, or of the first of their set (camera, time, and place if it
        is in there), turned upright and without the thumbnail, and its XMP without what no longer holds; else nothing
        about the pictures leaves with a result but a label that they bear.
    format: png keeps every level, and 16 bits where a picture has them; jpeg and webp have quality 95, 8 bits and
        much smaller files; webp has at most 16383 pixels a side.
    label: of results that networks repainted: metadata, in the file; visible, also as text in a corner, in
        label_language; none, where the pictures are labelled elsewhere. A label that an input bears is carried over.
    label_producer: who makes the pictures, as the label says it: a name or a code, in ASCII without spaces.
    certificate, key: PEM files; with them results are signed (C2PA, the extra `c2pa`).
    max_bytes, max_pixels: of a picture; above them it is refused before decoding, by name and with the reason. 40
        megapixels of 16 bits without compression are 240 MB, so the bytes refuse no picture that the pixels let pass,
        our own results among them. (The service takes 20 MB: its files come from strangers.) Decoding a picture at
        the limits takes up to 1 GB of memory.

    A parameter that a later version adds needs a default that means what its absence meant before.
    """

    restart: bool = False
    keep_metadata: bool = False
    format: Literal["png", "jpeg", "webp"] = "png"
    label: Mode = "metadata"
    label_language: Language = "zh"
    label_producer: str = STYLEFUSE
    certificate: str = ""
    key: str = ""
    max_bytes: int = Field(250_000_000, gt=0)
    max_pixels: int = Field(40_000_000, gt=0, le=178_956_970)  # Pillow opens none that is larger

    @property
    def labelling(self) -> Labelling:
        return Labelling(self.label, self.label_producer, self.label_language, self.certificate, self.key)

    @model_validator(mode="after")
    def _as_labels_allow(self) -> Self:
        assert self.labelling
        return self

    def fingerprinted(self) -> dict[str, Any]:
        """The parameters that decide the results. Limits do not: they decide which pictures are refused."""
        return self.model_dump(exclude={"restart", *FileLimits.model_fields}, exclude_defaults=True)

    def restart_of(self, pipeline: str) -> Restart:
        return Restart(f"{pipeline}.restart", self.restart)


@cache
def batch_options(task: Task) -> type[BatchOptions]:
    """The options class of a task's batch: its parameters, and those of tasks that they may append.

    For each optional picture, a folder of them may be named: `mask_folder` has a mask for each picture that needs one.
    The task checks the values; names of a list, such as styles, are checked once the model is loaded.
    """
    added = appendable([task])
    folders: dict[str, Any] = {parameter(name): (str, "") for name in task.also}
    fields: dict[str, Any] = {
        name: (spec.kind.value | None if spec.names_of else spec.kind.value, spec.default)
        for each in (task, *added)
        for name, spec in each.specs.items()
    }

    class Options(BatchOptions):
        @model_validator(mode="after")
        def _as_the_task_allows(self) -> Self:
            try:
                steps_of(task, self)
            except RequestError as error:
                raise ValueError(str(error)) from None
            return self

        @model_validator(mode="after")
        def _no_parameter_without_effect(self) -> Self:
            for each in added:
                if each in _appended(task, self):
                    continue
                first = each.appended_by[0]
                for name, spec in each.specs.items():
                    if (given := getattr(self, name)) != spec.default:
                        raise ValueError(
                            f"{name} {given} is of no {first}: name the {first}, or leave {name} at {spec.default}"
                        )
            return self

    name = f"{task.name.title()}Options"
    return importable(create_model(name, __base__=Options, **folders, **fields), __name__, name)


def default_parameters() -> dict[str, dict[str, Any]]:
    """The parameters of every batch pipeline at their defaults, as a parameters file would hold them."""
    return {task.name: batch_options(task)().model_dump() for task in find_tasks().values()}


def steps_of(task: Task, options: BatchOptions) -> list[Step]:
    """The chain that the options ask for.

    Raises:
        RequestError: a value is of the wrong type or out of range.
    """
    tasks = [task, *_appended(task, options)]
    given = {name: getattr(options, name) for each in tasks for name in each.specs}
    return read_steps(tasks, {name: value for name, value in given.items() if value is not None})


def _appended(task: Task, options: BatchOptions) -> list[Task]:
    """The tasks that follow: those whose first appending parameter is not at its default."""
    names = [(each, each.appended_by[0]) for each in appendable([task])]
    return [each for each, name in names if getattr(options, name) != each.specs[name].default]
