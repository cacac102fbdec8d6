"""Picture files before and after their pixels: which are read at all, how refusals are told, whole writes."""

import io
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from stylefuse.images.structure import excess

# Formats that cameras, scanners and museums hand out. A short list also keeps rarely used decoders, where
# most of Pillow's security holes were, out of reach of an upload.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")


class ImageError(ValueError):
    """A picture that cannot be used: a stable `code`, a `message` with the reason, a `remedy`."""

    def __init__(self, code: str, message: str, remedy: str):
        super().__init__(f"{message}: {remedy}")
        self.code = code
        self.message = message
        self.remedy = remedy

    def __reduce__(self):  # the default would call __init__ with one argument and fail between processes
        return ImageError, (self.code, self.message, self.remedy)


@dataclass(frozen=True)
class Limits:
    """What `decode` refuses before any pixel is unpacked: file size in bytes, width × height in pixels."""

    max_bytes: int = 20_000_000
    max_pixels: int = 40_000_000


DEFAULT_LIMITS = Limits()


@contextmanager
def opened(source: bytes | Path, limits: Limits = DEFAULT_LIMITS) -> Iterator[tuple[Image.Image, bytes]]:
    """Open a picture file of a format on the list, within the limits; no pixel is unpacked yet.

    Yields:
        The picture, and the bytes of its file. Whatever goes wrong while they are in use counts as damage.

    Raises:
        ImageError: with the codes that `images.io.decode` names.
    """
    data = source if isinstance(source, bytes) else _read(source, limits)
    _check_bytes(len(data), limits)
    if reason := excess(data, limits.max_pixels):
        raise _damaged(reason)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_pixels(image.size, limits)
            yield image, data
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        if begins_as := _begins_as(data):
            raise _damaged(f"it begins as {begins_as} does, and does not go on so") from error
        raise ImageError(
            "not_a_picture", "this is no picture file", f"use one of {', '.join(FORMATS)}"
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(limits) from error
    except Exception as error:
        # Decoders fail in many ways on damaged input (OSError, SyntaxError, ValueError, struct.error,
        # EOFError, OverflowError, MemoryError…): all mean that this file holds no usable picture.
        raise _damaged(str(error) or type(error).__name__) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write `path` all or nothing: yields the path of a file beside it, which then takes its place.

    It is flushed to disk first: after a power cut there is the old file or the new one, never an empty one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(
        f".{secrets.token_hex(8)}.tmp"
    )  # short: `path` may have the longest name there is
    try:
        yield partial
        with partial.open("r+b") as file:  # Windows flushes what was opened for writing alone
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write the bytes of a file, all or nothing."""
    with replacing(path) as partial:
        partial.write_bytes(data)


def _begins_as(data: bytes) -> str:
    """The format on the list whose signature a file has; empty if none."""
    return next((name for name in FORMATS if Image.OPEN[name][1](data[:16])), "")


def _damaged(reason: str) -> ImageError:
    return ImageError("damaged", f"the file is damaged or of a rare kind ({reason})", "export it again")


def _read(path: Path, limits: Limits) -> bytes:
    try:
        _check_bytes(path.stat().st_size, limits)  # before a file of any size is pulled into memory
        return path.read_bytes()
    except OSError as error:
        message = f"cannot read {path.name} ({error.strerror})"
        raise ImageError("unreadable", message, "check its permissions") from error


def _check_bytes(size: int, limits: Limits) -> None:
    if size == 0:
        raise ImageError("empty", "the file is empty", "copy or export it again")
    if size > limits.max_bytes:
        message = f"the file has {size / 1e6:.1f} MB, more than {limits.max_bytes / 1e6:g} MB"
        raise ImageError("too_large", message, "save it smaller")


def _check_pixels(size: tuple[int, int], limits: Limits) -> None:
    if min(size) < 1:
        raise ImageError("damaged", f"the picture is {size[0]}×{size[1]} pixels", "export it again")
    if size[0] * size[1] > limits.max_pixels:
        raise _too_many_pixels(limits, f"{size[0]}×{size[1]} pixels")


def _too_many_pixels(limits: Limits, size: str = "too many pixels") -> ImageError:
    message = f"the picture has {size}, more than {limits.max_pixels / 1e6:g} megapixels"
    return ImageError("too_many_pixels", message, "scale it down")
