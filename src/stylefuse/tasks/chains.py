"""Names of chains and what they hold: `fuse+stylize` fuses the pictures, then restyles the result. Without PyTorch."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from stylefuse.tasks.params import Params, Spec
from stylefuse.tasks.task import Task, find_tasks
from stylefuse.tasks.validation import RequestError

PLUS = "+"
IMAGE = "image"


class Step(NamedTuple):
    """A task of a chain with its parameters."""

    task: Task
    params: Params


def read_steps(tasks: Sequence[Task], params: Mapping[str, Any]) -> list[Step]:
    """The tasks of a chain, each with its own of the given parameters.

    Raises:
        RequestError: a value is of the wrong type or out of range.
    """
    return [
        Step(task, task.params.read({name: params[name] for name in task.specs if name in params}))
        for task in tasks
    ]


def chain_name(tasks: Sequence[Task]) -> str:
    return PLUS.join(task.name for task in tasks)


def parse_chain(name: str) -> list[Task]:
    """The tasks of a chain "a+b+c"; empty where there is no such chain.

    Every task but the first works on one picture, the result of the task before. A task stands once in a chain,
    because its parameters are named once.
    """
    known = find_tasks()
    names = name.split(PLUS)
    if any(each not in known for each in names) or len(set(names)) < len(names):
        return []
    tasks = [known[each] for each in names]
    return tasks if all(task.follows for task in tasks[1:]) else []


def listed_chains(tasks: Sequence[Task]) -> list[str]:
    """Names to show people: every task, and pairs whose second one a parameter of its own may append."""
    pairs = [
        chain_name((first, second))
        for first in tasks
        for second in tasks
        if first != second and first.takes_several and second.follows and second.appended_by
    ]
    return [*(task.name for task in tasks), *pairs]


def picture_field(task: Task) -> str:
    """The field of a form that holds the pictures of a chain that begins with this task."""
    return f"{IMAGE}s" if task.takes_several else IMAGE


def appendable(tasks: Sequence[Task]) -> list[Task]:
    """Tasks that parameters of their own append to a request for this chain."""
    return [task for task in find_tasks().values() if task.appended_by and task.follows and task not in tasks]


def with_appended(tasks: Sequence[Task], given: Collection[str]) -> list[Task]:
    """The tasks, and those that parameters among the given ones append.

    Raises:
        RequestError: a parameter belongs to a task that nothing appends.
    """
    chain = list(tasks)
    for task in appendable(tasks):
        shared = {name for each in tasks for name in each.specs}
        own = [name for name in task.specs if name in given and name not in shared]
        if any(name in task.appended_by for name in own):
            chain.append(task)
        elif own:
            remedy = f"send {' or '.join(task.appended_by)} as well, or leave it out"
            done = f"it only has an effect on pictures that are {task.batch.done}"
            raise RequestError(own[0], done, remedy)
    return chain


def fields_of(tasks: Sequence[Task]) -> dict[str, Spec]:
    """Parameters that a request to this chain's route may hold, beside the format of the result."""
    return {name: spec for task in (*tasks, *appendable(tasks)) for name, spec in task.specs.items()}


def merged_defaults(tasks: Sequence[Task], names: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Every parameter of the tasks with its default in a bundle with these lists of names."""
    return {name: spec.default_in(names) for task in tasks for name, spec in task.specs.items()}
