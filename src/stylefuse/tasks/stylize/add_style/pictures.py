"""Read the pictures of a new style and the photos to restyle, and refuse what a style cannot be learned from."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from stylefuse.images.duplicates import first_alike, perceptual_hash
from stylefuse.images.files import ImageError
from stylefuse.images.io import decode
from stylefuse.images.manifest import PHOTO
from stylefuse.images.names import printable
from stylefuse.images.trim import cut, find_margins

LEAST, ENOUGH = 3, 5  # pictures: fewer are refused; fewer get a warning
HELD_OUT_OF = 8  # of so many pictures one is held out, to notice a critic that learns by heart
SHORT_SIDE, LEAST_SIDE = 384, 128  # px
ALIKE = 24  # bits of 256: pictures that differ in no more are one picture


class StyleRefusedError(ValueError):
    """A style cannot be added or removed. The message names the style, folder or file, and the remedy."""


def read_pictures(folder: Path) -> list[np.ndarray]:
    """Read all pictures of a folder, without plain margins: H×W×3 uint8 each, the short side at most 384 px.

    Raises:
        StyleRefusedError: there is no such folder, it has fewer than three pictures, or one of its files is no picture,
            is too small, or shows the same as another one.
    """
    files = list_files(folder)
    pictures = [_read(file, trim=True) for file in files]
    alike = first_alike([perceptual_hash(picture) for picture in pictures], ALIKE)
    for index in np.flatnonzero(alike >= 0):
        one, other = (printable(files[i].name) for i in (index, alike[index]))
        raise StyleRefusedError(f"{one} shows the same picture as {other}: remove one of them")
    if len(files) < LEAST:
        found = "1 picture" if len(files) == 1 else f"{len(files) or 'no'} pictures"
        raise StyleRefusedError(
            f"{printable(str(folder))} has {found}: a style needs at least {LEAST}, better {ENOUGH} to 20"
        )
    return [np.asarray(picture) for picture in pictures]


def read_photos(folder: Path) -> list[np.ndarray]:
    """Read all photos of a folder, the short side at most 384 px.

    Raises:
        StyleRefusedError: as `read_pictures`; or the folder is empty.
    """
    files = list_files(folder)
    if not files:
        raise StyleRefusedError(
            f"{printable(str(folder))} has no photos: put some there, or name another folder"
        )
    return [np.asarray(_read(file, trim=False)) for file in files]


def list_files(folder: Path) -> list[Path]:
    """The files of a folder, sorted, without hidden ones."""
    if not folder.is_dir():
        raise StyleRefusedError(
            f"there is no folder {printable(str(folder))}: name the folder of the pictures"
        )
    return sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith("."))


def check_name(style: str, styles: Sequence[str]) -> None:
    """Refuse a name that a style cannot have in a model with these styles.

    Raises:
        StyleRefusedError: it says why.
    """
    if style in styles[1:]:
        raise StyleRefusedError(
            f"the model has a style {printable(style)} already: choose another name, or remove that style first"
        )
    if style in ("", ".", "..", PHOTO) or style != style.strip() or set(style) & set('/\\:,+"\0'):
        raise StyleRefusedError(
            f"{printable(style)!r} cannot be the name of a style: use a word such as ukiyoe, "
            f"without / \\ : , + and not {PHOTO}"
        )


def _read(file: Path, trim: bool) -> Image.Image:
    try:
        picture = decode(file)
    except ImageError as error:
        raise StyleRefusedError(f"{printable(file.name)}: {error}") from None
    if trim:
        picture = cut(picture, find_margins(picture))
    short = min(picture.size)
    if short < LEAST_SIDE:
        raise StyleRefusedError(
            f"{printable(file.name)} is {short} px on its short side: {LEAST_SIDE} or more are needed"
        )
    scale = SHORT_SIDE / short
    if scale >= 1:
        return picture
    size = (max(SHORT_SIDE, round(picture.width * scale)), max(SHORT_SIDE, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)
