"""Labels of AI in picture files: read them, pass them on to results, write them into XMP packets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from stylefuse.images.files import Limits, opened
from stylefuse.images.packets import packets_in
from stylefuse.labels import xmp
from stylefuse.labels.aigc import IS_AI, SUSPECTED, read_label

# IPTC NewsCodes, digital source type. A repainted photo is a composite: `trainedAlgorithmicMedia` would say that
# there was no photo.
_CODES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
COMPOSITE = f"{_CODES}compositeWithTrainedAlgorithmicMedia"
# Those that name AI, and a misspelling in C2PA's guidance.
_OF_AI = ("trainedalgorithmicmedia", "compositewithtrainedalgorithmicmedia", "compositesynthetic")
_MISSPELT = "compositedwithtrainedalgorithmicmedia"
_UNLIMITED = Limits(max_bytes=1 << 62, max_pixels=1 << 62)  # pixels are not decoded here


class Marks(NamedTuple):
    """What a file says about AI; true if it says anything about that.

    aigc: the JSON text of `TC260:AIGC`. source_type: the address of IPTC's digital source type. tool: the program that
    made the file. instructions: to whoever uses it, whatever made it. Each may be "".
    """

    aigc: str = ""
    source_type: str = ""
    tool: str = ""
    instructions: str = ""

    def __bool__(self) -> bool:
        return bool(self.aigc or self.source_type)

    @property
    def certainly(self) -> bool:
        """Whether the label says that the picture is AI-made; not that it may be."""
        return bool(self.aigc) and read_label(self.aigc)["Label"] == IS_AI


def marks_in(packets: Sequence[bytes]) -> Marks:
    """Return the label in a file's packets; the first where there are several. What cannot be read counts as none."""
    aigc, source_type = "", ""
    for packet in packets:
        if not _may_hold_marks(packet):
            continue
        try:
            document = xmp.parse(packet)
        except xmp.XmpError:
            continue
        aigc = aigc or next(filter(_is_label, xmp.values(document, xmp.AIGC)), "")
        types = xmp.values(document, xmp.SOURCE_TYPE)
        source_type = source_type or next(filter(is_of_ai, types), "")
    return Marks(aigc, source_type)


def packets_of(source: Any) -> list[bytes]:
    """Return the XMP packets of a picture: a file's path or bytes, or Pillow's picture; none of anything else."""
    if isinstance(source, Path | str):
        try:
            source = Path(source).expanduser().read_bytes()
        except (OSError, ValueError, RuntimeError):
            return []  # who decodes the picture reports it
    if isinstance(source, bytes):
        if found := packets_in(source):
            return found
        if source[4:8] != b"ftyp":  # HEIF and AVIF, whose structure Pillow knows
            return []
        try:
            with opened(source, _UNLIMITED) as (image, _):
                return _packet_of(image)
        except ValueError:
            return []
    return _packet_of(source) if isinstance(source, Image.Image) else []


def inherited(inputs: Sequence[Marks]) -> Marks:
    """Return what a result inherits: the surest of the labels of its pictures, the first among equals.

    Pictures of which some are not AI-made, or of several source types, make a composite.
    """
    labelled = sorted((each for each in inputs if each.aigc), key=lambda each: read_label(each.aigc)["Label"])
    types = {each.source_type for each in inputs}
    source_type = next(iter(types), "") if len(types) == 1 else COMPOSITE
    return Marks(labelled[0].aigc if labelled else "", source_type)


def packet(marks: Marks, kept: bytes = b"") -> bytes:
    """Return the XMP packet of a file with these marks; b"" if there is nothing to say.

    Args:
        kept: a packet to update; b"" makes a new one.

    Raises:
        XmpError: the packet to update cannot be read.
    """
    properties = {xmp.AIGC: marks.aigc, xmp.SOURCE_TYPE: marks.source_type, xmp.TOOL: marks.tool}
    properties[xmp.INSTRUCTIONS] = marks.instructions
    wanted = {name: value for name, value in properties.items() if value}
    if not wanted:
        return xmp.without_outdated(kept) if kept else b""
    return xmp.updated(xmp.without_outdated(kept) if kept else b"", wanted)


def is_of_ai(source_type: str) -> bool:
    """Whether an IPTC digital source type says that AI took part."""
    return source_type.strip().rstrip("/").rpartition("/")[2].lower() in (*_OF_AI, _MISSPELT)


def _packet_of(image: Image.Image) -> list[bytes]:
    found = image.info.get("xmp")
    return [found if isinstance(found, bytes) else found.encode()] if isinstance(found, bytes | str) else []


def _may_hold_marks(packet: bytes) -> bool:
    """Whether a packet names one of the two properties: most packets do not, and need not be parsed."""
    return b"AIGC" in packet or b"DigitalSourceType" in packet


def _is_label(text: str) -> bool:
    try:
        return read_label(text)["Label"] <= SUSPECTED
    except ValueError:
        return False
