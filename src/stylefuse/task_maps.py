"""Write the maps that explain a result as files, for `--explain`. Without PyTorch until a map is made."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stylefuse.images.names import printable
from stylefuse.task_files import WrongUse
from stylefuse.tasks.chains import chain_name
from stylefuse.tasks.task import Result, Task


def add_explain(parser: argparse.ArgumentParser) -> None:
    """Add the flag to a task's subcommand."""
    parser.add_argument(
        "--explain",
        type=Path,
        metavar="FOLDER",
        help="folder for maps that explain each result: grey PNG files <result>-<map>.png",
    )


def check_explain(tasks: Sequence[Task], options: argparse.Namespace) -> None:
    """Raise WrongUse where maps are asked for that cannot be, or that would replace files."""
    folder: Path | None = options.explain
    if folder is None:
        return
    shown = f"--explain {printable(str(folder))}"
    if not any(task.maps for task in tasks):
        raise WrongUse(f"{shown}: the task {chain_name(tasks)} makes no maps", "leave it out")
    if folder.exists() and not folder.is_dir():
        raise WrongUse(f"{shown} is a file", "name a folder")
    kept = options.force or options.skip_existing
    if not kept and folder.is_dir() and any(folder.iterdir()):
        raise WrongUse(f"{shown} is not empty", "name another folder, or add --force")


def write_maps(folder: Path, target: Path, result: Result) -> dict[str, Any]:
    """Write all maps of a result, as `<target>-<map>.png`, with numbers where a map has several pictures.

    Returns:
        `maps`, lists of files by name; `maps_missing`, by name `code` and `message` that say why one cannot be made.

    Raises:
        OSError: a file cannot be written.
    """
    from stylefuse._atomic import write_whole
    from stylefuse.serving.maps import make_maps

    made, missing = make_maps(result.maps, list(result.maps))
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, list[str]] = {}
    for name, pictures in made.items():
        for number, data in enumerate(pictures, 1):
            path = folder / f"{target.stem}-{name}{f'-{number}' if len(pictures) > 1 else ''}.png"
            write_whole(path, data)
            files.setdefault(name, []).append(str(path))
    return {"maps": files, "maps_missing": missing}
