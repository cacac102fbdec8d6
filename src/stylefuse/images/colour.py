"""Colour spaces of picture files, from profiles, PNG chunks, code points or EXIF, and conversion to sRGB at 8 bits."""

import io
import struct

import numpy as np
from PIL import ExifTags, Image, ImageCms

from stylefuse.images.boxes import code_points
from stylefuse.images.files import ImageError
from stylefuse.images.png import chunk_of
from stylefuse.images.profiles import ADOBE_RGB, SRGB, SRGB_CURVE, Space, profile_of

# ITU-T H.273, which PNG's cICP and the nclx of AVIF and HEIF use: primaries …
_PRIMARIES = {
    5: Space((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: Space((0.63, 0.34), (0.31, 0.595), (0.155, 0.07)),
    7: Space((0.63, 0.34), (0.31, 0.595), (0.155, 0.07)),
    9: Space((0.708, 0.292), (0.17, 0.797), (0.131, 0.046)),
    11: Space((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), (0.314, 0.351)),
    12: Space((0.68, 0.32), (0.265, 0.69), (0.15, 0.06)),
}
# … and transfer functions. All others, such as television's, count as the curve of sRGB, as in browsers.
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
_HDR = {16: "PQ", 18: "HLG"}
# PNG: a gamma this near to that of sRGB, by ratio, counts as sRGB (threshold of libpng and browsers).
_USUAL_GAMMA, _NEAR = 1 / 0.45455, 0.05
_LEAST_GAMMA, _MOST_GAMMA = 0.2, 10.0  # values outside are damage
# EXIF 2.3: ColorSpace, and its value for Adobe RGB in some cameras; DCF 2.0: the interoperability index of Adobe RGB.
_EXIF_SRGB, _EXIF_ADOBE, _DCF_ADOBE = 1, 2, "R03"
_INDEX = 1
# PNG, header chunk (PNG 1.2, 11.2.2): offset of the colour type in the file, and the types without colours.
_PNG_COLOUR, _PNG_GREYS = 25, (0, 4)
_GREY_MODES = ("1", "L", "LA", "La", "I", "F")
# Largest difference, of 255 levels, between profiles of sRGB, which store its curve in different ways.
SAME = 2
# Errors of Pillow for profiles that are damaged or do not fit the pixels.
_UNUSABLE = (ImageCms.PyCMSError, OSError, ValueError, TypeError)


def file_profile(image: Image.Image, data: bytes) -> bytes | None:
    """Return the ICC profile of a picture: embedded, or made from other colour information; None for sRGB.

    The order of precedence is that of PNG's third edition and of browsers: cICP, ICC profile, nclx, PNG's sRGB, PNG's
    gAMA and cHRM, EXIF's Adobe RGB. A file without any of these is sRGB.

    Args:
        image: a loaded picture.
        data: the bytes of its file; b"" if unknown.

    Raises:
        ImageError: the picture is HDR, which would look dull as sRGB.
    """
    points = _code_points(image, data)
    profile = image.info.get("icc_profile")
    if profile and (points is None or image.format != "PNG"):
        return profile
    if points:
        space = _coded(*points)
    elif image.format == "PNG" and image.info.keys() & {"srgb", "gamma", "chromaticity"}:
        space = SRGB if "srgb" in image.info else _of_chunks(image.info)
    else:
        space = _of_exif(image)
    return None if space == SRGB else profile_of(space, is_grey(image, data))


def is_srgb(profile: bytes) -> bool:
    """Whether a profile leaves sRGB colours unchanged; also true for a profile that cannot be read."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except _UNUSABLE:
        return True
    try:
        return _converts_to_itself(source)
    except _UNUSABLE:  # a profile of greys or of printing inks
        return False


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image | None:
    """Convert a picture to "RGB" by a profile; None where there is no profile or it does not fit the pixels.

    With a profile of sRGB every level stays as it is.
    """
    if not profile:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode == "RGB" and _converts_to_itself(source):
            return image
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except _UNUSABLE:
        return None


def is_grey(image: Image.Image, data: bytes) -> bool:
    """Whether a file stores grey only. Pillow opens a PNG's 16-bit grey with alpha as colour."""
    if image.format == "PNG" and data:
        return data[_PNG_COLOUR] in _PNG_GREYS
    return image.mode in _GREY_MODES or image.mode.startswith("I;")


def _converts_to_itself(source: ImageCms.ImageCmsProfile) -> bool:
    """Whether greys and colours pass a profile unchanged. Names do not help: "linear sRGB" is not sRGB."""
    # Relative intent: some profiles of sRGB also hold a perceptual table, made for printers.
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    flags = ImageCms.Flags.NOOPTIMIZE  # building tables for speed takes longer than these few pixels
    transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), "RGB", "RGB", intent, flags)
    ramp = np.arange(256, dtype=np.uint8)[:, None].repeat(3, axis=1)
    steps = np.linspace(0, 255, 6).astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    probe = np.concatenate([ramp, cube])[None]
    found = np.asarray(ImageCms.applyTransform(Image.fromarray(probe), transform))
    return int(np.abs(found.astype(int) - probe).max()) <= SAME


def _code_points(image: Image.Image, data: bytes) -> tuple[int, int] | None:
    """Primaries and transfer function by their numbers in ITU-T H.273, if the file has them."""
    if image.format == "PNG":
        chunk = chunk_of(data, b"cICP")
        return (chunk[0], chunk[1]) if len(chunk) == 4 else None
    return code_points(data) if image.format in ("AVIF", "HEIF") else None


def _coded(primaries: int, transfer: int) -> Space:
    """The colour space of H.273's code points."""
    if transfer in _HDR:
        message = f"the picture is stored for HDR screens ({_HDR[transfer]})"
        raise ImageError(
            "unsupported_format", message, "export it for standard screens (SDR), as JPEG or PNG"
        )
    return _PRIMARIES.get(primaries, SRGB)._replace(gamma=_GAMMAS.get(transfer, SRGB_CURVE))


def _of_chunks(info: dict) -> Space:
    """The colour space of PNG's gAMA and cHRM."""
    space = SRGB
    chromaticity = info.get("chromaticity", ())
    if len(chromaticity) == 8:
        white, red, green, blue = zip(chromaticity[::2], chromaticity[1::2], strict=True)
        space = Space(red, green, blue, white)
        near = np.allclose(np.array(space[:4]), np.array(SRGB[:4]), atol=0.001)
        space = SRGB if near or not _spans(space) else space
    inverse = info.get("gamma", 0)
    gamma = 1 / inverse if inverse > 0 else _USUAL_GAMMA
    if abs(gamma / _USUAL_GAMMA - 1) <= _NEAR or not _LEAST_GAMMA <= gamma <= _MOST_GAMMA:
        return space
    return space._replace(gamma=gamma)


def _spans(space: Space) -> bool:
    try:
        profile_of(space)
    except (ValueError, struct.error, OverflowError):
        return False
    return True


def _of_exif(image: Image.Image) -> Space:
    """Adobe RGB where EXIF marks it by the DCF standard, for cameras that embed no profile; else sRGB."""
    try:
        exif = image.getexif()
        details = exif.get_ifd(ExifTags.IFD.Exif)
        space = details.get(ExifTags.Base.ColorSpace)
        index = exif.get_ifd(ExifTags.IFD.Interop).get(_INDEX, "")
    except Exception:  # damaged EXIF must not reject intact pixels
        return SRGB
    text = index.decode("latin-1") if isinstance(index, bytes) else str(index)
    marked = text.strip("\0 ") == _DCF_ADOBE and space != _EXIF_SRGB
    return ADOBE_RGB if marked or space == _EXIF_ADOBE else SRGB
