"""Arguments of the subcommand of a task, made from the task's parameters."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stylefuse.clip_command import add_clip_flags
from stylefuse.labels.flags import add_flags
from stylefuse.messages import LANGUAGES
from stylefuse.ready_made import styles
from stylefuse.serving.default_model import HELP
from stylefuse.task_files import FORMATS
from stylefuse.task_maps import add_explain
from stylefuse.tasks.chains import fields_of
from stylefuse.tasks.params import Kind, Spec
from stylefuse.tasks.task import Task


def add_arguments(parser: argparse.ArgumentParser, tasks: Sequence[Task]) -> None:
    """Add the arguments of a task, or of a chain of several: files, parameters, labels, and what is reported."""
    first = tasks[0]
    what = (
        "pictures of one set, or a folder of sets 01_a.jpg, 01_b.jpg, …"
        + ("; or clips" if first.clips else "")
        if first.takes_several
        else "pictures and video clips, or a folder of them"
    )
    parser.add_argument("pictures", nargs="+", type=Path, help=what)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="file of the result, or folder of several; by default "
        f"<picture>-{tasks[-1].batch.done}.png in the current folder",
    )
    for name, text in first.also.items():
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"{text}; with one picture")
    for name in {name for task in tasks[1:] for name in task.also} - {*first.also}:
        parser.add_argument(
            f"--{name}", type=Path, help=argparse.SUPPRESS
        )  # only to be refused with a reason
    for spec in fields_of(tasks).values():
        _add_parameter(parser, spec)
    parser.add_argument(
        "--format", choices=FORMATS, help="of pictures; by default as --output ends, else png"
    )
    parser.add_argument("--model", help=HELP)
    parser.add_argument("--device", choices=("cpu", "cuda"), help="by default a GPU, if there is one")
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("--force", action="store_true", help="replace results that exist")
    existing.add_argument(
        "--skip-existing", action="store_true", help="keep results that exist, and make the others"
    )
    add_explain(parser)
    parser.add_argument("--report", choices=LANGUAGES, help="say in words how each result was made")
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each result or error")
    if first.takes_clips:
        add_clip_flags(parser)
    add_flags(parser)


def _add_parameter(parser: argparse.ArgumentParser, spec: Spec) -> None:
    flag, text = f"--{spec.name.replace('_', '-')}", spec.help.replace("%", "%%")
    if spec.names_of == "styles" and (names := styles()):
        text += f"; the ready-made model has {', '.join(names)}"
    default = "" if spec.default is None else f" ({spec.default})"
    if spec.kind is Kind.FLAG:
        action = argparse.BooleanOptionalAction
        parser.add_argument(flag, dest=spec.name, action=action, default=None, help=text)
        return
    kinds: dict[Kind, Any] = {Kind.NUMBER: float, Kind.INTEGER: int, Kind.TEXT: str}
    bounds = "" if spec.least is None else f"{spec.least:g} to {spec.most:g}; "
    parser.add_argument(
        flag,
        dest=spec.name,
        type=kinds[spec.kind],
        choices=spec.names or None,
        metavar=None if spec.names else spec.kind.name,
        help=f"{bounds}{text}{default}",
    )
