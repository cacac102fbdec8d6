"""Subcommands of `stylefuse` that run a task, or a chain of several, on files."""

import argparse
import json
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from stylefuse.clip_command import Clip, read_clip_flags, run_clip
from stylefuse.images.names import printable
from stylefuse.labels.flags import read_flags
from stylefuse.labels.options import Labelling, LabellingError
from stylefuse.messages import text
from stylefuse.task_arguments import add_arguments
from stylefuse.task_files import Fault, Work, WrongUse, find_work
from stylefuse.task_maps import check_explain, write_maps
from stylefuse.tasks.chains import chain_name, fields_of, read_steps, refuse_misplaced, with_appended
from stylefuse.tasks.task import Result, Task
from stylefuse.tasks.validation import RequestError
from stylefuse.video.names import is_video
from stylefuse.video.options import VideoOptions

OK, FAILED, WRONG_USE = 0, 1, 2


def add_command(commands: Any, tasks: Sequence[Task]) -> None:
    """Add the subcommand of a task, or of a chain of several."""
    name = chain_name(tasks)
    summary = ", then ".join(task.phrase for task in tasks)
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog="Exit status: 0 if all results were made, 1 if a picture or the model could not be used, 2 if the "
        "command line is wrong or does not fit the model, 130 after Ctrl-C.",
    )
    add_arguments(parser, tasks)
    parser.set_defaults(run=lambda options: run(tasks, options))


def run(tasks: Sequence[Task], options: argparse.Namespace) -> int:
    """Run the tasks on the files of a command line.

    Returns:
        The exit status.
    """
    command = f"stylefuse {chain_name(tasks)}"
    params = {name: value for name in fields_of(tasks) if (value := getattr(options, name)) is not None}
    named = {
        name: path for task in tasks for name in task.also if (path := getattr(options, name)) is not None
    }
    also = {name: path for name, path in named.items() if name in tasks[0].also}
    try:
        refuse_misplaced(tasks, named)
        tasks = with_appended(tasks, params)
        read_steps(tasks, params)
        labelling = read_flags(options)
        clips = read_clip_flags(tasks, options) if tasks[0].takes_clips else VideoOptions()
        work, file_format = find_work(tasks, options)
        _check_also(also, options.pictures)
        check_explain(tasks, options)
        if options.explain and any(each.is_clip for each in work):
            raise WrongUse("--explain makes maps of pictures, not of clips", "leave it out")
    except (WrongUse, RequestError, LabellingError) as error:
        return _end(command, WRONG_USE, error, options.json)
    made: Callable[[Any], Result] | None = None
    if any(not each.kept and each.fault is None for each in work):
        from stylefuse.model import DeviceError, load
        from stylefuse.serving.bundle import ModelError

        logging.basicConfig(
            format=f"{command}: %(message)s"
        )  # warnings, such as that the ready-made model is used
        try:
            if labelling.certificate:
                from stylefuse.serving.labelled import signer

                signer(labelling)
            model = load(options.model, options.device)
            if tasks[0].clips is None or not all(each.is_clip for each in work):
                made = model.prepare(chain_name(tasks), params | also, file_format, labelling)
        except (DeviceError, RequestError, LabellingError) as error:
            return _end(command, WRONG_USE, error, options.json)
        except (ModelError, OSError) as error:
            return _end(command, FAILED, error, options.json)

    def outcome(each: Work) -> dict[str, Any] | Fault:
        if each.is_clip and each.target and not each.fault and not each.kept:
            clip = Clip(chain_name(tasks), params, labelling, clips, options.report)
            return run_clip(model, clip, each.sources[0], each.target)
        return _outcome(each, made, file_format, labelling, options)

    results = [_report(each, outcome(each), options.json) for each in work]
    return OK if all(results) else FAILED


def _check_also(also: dict[str, Path], pictures: Sequence[Path]) -> None:
    """Raise WrongUse for optional pictures that are missing, or go with several pictures."""
    for name, path in also.items():
        if not path.is_file():
            raise WrongUse(f"there is no file {_shown(path)} for --{name}", "correct the path")
        if len(pictures) > 1 or pictures[0].is_dir() or is_video(pictures[0]):
            raise WrongUse(f"--{name} goes with one picture", "run the pictures one by one")


def print_error(error: Fault) -> None:
    """Print an error as a line of JSON."""
    print(json.dumps({"error": error._asdict()}), flush=True)


def _end(command: str, status: int, error: Exception, as_json: bool) -> int:
    print(f"{command}: {error}", file=sys.stderr, flush=True)
    if as_json:
        print_error(_fault_of(error))
    return status


def _fault_of(error: Exception) -> Fault:
    if isinstance(error, (WrongUse, RequestError)):
        return Fault(error.code, error.message, error.remedy)
    if isinstance(error, LabellingError):
        return Fault("label", str(error), "")
    return Fault("model", str(error), "")


def _outcome(
    work: Work,
    made: Callable[[Any], Result] | None,
    file_format: str,
    labelling: Labelling,
    options: argparse.Namespace,
) -> dict[str, Any] | Fault:
    """Make one result, unless it is kept or cannot be made.

    Returns:
        What its line of JSON says beside the files, or why there is no result.
    """
    if work.fault:
        return work.fault
    if made is None or work.target is None or work.kept:
        return {"skipped": True}
    from stylefuse._atomic import write_whole
    from stylefuse.images.files import ImageError
    from stylefuse.serving.labelled import encode_labelled

    try:
        result = made(work.sources)
        data, _ = encode_labelled(result, file_format, labelling, work.sources)
    except RequestError as error:
        error = error.named([str(source) for source in work.sources])
        path = getattr(options, error.field, None)  # of an optional picture, such as a mask
        at_fault = f"--{error.field} {_shown(path)}: " if isinstance(path, Path) else ""
        return Fault(error.code, f"{at_fault}{error.message}", error.remedy)
    except ImageError as error:
        return Fault(error.code, error.message, error.remedy)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        return Fault("memory", "there is not enough memory for it", "scale it down, or end other programs")
    except LabellingError as error:
        return Fault("label", str(error), "correct this, then try again")
    except OSError as error:
        return Fault("failed", f"its result could not be made ({error})", "correct this, then try again")
    try:
        write_whole(work.target, data)
        maps = write_maps(options.explain, work.target, result) if options.explain else {}
    except OSError as error:
        return Fault("cannot_write", str(error), "choose another --output, or another --explain")
    return maps | {
        "report": _in_words(result, work.sources, options.report) if options.report else result.report
    }


def _in_words(result: Result, sources: Sequence[Path], language: str) -> dict[str, Any]:
    from stylefuse.images.given import decoded_all
    from stylefuse.serving.in_words import in_words

    photos = decoded_all(list(sources), False) if len(sources) == 1 else []
    return in_words(result.report, photos, result.picture, [language])


def _report(work: Work, outcome: dict[str, Any] | Fault, as_json: bool) -> bool:
    """Print the outcome of a result; returns whether the result is there."""
    if as_json:
        # Names are not made printable: programs can open them again, whatever bytes they hold.
        names = {"pictures": list(map(str, work.sources)), "output": work.target and str(work.target)}
        print(
            json.dumps(names | ({"error": outcome._asdict()} if isinstance(outcome, Fault) else outcome)),
            flush=True,
        )
    elif isinstance(outcome, Fault):
        pictures = ", ".join(_shown(path) for path in work.sources)
        print(f"{pictures}: {outcome.message}; {outcome.remedy}", file=sys.stderr, flush=True)
    else:
        print(_shown(work.target), flush=True)
        report = outcome.get("report", {})
        for sentence in (each for words in report.get("words", {}).values() for each in words):
            print(f"  {sentence}", flush=True)
        if "words" not in report:
            medical = [text("report", "not_for_diagnosis", "en")] if report.get("not_for_diagnosis") else []
            for warning in (*medical, *report.get("warnings", ())):
                print(f"{_shown(work.target)}: {warning}", file=sys.stderr, flush=True)
        for name, why in outcome.get("maps_missing", {}).items():
            print(f"{_shown(work.target)}: no map {name}: {why['message']}", file=sys.stderr, flush=True)
    return not isinstance(outcome, Fault)


def _shown(path: Path | None) -> str:
    return printable(str(path))
