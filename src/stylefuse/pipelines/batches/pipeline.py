"""A batch pipeline for every task: a folder in, a folder of results and a report out."""

from collections.abc import Callable
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.pipeline import Node, Pipeline

from stylefuse.pipelines.batches.nodes import run_folder
from stylefuse.pipelines.batches.options import batch_options
from stylefuse.pipelines.importable import importable
from stylefuse.tasks.chains import appendable
from stylefuse.tasks.task import Task, find_tasks


def create_pipelines() -> dict[str, Pipeline]:
    """The batch pipelines by the names of their tasks."""
    return {task.name: create_pipeline(task) for task in find_tasks().values()}


def create_pipeline(task: Task) -> Pipeline:
    """Run a task on every picture, or every set of pictures, of a folder."""
    name = task.name
    return Pipeline(
        [
            Node(
                folder_node(task),
                [*networks_of(task), f"{name}_input", f"{name}_staging", f"params:{name}"],
                [f"{name}_output", f"{name}_report"],
                name=f"{name}_folder",
            )
        ]
    )


def networks_of(task: Task) -> list[str]:
    """Names of the weights that a task and those which it may append need, the generator first."""
    names = {name: None for each in (task, *appendable([task])) for name in each.needs}
    return list(names)


def folder_node(task: Task) -> Callable[..., tuple[Path, pd.DataFrame]]:
    """The node's function; its annotation of `options` is what Kedro checks the parameters by."""
    names = [*networks_of(task), "folder", "staging", "options"]

    def run(*inputs: Any) -> tuple[Path, pd.DataFrame]:
        *weights, folder, staging, options = inputs
        return run_folder(task, dict(zip(names, weights, strict=False)), folder, staging, options)

    parameters = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {"options": batch_options(task)}
    return importable(run, __name__, f"{task.name}_folder")
