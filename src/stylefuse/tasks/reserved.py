"""Names that no task and no parameter of a task may have, because they mean something else."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stylefuse.tasks.params import Spec
    from stylefuse.tasks.task import Task

# Words of requests, flags and parameters of batches that every task has.
RESERVED_PARAMETERS = frozenset(
    {
        "task",
        "image",
        "images",
        "format",
        "explain",
        "params",
        "pictures",
        "output",
        "model",
        "device",
        "force",
        "json",
        "help",
        "language",
        "report",
    }
    | {"run", "command", "skip_existing", "restart", "keep_metadata", "max_bytes", "max_pixels"}
    | {"steady", "crf", "tone_map", "preview"}
    | {"label", "label_language", "label_producer", "certificate", "key"}
)
# Names of other commands and routes, and of attributes of a loaded model.
RESERVED_TASKS = frozenset(
    {
        "ask",
        "jobs",
        "video",
        "serve",
        "verify",
        "run",
        "run_video",
        "prepare",
        "appendable",
        "styles",
        "tasks",
        "sample",
        "ingest",
        "evaluate",
        "register",
    }
)


def check_names(tasks: Sequence["Task"]) -> None:
    """Raise ValueError for a reserved parameter, or one that tasks give different meanings."""
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
