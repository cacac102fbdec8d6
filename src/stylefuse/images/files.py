"""Open picture files: supported formats, size limits, and the errors for files that cannot be used."""

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from PIL import Image, UnidentifiedImageError, features

from stylefuse.images import heif, tiff
from stylefuse.images.names import printable
from stylefuse.images.signatures import Kind, begins_as, begins_late, foreign
from stylefuse.images.structure import excess
from stylefuse.images.unreadable import fault

# Formats of cameras, scanners and museums. The short list keeps uploads away from rarely used decoders, in which most
# of Pillow's security holes were found. AVIF and HEIF are formats of phones; browsers and phones use the same decoders
# (dav1d, libde265).
WRITTEN = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
FORMATS = (*WRITTEN, *(("AVIF",) if features.check("avif") else ()), *(("HEIF",) if heif.register() else ()))


class ImageError(ValueError):
    """A picture cannot be used: a stable `code`, a `message` with the reason, and a `remedy`."""

    def __init__(self, code: str, message: str, remedy: str):
        super().__init__(f"{message}: {remedy}")
        self.code = code
        self.message = message
        self.remedy = remedy

    # For pickling: the default calls __init__ with one argument and fails.
    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return ImageError, (self.code, self.message, self.remedy)


@dataclass(frozen=True)
class Limits:
    """Largest file size in bytes and largest width × height in pixels, checked before pixels are decoded."""

    max_bytes: int = 20_000_000
    max_pixels: int = 40_000_000


DEFAULT_LIMITS = Limits()


@contextmanager
def opened(
    source: bytes | Path | Image.Image, limits: Limits = DEFAULT_LIMITS
) -> Iterator[tuple[Image.Image, bytes]]:
    """Open a picture file of a supported format, within the limits, without decoding pixels.

    Args:
        source: the file; or a picture that Pillow has opened or made, which is not changed.
        limits: of the file.

    Yields:
        The picture, and the bytes of its file, b"" for Pillow's picture. Any error inside the `with` block counts as
        damage of the file.

    Raises:
        ImageError: see `images.io.decode` for the codes.
    """
    data = b"" if isinstance(source, Image.Image) else _checked(source, limits)
    try:
        with _picture(source, data) as image:
            check_pixels(image.size, limits)
            yield image, data
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise _unidentified(data) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(limits) from error
    except Exception as error:
        # Decoders raise many types of errors on damaged input: OSError, SyntaxError, ValueError, struct.error,
        # EOFError, OverflowError, MemoryError and others.
        raise _damaged(str(error) or type(error).__name__) from error


def contents(source: bytes | Path, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Return the bytes of a file within the limits.

    Raises:
        ImageError: it is empty, too large, or cannot be read.
    """
    data = source if isinstance(source, bytes) else _read(source, limits)
    _check_bytes(len(data), limits)
    return data


def _checked(source: bytes | Path, limits: Limits) -> bytes:
    """The bytes of a file, after the checks that need no decoder."""
    data = contents(source, limits)
    if reason := excess(data, limits.max_pixels):
        raise _damaged(reason)
    if tiff.is_tiff(data) and (kind := tiff.unfit(data)):
        raise _refused(kind)
    return data


def _picture(source: bytes | Path | Image.Image, data: bytes) -> AbstractContextManager[Image.Image]:
    if isinstance(source, Image.Image):
        return nullcontext(source)  # its owner closes it
    return Image.open(io.BytesIO(data), formats=FORMATS)


def _unidentified(data: bytes) -> ImageError:
    """Return the error for a file that no decoder accepts, with its kind as far as its bytes show it."""
    name = begins_as(data)
    if name in FORMATS:
        article = "an" if name == "AVIF" else "a"
        message = f"the file begins like {article} {name}, but the rest is damaged"
        return ImageError("damaged", message, "copy or export it again")
    if kind := foreign(data):
        return _refused(kind)
    if late := begins_late(data):
        extra = "1 extra byte" if late[1] == 1 else f"{late[1]} extra bytes"
        message = f"the file has {extra} before the {late[0]} data"
        return ImageError("damaged", message, "copy or download it again")
    return ImageError("not_a_picture", "this is not a picture file", f"use one of {', '.join(FORMATS)}")


def _refused(kind: Kind) -> ImageError:
    return ImageError(kind.code, f"the file is {kind.name}", kind.remedy)


def _damaged(reason: str) -> ImageError:
    return ImageError("damaged", f"the file is damaged or of a rare kind ({reason})", "export it again")


def _read(path: Path, limits: Limits) -> bytes:
    try:
        _check_bytes(path.stat().st_size, limits)  # before the file is read into memory
        return path.read_bytes()
    except OSError as error:
        reason, remedy = cast(tuple[str, str], fault(path, error))  # never None with an error
        raise ImageError("unreadable", f"{printable(path.name or path)}: {reason}", remedy) from error


def _check_bytes(size: int, limits: Limits) -> None:
    if size == 0:
        raise ImageError("empty", "the file is empty", "copy or export it again")
    if size > limits.max_bytes:
        message = f"the file has {size / 1e6:.1f} MB, more than {limits.max_bytes / 1e6:g} MB"
        raise ImageError("too_large", message, "save it smaller")


def check_pixels(size: tuple[int, int], limits: Limits) -> None:
    if min(size) < 1:
        raise ImageError("damaged", f"the picture is {size[0]}×{size[1]} pixels", "export it again")
    if size[0] * size[1] > limits.max_pixels:
        raise _too_many_pixels(limits, f"{size[0]}×{size[1]} pixels")


def _too_many_pixels(limits: Limits, size: str = "too many pixels") -> ImageError:
    message = f"the picture has {size}, more than {limits.max_pixels / 1e6:g} megapixels"
    return ImageError("too_many_pixels", message, "scale it down")
