"""List the files of the two input folders, with the style that each belongs to."""

import unicodedata
from pathlib import Path
from typing import NamedTuple

from stylefuse.images.manifest import PHOTO
from stylefuse.images.names import storable
from stylefuse.pipelines.folders import printable, unreadable, users_file, visible_files


class Found(NamedTuple):
    """A file, its style ("" if it is in no style's folder), and its path in the manifest."""

    file: Path
    style: str
    path: str


def find_files(photos: Path, styles: Path) -> list[Found]:
    r"""List the files of both folders: photos first, then style by style, each sorted by path.

    Links are followed; hidden files and files of the system are left out. Files that cannot be read are listed. Files
    beside the style folders come last, with style "".

    A style's name is the folder's name in Unicode normal form C, as keyboards type it; two folders whose names differ
    only in the normal form are one style. A path is relative to the folder of photos or of styles; bytes that are not
    UTF-8 are written `\xNN`.

    Raises:
        ValueError: one folder is inside the other; there is no style folder; the folder of photos or of a style cannot
            be read (also a broken link: its disk may be unmounted) or has no file; a style's name cannot be used, or
            it is a link to the photos or to all styles. The message names all such folders.
    """
    _refuse_nested(photos, styles)
    beside = sorted(entry for entry in _entries(styles) if users_file(entry.name))
    folders = [entry for entry in beside if _is_style(entry)]
    if not folders:
        raise ValueError(f"{printable(styles)} holds no style: make one folder of paintings per style in it")
    faults = [fault for folder in folders if (fault := _fault_of(folder, photos, styles))]
    found = _pictures(photos, photos, PHOTO, faults)
    for style, folder in sorted((unicodedata.normalize("NFC", folder.name), folder) for folder in folders):
        found += _pictures(folder, styles, style, faults)
    if faults:
        raise ValueError("\n".join(faults))
    loose = [entry for entry in beside if entry not in folders]
    return found + [Found(file, "", storable(file.name)) for file in loose]


def _pictures(folder: Path, root: Path, style: str, faults: list[str]) -> list[Found]:
    """The files of one style; a line is added to `faults` if there is none."""
    try:
        files = visible_files(folder)
    except OSError as error:
        faults.append(_unread(folder, error))
        return []
    if not files:
        what = "photo" if style == PHOTO else "painting"
        remedy = "correct conf/*/globals.yml" if style == PHOTO else "delete the folder"
        faults.append(f"there is no {what} in {printable(folder)}: add pictures, or {remedy}")
    paths = [folder / file for file in files]
    return [Found(file, style, storable(file.relative_to(root))) for file in paths]


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise ValueError(_unread(folder, error)) from error


def _unread(folder: Path, error: OSError) -> str:
    return f"{printable(folder)}: {unreadable(folder) or error.strerror}"


def _is_style(entry: Path) -> bool:
    try:
        return entry.is_dir() or (entry.is_symlink() and not entry.exists())
    except OSError:  # a link that leads into a folder which cannot be opened
        return True


def _fault_of(folder: Path, photos: Path, styles: Path) -> str:
    """Return why a folder cannot be a style, by its name or its link's target, with the remedy; "" if it can."""
    name, shown = folder.name, printable(folder)
    if storable(name) != name:
        return f"a style's name must be UTF-8, for it goes into tables and requests: rename {shown}"
    if printable(name) != name:
        return f"a style's name cannot hold control characters, ends of lines or marks of direction: rename {shown}"
    if name.casefold() == PHOTO:
        return f'a style cannot be named "{name}", the photos go by it: rename {shown}'
    real, apart = folder.resolve(), photos.resolve()
    if apart.is_relative_to(real) or real.is_relative_to(apart) or styles.resolve().is_relative_to(real):
        return f"{shown} leads to {printable(real)}, which holds more than one style's paintings: delete the link"
    return ""


def _refuse_nested(photos: Path, styles: Path) -> None:
    a, b = photos.resolve(), styles.resolve()
    if a.is_relative_to(b) or b.is_relative_to(a):
        raise ValueError(
            f"photos ({printable(photos)}) and styles ({printable(styles)}) lie in each other: keep them apart"
        )
