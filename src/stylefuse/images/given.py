"""Decode the pictures that a caller of the Python API gives: files, Pillow's pictures, arrays."""

import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from stylefuse.images.deep import decode_deep, deep_to_tensor
from stylefuse.images.files import DEFAULT_LIMITS, ImageError, Limits
from stylefuse.images.io import decode, to_image
from stylefuse.images.names import printable

PictureLike = Image.Image | np.ndarray | str | os.PathLike | bytes
TAKEN = "give a Pillow picture, an array (H×W or H×W×3, uint8 or uint16), a path, or the bytes of a file"
# Pillow's pictures are in memory already.
_UNLIMITED = Limits(max_pixels=sys.maxsize)
# Can be iterated over, but are no lists of pictures.
_SINGLE = (Image.Image, np.ndarray, str, os.PathLike, bytes, bytearray, memoryview, io.IOBase, dict)


def listed(pictures: Any) -> list[Any]:
    """Return one picture, or several, as a list; what is no picture is refused by `decoded`."""
    single = isinstance(pictures, _SINGLE) or hasattr(pictures, "__array__")  # PyTorch's tensors, for one
    return [pictures] if single or not isinstance(pictures, Iterable) else list(pictures)


def decoded(picture: Any, deep: bool) -> Image.Image | np.ndarray:
    """Decode a picture as its file would be.

    Args:
        picture: a file's path or bytes; Pillow's picture, which is turned by its EXIF, converted by its profile and
            blended with white as its file would be; or an array, H×W or H×W×3, uint8 or uint16, in sRGB.
        deep: keep all bits, and grey as grey, see `images.deep.decode_deep`; else see `images.io.decode`.

    Raises:
        ImageError: it cannot be decoded, or is none of these (code "not_a_picture").
    """
    if isinstance(picture, np.ndarray):
        _check_array(picture)
        return picture if deep else to_image(deep_to_tensor(picture))
    if isinstance(picture, Image.Image):
        return decode_deep(picture, _UNLIMITED) if deep else decode(picture, _UNLIMITED)
    if not isinstance(picture, (str, os.PathLike, bytes)):
        raise ImageError("not_a_picture", f"this is {_article(type(picture).__name__)}, not a picture", TAKEN)
    if not isinstance(picture, bytes) and "\0" in os.fsdecode(picture):
        raise ImageError("unreadable", "no file's name can hold a null character", "correct the path")
    source = picture if isinstance(picture, bytes) else expanded(Path(os.fsdecode(picture)))
    return decode_deep(source, DEFAULT_LIMITS) if deep else decode(source, DEFAULT_LIMITS)


def decoded_all(pictures: list[Any], deep: bool) -> list[Image.Image | np.ndarray]:
    """Decode several pictures.

    Raises:
        ImageError: of several, it names the file, or the position: "picture 2".
    """
    return [_decoded_of_several(p, deep, i, len(pictures)) for i, p in enumerate(pictures, 1)]


def expanded(path: Path) -> Path:
    """Replace `~` by the home folder; the path stays as it is where there is no such user."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def _decoded_of_several(picture: Any, deep: bool, number: int, count: int) -> Image.Image | np.ndarray:
    try:
        return decoded(picture, deep)
    except ImageError as error:
        path = isinstance(picture, (str, os.PathLike))
        name = (
            printable(Path(os.fsdecode(picture)).name or os.fsdecode(picture))
            if path
            else f"picture {number}"
        )
        if count == 1 or error.message.startswith(f"{name}: "):
            raise
        raise ImageError(error.code, f"{name}: {error.message}", error.remedy) from error


def _check_array(pixels: np.ndarray) -> None:
    known = pixels.dtype in (np.uint8, np.uint16)
    shaped = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if not known or not shaped or pixels.size == 0:
        shape = "×".join(map(str, pixels.shape)) or "no dimensions"
        message = f"this is an array of {pixels.dtype}, {shape}"
        raise ImageError("not_a_picture", message, "give H×W or H×W×3, uint8 or uint16, with 0 as black")


def _article(name: str) -> str:
    return "None" if name == "NoneType" else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
