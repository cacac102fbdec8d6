"""EXIF of a source file, to be copied into the file of the result."""

import warnings
from pathlib import Path

from PIL import ExifTags, Image

from stylefuse.images.dicom import is_dicom
from stylefuse.images.files import DEFAULT_LIMITS, ImageError, Limits, contents, opened

_Tag, _Folder = ExifTags.Base, ExifTags.IFD
# Tags of the first directory that describe the picture. The others describe how the file stores its pixels.
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
# Tags of the Exif directory that no longer hold: the old size, and maker's notes, which cannot be moved safely.
_DROPPED = (_Tag.ExifImageWidth, _Tag.ExifImageHeight, _Tag.MakerNote, _Tag.ExifInteroperabilityOffset)
_UPRIGHT = _SRGB = 1
_MOST_BYTES = 65_000  # the most that a JPEG can hold


def kept_exif(source: bytes | Path, limits: Limits = DEFAULT_LIMITS) -> tuple[bytes, str]:
    """Return the EXIF of a picture file that also holds for a file made from its upright sRGB pixels.

    Description, camera, exposure, time, place and rights are kept. The orientation becomes upright; thumbnail, maker's
    notes and the old size are dropped. IPTC and text chunks are not kept; of DICOM, which names patients, nothing is.

    Args:
        source: a file that `images.io.decode` can decode.

    Returns:
        EXIF as a TIFF, without JPEG's prefix; empty if there is nothing to keep. And a remark on what was lost because
        it is damaged, "" if nothing was; damage never raises.
    """
    try:
        data = contents(source, limits)
        if is_dicom(data):
            return b"", ""
        with warnings.catch_warnings(record=True) as caught, opened(data, limits) as (image, _):
            warnings.simplefilter("always")  # Pillow warns of tags that it skips
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
    """Return the kept part of EXIF, packed; empty if there is none."""
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


SRGB_ALONE = _srgb_alone()  # EXIF that holds the colour space only
