"""Names of chains and what they hold: `fuse+stylize` fuses the pictures, then restyles the result. Without PyTorch."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from stylefuse.tasks.params import Params, Spec
from stylefuse.tasks.task import Task, find_tasks
from stylefuse.tasks.validation import RequestError, shown

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


def read_chain(name: object, field: str = "task") -> list[Task]:
    """The tasks of a chain "a+b+c".

    Every task but the first works on one picture, the result of the task before. A task stands once in a chain,
    because its parameters are named once.

    Args:
        field: what errors call the part of the request that holds the name.

    Raises:
        RequestError: there is no such chain.
    """
    known = find_tasks()
    names = name.split(PLUS) if isinstance(name, str) else []
    unknown = [each for each in names if each not in known] if names else [name]
    if unknown:
        remedy = f"send one of {', '.join(known)}, or several of them with {PLUS}"
        raise RequestError(field, f"there is no task {shown(unknown[0])}", remedy)
    tasks = [known[each] for each in names]
    for number, task in enumerate(tasks):
        if task in tasks[:number]:
            raise RequestError(field, f"{task.name} stands in the chain twice", "name each task once")
        if number and not task.follows:
            message = f"{task.name} works on several pictures, and a task of a chain gives it only one"
            followers = [each.name for each in known.values() if each.follows]
            remedy = f"begin with {task.name}; after another task there can be {', '.join(followers)}"
            raise RequestError(field, message, remedy)
    return tasks


def parse_chain(name: str) -> list[Task]:
    """The tasks of a chain, as `read_chain`; empty where there is no such chain."""
    try:
        return read_chain(name)
    except RequestError:
        return []


def refuse_misplaced(tasks: Sequence[Task], given: Collection[str]) -> None:
    """Raise RequestError where an optional picture is given, such as a mask, whose task is not the chain's first."""
    for task in tasks[1:]:
        for name in task.also:
            if name in given and name not in tasks[0].also:
                message = f"it goes to {task.name}, which takes it only as the first task of a chain"
                raise RequestError(name, message, f"begin with {task.name}, or leave it out", "unknown_field")


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
