"""Subcommands of `stylefuse` that run a task on files: made from the task's parameters, like everything else."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stylefuse.images.names import printable
from stylefuse.tasks.chains import appendable, chain_name, fields_of
from stylefuse.tasks.params import Kind, Spec
from stylefuse.tasks.task import Task
from stylefuse.tasks.validation import RequestError

if TYPE_CHECKING:
    from stylefuse.model import Model

DEFAULT_MODEL = "models:/stylefuse@champion"
FORMATS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
OK, FAILED, WRONG_USE = 0, 1, 2


class Work(NamedTuple):
    """Pictures of one result, and its file."""

    sources: list[Path]
    target: Path


class WrongUse(Exception):  # noqa: N818
    """The command line asks for something that cannot be; the message says what to write instead."""


def add_command(commands: Any, tasks: Sequence[Task]) -> None:
    """Add the subcommand of a task, or of a chain of several."""
    first, name = tasks[0], chain_name(tasks)
    summary = ", then ".join(task.summary[0].lower() + task.summary[1:] for task in tasks)
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog="Exit status: 0 if all results were made, 1 if a picture or the model could not be used, 2 if the "
        "command line is wrong, 130 after Ctrl-C.",
    )
    what = (
        "pictures of one set, or a folder of sets 01_a.jpg, 01_b.jpg, …"
        if first.takes_several
        else "pictures, or a folder of them"
    )
    parser.add_argument("pictures", nargs="+", type=Path, help=what)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="file of the result, or folder of several; by default "
        f"<picture>-{first.batch.done}.png in the current folder",
    )
    for spec in fields_of(tasks).values():
        _add_parameter(parser, spec)
    parser.add_argument(
        "--format", choices=FORMATS, help="of the results; by default as --output ends, else png"
    )
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, help="registered model, folder or file (%(default)s)"
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), help="by default a GPU, if there is one")
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each result or error")
    parser.set_defaults(run=lambda options: run(tasks, options))


def _add_parameter(parser: argparse.ArgumentParser, spec: Spec) -> None:
    flag, text = f"--{spec.name.replace('_', '-')}", spec.help.replace("%", "%%")
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


def run(tasks: Sequence[Task], options: argparse.Namespace) -> int:
    """Run the tasks on the files of a command line.

    Returns:
        The exit status.
    """
    chain = chain_name(tasks)
    try:
        params = {name: value for name in fields_of(tasks) if (value := getattr(options, name)) is not None}
        tasks = [*tasks, *_appended(tasks, params)]
        for task in tasks:
            task.params.read({name: params[name] for name in task.specs if name in params})
        work = _work(tasks[0], options)
        _check_targets(work, options.force)
    except (WrongUse, RequestError) as error:
        print(f"stylefuse {chain}: {error}", file=sys.stderr)
        return WRONG_USE
    try:
        from stylefuse.model import load
        from stylefuse.serving.bundle import ModelError

        model = load(options.model, options.device)
    except (ModelError, OSError) as error:
        print(f"stylefuse {chain}: {error}", file=sys.stderr)
        return FAILED
    results = [_make(model, chain_name(tasks), each, params, options) for each in work]
    return OK if all(results) else FAILED


def _appended(tasks: Sequence[Task], params: dict[str, Any]) -> list[Task]:
    return [task for task in appendable(tasks) if any(name in params for name in task.appended_by)]


def _work(task: Task, options: argparse.Namespace) -> list[Work]:
    """What to make of the files and folders that were named."""
    suffix = FORMATS[options.format] if options.format else ".png"
    missing = [path for path in options.pictures if not path.exists()]
    if missing:
        raise WrongUse(f"there is no {printable(str(missing[0]))}")
    folders = [path for path in options.pictures if path.is_dir()]
    if folders and len(options.pictures) > 1:
        raise WrongUse("name files, or one folder")
    if folders:
        return _work_of_folder(task, folders[0], options, suffix)
    if task.takes_several:
        return [Work(options.pictures, _target(options, options.pictures[0], task, suffix, single=True))]
    single = len(options.pictures) == 1
    return [Work([path], _target(options, path, task, suffix, single)) for path in options.pictures]


def _work_of_folder(task: Task, folder: Path, options: argparse.Namespace, suffix: str) -> list[Work]:
    from stylefuse.images.picture_sets import NAMING, find_sets
    from stylefuse.pipelines.folders import visible_files

    if options.output is None:
        raise WrongUse("name a folder for the results with --output")
    if options.output.resolve().is_relative_to(folder.resolve()):
        raise WrongUse("the folder for the results lies among the pictures: name another one")
    files = visible_files(folder)
    if task.takes_several:
        sets, _ = find_sets(files)
        pairs: Iterable[tuple[list[Path], Path]] = [(each.paths, each.name) for each in sets]
        nothing = f"there are no sets in {printable(str(folder))}: {NAMING}"
    else:
        pairs = [([path], path.with_suffix("")) for path in files]
        nothing = f"there are no files in {printable(str(folder))}"
    work = [
        Work([folder / path for path in paths], options.output / name.with_name(name.name + suffix))
        for paths, name in pairs
    ]
    if not work:
        raise WrongUse(nothing)
    return work


def _target(options: argparse.Namespace, source: Path, task: Task, suffix: str, single: bool) -> Path:
    output = options.output
    if output is None:
        return Path(f"{source.stem}-{task.batch.done}{suffix}")
    if single and not output.is_dir() and output.suffix:
        if output.suffix.lower() not in (*FORMATS.values(), ".jpeg"):
            raise WrongUse(f"--output {printable(str(output))}: end it in .png, .jpg or .webp")
        return output
    return output / f"{source.stem}{suffix}"


def _check_targets(work: Sequence[Work], force: bool) -> None:
    targets = [each.target for each in work]
    twice = next((target for target in targets if targets.count(target) > 1), None)
    if twice is not None:
        raise WrongUse(f"two results would be called {printable(str(twice))}: run them one by one")
    for each in work:
        if any(each.target.exists() and each.target.samefile(source) for source in each.sources):
            raise WrongUse(f"{printable(str(each.target))} is a picture of the input: name another --output")
        if each.target.exists() and not force:
            raise WrongUse(f"{printable(str(each.target))} exists: name another --output, or add --force")


def _make(
    model: "Model", chain: str, work: Work, params: dict[str, Any], options: argparse.Namespace
) -> bool:
    """Make one result; returns whether that went well."""
    from stylefuse._atomic import write_whole
    from stylefuse.images.encoding import encode
    from stylefuse.images.files import ImageError

    names = [printable(str(path)) for path in work.sources]
    line: dict[str, Any] = {"pictures": names, "output": printable(str(work.target))}
    file_format = next((n for n, s in FORMATS.items() if s == work.target.suffix.lower()), "jpeg")
    try:
        result = model.run(chain, work.sources if len(work.sources) > 1 else work.sources[0], **params)
        data, _ = encode(result.picture, file_format)
        work.target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(work.target, data)
    except (RequestError, ImageError) as error:
        return _report(line | _error(error.code, error.message, error.remedy), options.json)
    except OSError as error:
        return _report(line | _error("cannot_write", str(error), "choose another --output"), options.json)
    return _report(line | {"report": result.report}, options.json)


def _error(code: str, message: str, remedy: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "remedy": remedy}}


def _report(line: dict[str, Any], as_json: bool) -> bool:
    """Print the outcome of a result; returns whether it was made."""
    error = line.get("error")
    if as_json:
        print(json.dumps(line, ensure_ascii=False), flush=True)
    elif error:
        text = f"{', '.join(line['pictures'])}: {error['message']}; {error['remedy']}"
        print(text, file=sys.stderr, flush=True)
    else:
        print(line["output"], flush=True)
        for warning in line["report"].get("warnings", ()):
            print(f"{line['output']}: {warning}", file=sys.stderr, flush=True)
    return error is None
