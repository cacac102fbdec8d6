"""The contract of a task: its pictures, parameters and predictor. Every folder below `tasks/` is a task.

Everything around it is made from what stands here: requests, routes, OpenAPI, MLflow's signature, flags of the command
line, Kedro's parameters and pipelines, the model card, the rules of promotion. Importing a task brings in no PyTorch.
"""

import importlib
import json
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import stylefuse.tasks
from stylefuse.tasks.maps import Map
from stylefuse.tasks.params import Params, Spec, specs
from stylefuse.tasks.reserved import RESERVED_PARAMETERS, RESERVED_TASKS

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL.Image import Image
    from torch import nn

    from stylefuse.labels.marks import Marks
    from stylefuse.networks.generator import Generator
    from stylefuse.networks.weights import Weights
    from stylefuse.tasks.head import Head

    Picture = Image | np.ndarray  # RGB of 8 bits; or H×W or H×W×3, uint8 or uint16

Size = tuple[int, int]  # width, height in pixels


class Result(NamedTuple):
    """What a task makes.

    picture: RGB of 8 bits as Pillow's; or H×W or H×W×3, uint8 or uint16.
    report: plain values for JSON, how it was made.
    maps: by name, what explains the picture, such as the share taken from each input; see `tasks.maps`.
    marks: what its file is to say about AI; tasks leave it out, see `serving.labelled`.
    """

    picture: "Picture"
    report: dict[str, Any]
    maps: Mapping[str, Map] = {}  # never written to
    marks: "Marks | None" = None


class Networks(Protocol):
    """A loaded model, as a task sees it; `serving.bundle.Bundle` is one.

    generator: with the shared encoder. styles: names of its rows, "photo" first. device: where the networks are.
    lock: held while a network runs, because one picture keeps all cores busy.
    """

    @property
    def styles(self) -> Sequence[str]: ...

    @property
    def device(self) -> "torch.device": ...

    @property
    def lock(self) -> AbstractContextManager[Any]: ...

    @property
    def generator(self) -> "Generator": ...

    @property
    def weights(self) -> "Mapping[str, Weights]":
        """All weights of the model by name."""

    def has(self, name: str) -> bool:
        """Whether the model has the weights of that name."""

    def head(self, name: str) -> "nn.Module":
        """The trained head of that name, over the shared encoder, in eval mode."""


class Predictor(Protocol):
    """Runs a task; safe to share between threads."""

    def check(self, params: Any) -> None:
        """Refuse, before any picture is decoded, parameters that do not fit the loaded networks.

        Raises:
            RequestError: naming the parameter and the remedy.
        """

    def predict(self, pictures: Sequence[Any], params: Any) -> Result:
        """Run the task on decoded pictures, each a `Picture` as the task takes it.

        Of the task's optional pictures, those that were given come as keywords, RGB of 8 bits.

        Raises:
            RequestError: these pictures cannot be worked on; the field is "image", or the optional picture's name.
        """


def _whole_report(report: Mapping[str, Any]) -> dict[str, str]:
    return {"report": json.dumps(report, ensure_ascii=False)}


@dataclass(frozen=True, kw_only=True)
class Batch:
    """How the batch pipeline names what it makes.

    results: the folder of the results below 07_model_output, and the report in 08_reporting.
    done: participle for progress and log, "restyled".
    columns: of the report, beside the names of the files, the output, the warnings and the reason.
    cells: of these columns, from a result's report.
    files: further files of a result by their ending, from the result and the labels of its pictures.
    """

    results: str = ""
    done: str = "done"
    columns: tuple[str, ...] = ("report",)
    cells: Callable[[Mapping[str, Any]], dict[str, str]] = _whole_report
    files: "Callable[[Result, Sequence[str]], dict[str, bytes]] | None" = None
    endings: tuple[str, ...] = ()  # of `files`


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task.

    Args:
        name: of its folder, its route, its pipeline and its command.
        summary: one sentence in the imperative: "Restyle a photo".
        params: its parameters.
        predictor: builds what runs it from the loaded networks.
        pictures: least and most pictures that one result is made of.
        needs: names of the weights that it runs on: "generator", and names of heads.
        maps: names of the maps that explain its results, each with a sentence on what it shows.
        explained_by: names of further weights that such maps are made with; a model may lack them.
        also: optional further pictures by name, each with a sentence; only where one is taken, and first in a chain.
        deep: whether it takes pictures with all their bits, and grey ones as grey; else RGB of 8 bits.
        appended_by: own parameters that append this task to a request for another one, when they are given there.
        around: neighbours before and after a frame that a task on several pictures takes from a clip, moved onto it; 0
            where it takes no clips, or one picture.
        for_frames: its parameters for a frame and its neighbours, from those that were given.
        size: width and height of the result, from those of the pictures; None where only the result shows it.
        batch: words of the batch pipeline.
        repaints: whether a result made with these parameters is one by AI, to be labelled; by default if networks run.
        flickers: whether small changes of a picture move its strokes, so that frames of a clip have to be blended.
        head: the network that is trained for it; None where there is none.
        rank: the task with the lowest is the default, and listed first; equals are ordered by name.
    """

    name: str
    summary: str
    params: type[Params]
    predictor: Callable[[Networks], Predictor]
    pictures: tuple[int, int] = (1, 1)
    needs: tuple[str, ...] = ()
    also: Mapping[str, str] = field(default_factory=dict, hash=False)  # a task is a key of caches
    maps: Mapping[str, str] = field(default_factory=dict, hash=False)
    explained_by: tuple[str, ...] = ()
    deep: bool = False
    appended_by: tuple[str, ...] = ()
    around: int = 0
    for_frames: Callable[[Any], Any] = lambda params: params
    size: Callable[[Sequence[Size], Any], Size | None] = lambda sizes, params: sizes[0]
    batch: Batch = field(default_factory=Batch)
    repaints: Callable[[Any], bool] | None = None
    flickers: bool = False
    head: "Head | None" = None
    rank: int = 100

    @property
    def takes_several(self) -> bool:
        return self.pictures[1] > 1

    @property
    def follows(self) -> bool:
        """Whether it can take the result of another task."""
        return self.pictures[0] == 1

    @property
    def takes_clips(self) -> bool:
        return self.follows or self.around > 0

    def repainted(self, params: Params) -> bool:
        """Whether a result made with these parameters has to be labelled as made by AI."""
        return bool(self.needs) if self.repaints is None else self.repaints(params)

    @property
    def phrase(self) -> str:
        """The summary as part of a sentence: "restyle a photo"."""
        return self.summary[0].lower() + self.summary[1:]

    @property
    def specs(self) -> dict[str, Spec]:
        return specs(self.params)


@cache
def find_tasks() -> dict[str, Task]:
    """All tasks by name: the folders below `tasks/` whose package has a `TASK`.

    Raises:
        ValueError: two tasks give one parameter's name different meanings, a name is reserved, or a task does not bear
            its folder's name.
    """
    found = []
    for module in pkgutil.iter_modules(stylefuse.tasks.__path__):
        if module.ispkg:
            task = getattr(importlib.import_module(f"stylefuse.tasks.{module.name}"), "TASK", None)
            if task is None:
                continue
            if task.name in RESERVED_TASKS:
                raise ValueError(
                    f"a task cannot be called {task.name}, which has another meaning: rename its folder"
                )
            if task.name != module.name:
                raise ValueError(f"the task in the folder tasks/{module.name} is called {task.name}")
            found.append(task)
    tasks = {task.name: task for task in sorted(found, key=lambda task: (task.rank, task.name))}
    _check_names(list(tasks.values()))
    return tasks


def default_task() -> Task:
    """The task of a request that names none."""
    return next(iter(find_tasks().values()))


def find_heads() -> dict[str, "Head"]:
    """The heads of all tasks, by the names of their weights."""
    return {task.head.weights: task.head for task in find_tasks().values() if task.head}


def find_explainers() -> list[str]:
    """Names of the weights with which maps of results are made, of all tasks."""
    return list(dict.fromkeys(name for task in find_tasks().values() for name in task.explained_by))


def _check_names(tasks: Sequence[Task]) -> None:
    known: dict[str, tuple[str, Spec]] = {}
    pictures = {name: task.name for task in tasks for name in task.also}
    for task in tasks:
        for name, spec in task.specs.items():
            if name in pictures:
                raise ValueError(
                    f"a parameter of the task {task.name} is called {name}, as a picture of {pictures[name]} is: "
                    "rename it"
                )
            if name in RESERVED_PARAMETERS:
                raise ValueError(
                    f"a parameter of the task {task.name} is called {name}, which has another meaning: rename it"
                )
            other, same = known.setdefault(name, (task.name, spec))
            if same != spec:
                raise ValueError(
                    f"the tasks {other} and {task.name} declare the parameter {name} differently: "
                    "chains send one value to both, so give one of them another name"
                )
