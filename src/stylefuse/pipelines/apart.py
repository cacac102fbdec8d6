"""Pictures and results lie in different folders, or results would take the place of pictures."""

from collections.abc import Sequence
from pathlib import Path

from stylefuse.pipelines.folders import printable


def refuse_overlap(folder: Path, files: Sequence[Path], output: Path, parameter: str) -> None:
    """Refuse to read pictures from the folder of results, or to write results among pictures.

    Args:
        folder: of the pictures; files: below it.
        output: folder of the results.
        parameter: that names `folder`, for the message.

    Raises:
        ValueError: one folder is the other or lies in it, also by links and mounts.
    """
    folders = (folder, *sorted({(folder / file).parent for file in files} - {folder}))
    found = next((each for each in folders if _within(each, output) or _within(output, each)), None)
    if found is None:  # a single file may also be a link to a result
        links = (path.resolve().parent for file in files if (path := folder / file).is_symlink())
        found = next((each for each in links if _within(each, output)), None)
    if found is not None:
        raise ValueError(
            f"the pictures of {printable(found.resolve())} are to be read, and results are to be written to "
            f"{printable(output.resolve())}: neither may lie in the other, or results would take the place of "
            f"pictures. Copy the pictures to a folder elsewhere and name it with {parameter}=…"
        )


def _within(inner: Path, outer: Path) -> bool:
    """Whether a folder is another one or lies in it; by device and number, so that links and mounts count."""
    inner = inner.resolve()
    return outer.is_dir() and any(each.exists() and each.samefile(outer) for each in (inner, *inner.parents))
