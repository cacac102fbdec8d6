"""Find the input pictures and the output files that a command line names. PyTorch is not imported."""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from stylefuse.images.names import printable
from stylefuse.tasks.task import Task
from stylefuse.video.names import CONTAINERS, is_video, result_ending

# Equal to `images.encoding.SUFFIXES`, which would import PyTorch.
FORMATS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
_FORMAT_OF = {suffix: name for name, suffix in FORMATS.items()} | {".jpeg": "jpeg"}
_ENDINGS = ".png, .jpg or .webp"
_CLIPS = ".mp4, .mov or .mkv"
_RESULTS = (".mp4", ".mkv")  # of clips, see `result_ending`


class Fault(NamedTuple):
    """Why something cannot be done: a word for programs, a sentence, and what to do."""

    code: str
    message: str
    remedy: str


class Work(NamedTuple):
    """Pictures of one result, and its file.

    fault: why these pictures give no result. kept: the file exists and is not made again.
    """

    sources: list[Path]
    target: Path | None
    fault: Fault | None = None
    kept: bool = False

    @property
    def is_clip(self) -> bool:
        return is_video(self.sources[0])


class WrongUse(Exception):  # noqa: N818
    """The command line asks for something that cannot be; `remedy` says what to write instead."""

    def __init__(self, message: str, remedy: str):
        super().__init__(f"{message}: {remedy}")
        self.code, self.message, self.remedy = "wrong_use", message, remedy


def find_work(tasks: Sequence[Task], options: argparse.Namespace) -> tuple[list[Work], str]:
    """Find what to make of the files or the folder that were named.

    Args:
        tasks: of the chain. The first decides how pictures are grouped, the last how results are named.
        options: `pictures`, `output`, `format`, `force`, `skip_existing`; see `task_command`.

    Returns:
        The work, and the format of its results, one of `FORMATS`.

    Raises:
        WrongUse: the options cannot be carried out.
    """
    missing = next((path for path in options.pictures if not _exists(path)), None)
    if missing is not None:
        raise WrongUse(f"there is no {_shown(missing)}", "correct the path")
    file_format = _format(options)
    clips = [path for path in options.pictures if is_video(path)]
    if clips and not tasks[0].takes_clips:
        message = f"{_shown(clips[0])} is a clip, and the task {tasks[0].name} takes pictures"
        raise WrongUse(message, "name a task on one picture, such as stylize")
    if clips and tasks[0].takes_several and len(clips) < len(options.pictures):
        raise WrongUse("there are pictures of one set, and clips", "run them one by one")
    folders = [path for path in options.pictures if path.is_dir()]
    if folders and len(options.pictures) > 1:
        raise WrongUse("there are files and folders, or several folders", "name files, or one folder")
    if folders:
        work = _work_of_folder(tasks[0], folders[0], options.output, FORMATS[file_format])
    else:
        work = _work_of_files(tasks, options.pictures, options.output, FORMATS[file_format])
    return _checked(work, options.force, options.skip_existing), file_format


def _format(options: argparse.Namespace) -> str:
    """The format that --format or the ending of --output names."""
    output: Path | None = options.output
    named = None if output is None or output.is_dir() else _FORMAT_OF.get(output.suffix.lower())
    if options.format and named and named != options.format:
        message = f"--format {options.format} contradicts --output {_shown(output)}"
        raise WrongUse(message, f"end it in {FORMATS[options.format]}, or leave out --format")
    return options.format or named or "png"


def _work_of_files(
    tasks: Sequence[Task], files: Sequence[Path], output: Path | None, suffix: str
) -> list[Work]:
    first = tasks[0]
    as_set = first.takes_several and not is_video(files[0])
    least, most = first.pictures
    if as_set and not least <= len(files) <= most:
        found = "there is 1 picture" if len(files) == 1 else f"there are {len(files)} pictures"
        raise WrongUse(f"{found} for the task {first.name}", f"give {least} to {most}, or a folder of sets")
    groups = [list(files)] if as_set else [[file] for file in files]
    if output is not None and len(groups) == 1 and not output.is_dir():
        known, endings = (CONTAINERS, _CLIPS) if is_video(files[0]) else (_FORMAT_OF, _ENDINGS)
        if output.suffix.lower() not in known:
            raise WrongUse(f"--output {_shown(output)}", f"end it in {endings}, or name a folder that exists")
        return [Work(groups[0], output)]
    if output is not None:
        _check_folder(output)
    from stylefuse.pipelines.result_names import result_names

    tail = "" if output else f"-{tasks[-1].batch.done}"
    wanted = [[Path(name + tail) for name in _names_after(group[0])] for group in groups]
    names = result_names(wanted, [suffix, *_RESULTS])
    folder = output or Path()
    return [
        Work(group, folder / name.path(_ending(group[0], suffix)))
        for group, name in zip(groups, names, strict=True)
    ]


def _ending(source: Path, suffix: str) -> str:
    """The ending of a file's result; `suffix` is that of pictures."""
    return result_ending(source) if is_video(source) else suffix


def _names_after(file: Path) -> tuple[str, str, str]:
    """Names that a file's result may have, best first."""
    return file.stem, file.name, "_".join(part for part in file.parts if part != file.anchor)


def _work_of_folder(task: Task, folder: Path, output: Path | None, suffix: str) -> list[Work]:
    from stylefuse.pipelines.folders import visible_files
    from stylefuse.pipelines.result_names import result_names

    if output is None:
        raise WrongUse("the results of a folder need a folder", "name it with --output")
    _check_folder(output)
    if output.resolve().is_relative_to(folder.resolve()):
        raise WrongUse("the folder for the results lies among the pictures", "name another one")
    try:
        files = visible_files(folder)
    except OSError as error:
        raise WrongUse(f"{_shown(folder)} cannot be read ({error.strerror})", "see its permissions") from None
    if task.takes_several:
        return _work_of_sets(task, folder, files, output, suffix)
    if not files:
        raise WrongUse(f"there are no files in {_shown(folder)}", "put the pictures there")
    names = result_names([(file.with_suffix(""), file) for file in files], [suffix, *_RESULTS])
    return [
        Work([folder / file], output / name.path(_ending(file, suffix)))
        for file, name in zip(files, names, strict=True)
    ]


def _work_of_sets(task: Task, folder: Path, files: Sequence[Path], output: Path, suffix: str) -> list[Work]:
    """A set a result; files of no set, and sets with a fault, have a fault instead."""
    from stylefuse.images.picture_sets import NAMING, find_sets
    from stylefuse.pipelines.result_names import result_names

    sets, strays = find_sets(files)
    if not sets:
        raise WrongUse(f"there are no sets in {_shown(folder)}", NAMING)
    names = result_names([[each.name] for each in sets], [suffix])
    work = []
    for each, name in zip(sets, names, strict=True):
        message, _, remedy = each.fault().rpartition(": ")
        fault = Fault("not_a_set", message, remedy) if message else None
        least, most = task.pictures
        if fault is None and not least <= len(each.paths) <= most:
            fault = Fault("count", f"the set has {len(each.paths)} pictures", f"give {least} to {most}")
        work.append(Work([folder / path for path in each.paths], output / name.path(suffix), fault))
    stray = Fault("not_a_set", "the file belongs to no set", NAMING)
    return [*work, *(Work([folder / path], None, stray) for path in strays)]


def _check_folder(output: Path) -> None:
    """Refuse an --output that cannot be the folder of several results."""
    if output.is_dir():
        return
    if output.exists() or output.is_symlink():
        raise WrongUse(f"--output {_shown(output)} is a file", "name a folder for several results")
    if output.suffix.lower() in (*_FORMAT_OF, *CONTAINERS):
        raise WrongUse(f"--output {_shown(output)} names one file", "name a folder for several results")


def _checked(work: Sequence[Work], force: bool, skip_existing: bool) -> list[Work]:
    """Check the files of the results, and mark those to be kept."""
    count = Counter(each.target for each in work if each.target is not None)
    twice = next((target for target, number in count.items() if number > 1), None)
    if twice is not None:
        raise WrongUse(f"two results would be called {_shown(twice)}", "run them one by one")
    checked = []
    for each in work:
        target = each.target
        exists = target is not None and each.fault is None and _exists(target)
        if target is not None and exists:
            if any(_exists(source) and target.samefile(source) for source in each.sources):
                raise WrongUse(f"{_shown(target)} is a picture of the input", "name another --output")
            if not force and not skip_existing:
                remedy = "name another --output, or add --skip-existing or --force"
                raise WrongUse(f"{_shown(target)} exists", remedy)
        checked.append(each._replace(kept=exists and skip_existing))
    return checked


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # in a folder that may not be searched
        return False


def _shown(path: Path | None) -> str:
    return printable(str(path))
