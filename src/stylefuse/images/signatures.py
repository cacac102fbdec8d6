"""Recognise files that cannot be decoded by their first bytes, with a remedy for each kind."""

import codecs
import re
from typing import NamedTuple

# Codes of `images.files.ImageError`.
UNSUPPORTED, NO_PICTURE = "unsupported_format", "not_a_picture"

_EXPORT = "export it as JPEG or PNG"
_RAW = "export it as JPEG or TIFF"
_FRAME = "export a frame of it as JPEG, or leave it out"
_AGAIN = "download the picture itself, as JPEG or PNG; a failed download may have left this file"
# Bytes that are searched for text, and for a picture that starts late.
_HEAD = 1024
_LATE = 64


class Kind(NamedTuple):
    """A kind of file: error code, name (to follow "the file is"), and remedy."""

    code: str
    name: str
    remedy: str


HEIC = Kind(
    UNSUPPORTED,
    "an HEIC photo, as iPhones take them",
    "export it as JPEG, or run pip install pillow-heif where StyleFuse runs",
)
AVIF = Kind(UNSUPPORTED, "an AVIF picture, which this installation of Pillow cannot read", _EXPORT)
RAW = Kind(UNSUPPORTED, "a camera's raw file", _RAW)
VIDEO = Kind(NO_PICTURE, "a video", _FRAME)
TEXT = Kind(NO_PICTURE, "a text file, not a picture", "leave it out")
WEB_PAGE = Kind(NO_PICTURE, "a web page, not a picture", _AGAIN)
ZEROS = Kind(NO_PICTURE, "nothing but zeros", "copy it again from where it came from")

# Offset of the signature, signature, and kind. The first match counts.
TABLE: tuple[tuple[int, bytes, Kind], ...] = (
    (
        0,
        b"version https://git-lfs",
        Kind(NO_PICTURE, "a Git LFS pointer, not the picture itself", "run git lfs pull"),
    ),
    (
        0,
        b"/annex/objects/",
        Kind(NO_PICTURE, "a git-annex pointer, not the picture itself", "run git annex get"),
    ),
    (0, b"outs:\n- ", Kind(NO_PICTURE, "a DVC pointer, not the picture itself", "run dvc pull")),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", Kind(UNSUPPORTED, "a JPEG XL picture", _EXPORT)),
    (0, b"\xff\x0a", Kind(UNSUPPORTED, "a JPEG XL picture", _EXPORT)),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", Kind(UNSUPPORTED, "a JPEG 2000 picture", _EXPORT)),
    (0, b"\xff\x4f\xff\x51", Kind(UNSUPPORTED, "a JPEG 2000 picture", _EXPORT)),
    (0, b"FUJIFILMCCD-RAW", RAW),
    (0, b"IIRO", RAW),  # Olympus
    (0, b"IIRS", RAW),
    (0, b"MMOR", RAW),
    (0, b"IIU\x00", RAW),  # Panasonic
    (0, b"II\x1a\x00\x00\x00HEAPCCDR", RAW),  # Canon's CRW
    (0, b"\x00MRM", RAW),  # Minolta
    (0, b"FOVb", RAW),  # Sigma
    (4, b"ftypcrx ", RAW),  # Canon's CR3
    (
        128,
        b"DICM",
        Kind(UNSUPPORTED, "a DICOM picture, which the task fuse alone reads", "export it as PNG"),
    ),
    (0, b"8BPS", Kind(UNSUPPORTED, "a Photoshop document", _EXPORT)),
    (0, b"gimp xcf", Kind(UNSUPPORTED, "a GIMP document", _EXPORT)),
    (0, b"\x76\x2f\x31\x01", Kind(UNSUPPORTED, "an OpenEXR picture", "export it as 16-bit TIFF or PNG")),
    (0, b"#?RADIANCE", Kind(UNSUPPORTED, "a Radiance HDR picture", "export it as 16-bit TIFF or PNG")),
    (0, b"#?RGBE", Kind(UNSUPPORTED, "a Radiance HDR picture", "export it as 16-bit TIFF or PNG")),
    (0, b"\x00\x00\x01\x00", Kind(UNSUPPORTED, "an icon (ICO)", _EXPORT)),
    (0, b"\x00\x00\x02\x00\x01", Kind(UNSUPPORTED, "a mouse pointer (CUR)", _EXPORT)),
    (0, b"icns", Kind(UNSUPPORTED, "an icon (ICNS)", _EXPORT)),
    (0, b"\x0a\x05\x01\x08", Kind(UNSUPPORTED, "a PCX picture", _EXPORT)),
    (0, b"DDS ", Kind(UNSUPPORTED, "a DDS texture", _EXPORT)),
    (0, b"qoif", Kind(UNSUPPORTED, "a QOI picture", _EXPORT)),
    (0, b"%PDF", Kind(NO_PICTURE, "a PDF document", "export its page or picture as JPEG or PNG")),
    (0, b"%!PS", Kind(NO_PICTURE, "a PostScript document", "export its page or picture as JPEG or PNG")),
    (0, b"AT&TFORM", Kind(NO_PICTURE, "a DjVu document", "export its page as JPEG or PNG")),
    (0, b"\x1a\x45\xdf\xa3", VIDEO),  # WebM, Matroska
    (8, b"AVI ", VIDEO),
    (0, b"\x00\x00\x01\xba", VIDEO),
    (0, b"\x00\x00\x01\xb3", VIDEO),
    (4, b"moov", VIDEO),
    (4, b"wide", VIDEO),
    (4, b"mdat", VIDEO),
    (
        0,
        b"PK\x03\x04",
        Kind(NO_PICTURE, "a zip archive or an office document", "unpack it, or export its picture"),
    ),
    (0, b"Rar!", Kind(NO_PICTURE, "a RAR archive", "unpack it")),
    (0, b"7z\xbc\xaf", Kind(NO_PICTURE, "a 7z archive", "unpack it")),
    (0, b"\x1f\x8b", Kind(NO_PICTURE, "a gzip archive", "unpack it")),
    (0, b"\xd0\xcf\x11\xe0", Kind(NO_PICTURE, "an office document or Windows' Thumbs.db", "leave it out")),
    (
        0,
        b"\x00\x05\x16\x07",
        Kind(NO_PICTURE, "a side file of macOS (AppleDouble)", "use the picture of that name without ._"),
    ),
    (
        0,
        b"bplist00",
        Kind(
            NO_PICTURE,
            "a property list of macOS, or a picture still in iCloud",
            "download the picture from iCloud",
        ),
    ),
    (0, b"MZ\x90\x00", Kind(NO_PICTURE, "a program", "leave it out")),
    (0, b"\x7fELF", Kind(NO_PICTURE, "a program", "leave it out")),
)
# ISO 14496-12: brands of files that begin with the box "ftyp".
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AVIF_BRANDS = {b"avif", b"avis"}
_ANY_HEIF_BRANDS = {b"mif1", b"msf1", b"miaf"}  # the codec's brand follows later
# Signatures of the supported formats, except those with ISO boxes.
_DECODED = {
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "WEBP": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "GIF": re.compile(rb"GIF8[79]a"),
    "TIFF": re.compile(rb"II[\x2a\x2b]\0|MM\0[\x2a\x2b]"),
    "BMP": re.compile(rb"BM.{4}\0\0\0\0", re.DOTALL),
}
_MARKUP = re.compile(rb"\s*<(?:!doctype\s+html|html|head|body|script|meta|title)\b", re.IGNORECASE)
_SVG = re.compile(rb"<svg[\s>]", re.IGNORECASE)
_PORTABLE = re.compile(rb"P[1-7fF]\s")  # PPM and its relatives
_TEXT_BYTES = bytes({7, 8, 9, 10, 12, 13, 27} | set(range(32, 256)))


def foreign(data: bytes) -> Kind | None:
    """Return the kind of a file that no decoder accepts; None where its bytes do not show it."""
    for at, signature, kind in TABLE:
        if data.startswith(signature, at):
            return kind
    if data[4:8] == b"ftyp":
        return _media(data)
    if _PORTABLE.match(data):
        return Kind(UNSUPPORTED, "a PPM, PGM, PBM or PFM picture", _EXPORT)
    if data[-18:-2] == b"TRUEVISION-XFILE":
        return Kind(UNSUPPORTED, "a TGA picture", _EXPORT)
    if not data.strip(b"\0"):
        return ZEROS
    return _text(data[:_HEAD])


def begins_as(data: bytes) -> str:
    """Return the supported format that a file starts as, even if its decoder is not installed; "" if none."""
    if data[4:8] == b"ftyp":
        return {AVIF: "AVIF", HEIC: "HEIF"}.get(_media(data), "")
    return next((name for name, signature in _DECODED.items() if signature.match(data)), "")


def begins_late(data: bytes) -> tuple[str, int] | None:
    """Return the supported format that starts after some extra bytes, and their number; None if there is none."""
    for at in range(1, _LATE):
        for name in ("JPEG", "PNG", "GIF", "WEBP"):
            if _DECODED[name].match(data, at):
                return name, at
    return None


def _media(data: bytes) -> Kind:
    """Return the kind of a file of ISO boxes, by its brands."""
    length = min(int.from_bytes(data[:4], "big"), _HEAD)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, length, 4))}
    if brands & _AVIF_BRANDS:
        return AVIF
    if brands & (_HEIF_BRANDS | _ANY_HEIF_BRANDS):
        return HEIC
    return VIDEO


def _text(head: bytes) -> Kind | None:
    """Return the kind of a text file; None where it is not text."""
    if head.translate(None, _TEXT_BYTES):
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the cut may be within a character
    except UnicodeDecodeError:
        return WEB_PAGE if _MARKUP.match(head) else None
    if _SVG.search(head):
        return Kind(NO_PICTURE, "an SVG drawing", "export it as PNG")
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if _MARKUP.match(start) or start.startswith(b"HTTP/"):
        return WEB_PAGE
    if start.startswith(b"<"):
        return Kind(NO_PICTURE, "an XML file, not a picture", _AGAIN)
    if start.startswith((b"{", b"[")):
        return Kind(NO_PICTURE, "a JSON file, not a picture", _AGAIN)
    return TEXT
