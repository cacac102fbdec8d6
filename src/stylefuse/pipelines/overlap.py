"""Refuse a folder of results that overlaps the folder of pictures: results would replace pictures."""

from collections.abc import Sequence
from pathlib import Path

from stylefuse.pipelines.folders import printable


def refuse_overlap(folder: Path, files: Sequence[Path], output: Path, parameter: str) -> None:
    """Refuse to read pictures from the folder of results, or to write results among pictures.

    Args:
        folder: the folder of the pictures.
        files: the pictures, as paths below `folder`.
        output: the folder of the results.
        parameter: the name of the parameter that gives `folder`, for the message.

    Raises:
        ValueError: one folder is the other one or lies in it, also through links and mounts.
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
    """Whether a folder is another one or lies in it; device and inode numbers are compared, for links and mounts."""
    inner = inner.resolve()
    return outer.is_dir() and any(each.exists() and each.samefile(outer) for each in (inner, *inner.parents))
