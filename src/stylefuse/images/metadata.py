"""What a file says about its picture, for the file of what is made of it."""

import warnings
from pathlib import Path

from PIL import ExifTags, Image

from stylefuse.images.files import DEFAULT_LIMITS, ImageError, Limits, opened

_Tag, _Folder = ExifTags.Base, ExifTags.IFD
# Of the first directory, what speaks of the picture. The rest says how this one file stores its pixels.
_KEPT = (
    _Tag.ImageDescription,
    _Tag.Make,
    _Tag.Model,
    _Tag.XResolution,
    _Tag.YResolution,
    _Tag.ResolutionUnit,
    _Tag.Software,
    _Tag.DateTime,
    _Tag.Artist,
    _Tag.HostComputer,
    _Tag.Copyright,
)
# Of the Exif directory, what holds no longer: the old size, and notes that only the camera's maker can move.
_DROPPED = (_Tag.ExifImageWidth, _Tag.ExifImageHeight, _Tag.MakerNote, _Tag.ExifInteroperabilityOffset)
_UPRIGHT = _SRGB = 1
_MOST_BYTES = 65_000  # as many as a JPEG can hold, and so any program expects


def kept_exif(source: bytes | Path, limits: Limits = DEFAULT_LIMITS) -> tuple[bytes, str]:
    """Return the EXIF of a picture file as a file made of its upright sRGB pixels may carry it.

    Description of picture, camera, exposure, time, place and rights are kept. The orientation becomes upright;
    thumbnail, maker's notes and the old size are dropped. XMP, IPTC and text chunks are not kept.

    Args:
        source: a file that was decoded: `images.io.decode` took it.

    Returns:
        EXIF as a TIFF, without the prefix that JPEG puts before it; empty if there is nothing to keep. And what of
        it was lost because it is damaged; "" if nothing was. Never raises for that.
    """
    try:
        with warnings.catch_warnings(record=True) as caught, opened(source, limits) as (image, _):
            warnings.simplefilter("always")  # so Pillow tells of tags that it skips
            exif = _described(image.getexif())
    except ImageError as error:
        return b"", f"its EXIF was not kept: {error.message}"
    if len(exif) > _MOST_BYTES:
        return b"", f"its EXIF was not kept: it has {len(exif) / 1000:.0f} kB"
    return exif, f"a part of its EXIF was not kept: {caught[0].message}" if caught else ""


def _packed(exif: Image.Exif) -> bytes:
    return exif.tobytes().removeprefix(b"Exif\0\0")


def _srgb_alone() -> bytes:
    exif = Image.Exif()
    exif.get_ifd(_Folder.Exif)[_Tag.ColorSpace] = _SRGB
    return _packed(exif)


def _described(found: Image.Exif) -> bytes:
    """What is kept of EXIF, packed; empty if that is nothing."""
    kept = Image.Exif()
    kept.update({tag: found[tag] for tag in _KEPT if tag in found})
    details = {tag: value for tag, value in found.get_ifd(_Folder.Exif).items() if tag not in _DROPPED}
    place = found.get_ifd(_Folder.GPSInfo)
    if not (kept or details or place):
        return b""
    kept[_Tag.Orientation] = _UPRIGHT
    kept.get_ifd(_Folder.Exif).update(details | {_Tag.ColorSpace: _SRGB})
    if place:
        kept.get_ifd(_Folder.GPSInfo).update(place)
    return _packed(kept)


SRGB_ALONE = _srgb_alone()  # EXIF that says nothing but that the colours are sRGB
