"""Parameters of a pipeline that trains a head, made from what the head declares."""

from functools import cache
from typing import Any

from pydantic import create_model

from stylefuse.pipelines.importable import importable
from stylefuse.pipelines.parameters import Parameters
from stylefuse.tasks.head import Head


@cache
def parameters_of(head: Head) -> type[Any]:
    """Return the class of the head's parameters, the same for each call.

    Its fields are `restart` (start anew, whatever unfinished training of this kind there is), `training` and
    `evaluation`.
    """
    name = f"{head.pipeline.title().replace('_', '')}Options"
    made = create_model(
        name,
        __base__=Parameters,
        restart=(bool, ...),
        training=(head.options, ...),
        evaluation=(head.evaluation, ...),
    )
    return importable(made, __name__, name)
