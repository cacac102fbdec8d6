"""Find out what a picture file or a clip says about AI, and whether its signature holds."""

from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from stylefuse.images.files import ImageError, Limits, opened
from stylefuse.labels import xmp
from stylefuse.labels.aigc import KINDS, fault_of, read_label
from stylefuse.labels.clips import AIGC, SOURCE_TYPE, TOOL, entries_of
from stylefuse.labels.marks import is_of_ai, packets_of
from stylefuse.labels.signing import BROKEN, Signature, is_signed, read_signature
from stylefuse.video.errors import VideoError
from stylefuse.video.names import is_video
from stylefuse.video.reading import metadata_of_clip

LIMITS = Limits(max_bytes=500_000_000, max_pixels=Image.MAX_IMAGE_PIXELS or 1 << 62)


class Code(IntEnum):
    """Verdicts; also the exit status of `stylefuse verify`."""

    INTACT = 0  # labelled, and the signature holds
    UNSIGNED = 3  # labelled
    ALTERED = 4  # after it was signed
    MALFORMED = 5  # or several labels
    NOTHING = 6  # found


class Verdict(NamedTuple):
    """code: what was found. facts: plain values by name, those that are known; see `messages/en/verify.json`."""

    code: Code
    facts: dict[str, Any]


def verify(source: bytes | Path, anchors: Path | None = None) -> Verdict:
    """Read the labels and the signature of a picture file, or the label of a clip, which is known by its ending.

    Args:
        anchors: PEM file with certificates to be trusted.

    Raises:
        ImageError: this is no picture file, or larger than `LIMITS`; a clip cannot be read, or PyAV is missing.
        SigningError: the file is signed, and the extra `c2pa` is missing; or `anchors` cannot be read.
    """
    if isinstance(source, Path) and is_video(source):
        return _of_clip(source)
    try:
        with opened(source, LIMITS) as (image, data):
            kind = Image.MIME.get(image.format or "", "")
            packets = packets_of(data)
    except ImageError as error:
        # A change may also damage the file.
        if error.code == "damaged" and (signature := _broken(source)):
            return Verdict(Code.ALTERED, _signed(signature))
        raise
    signature = read_signature(data, kind, anchors) if is_signed(data) else None
    return _verdict(*_read(packets), signature)


def _of_clip(path: Path) -> Verdict:
    try:
        found = entries_of(metadata_of_clip(path))
    except VideoError as error:
        raise ImageError(error.code, error.message, error.remedy) from None
    labels, types, tools = ([found[name]] if name in found else [] for name in (AIGC, SOURCE_TYPE, TOOL))
    return _verdict(labels, types, tools, [], None)


def _verdict(
    labels: list[str], types: list[str], tools: list[str], faults: list[str], signature: Signature | None
) -> Verdict:
    facts = {**_facts(labels, types, tools), **_signed(signature)}
    # Of a signed file, the action that was signed counts as a label as well.
    types = [*types, *(signature.source_types if signature else ())]
    if signature and signature.state == BROKEN:
        return Verdict(Code.ALTERED, facts)
    if len(labels) > 1:
        return Verdict(Code.MALFORMED, facts | {"labels": len(labels)})
    faults = [*faults, *(f"AIGC: {fault}" for text in labels if (fault := fault_of(text)))]
    if faults:
        return Verdict(Code.MALFORMED, facts | {"fault": "; ".join(faults)})
    if not labels and not any(map(is_of_ai, types)):
        return Verdict(Code.NOTHING, facts)
    return Verdict(Code.INTACT if signature else Code.UNSIGNED, facts)


def _broken(source: bytes | Path) -> Signature | None:
    """The signature of a damaged file, if it had one."""
    data = source if isinstance(source, bytes) else source.read_bytes()
    return Signature(BROKEN, "", ()) if is_signed(data) else None


def _read(packets: list[bytes]) -> tuple[list[str], list[str], list[str], list[str]]:
    """Labels, source types and tools in the packets; and why one that names a label cannot be read."""
    labels: list[str] = []
    types: list[str] = []
    tools: list[str] = []
    faults: list[str] = []
    for packet in packets:
        try:
            document = xmp.parse(packet)
        except xmp.XmpError as error:
            if b"TC260" in packet:
                faults.append(str(error))
            continue
        labels += xmp.values(document, xmp.AIGC)
        types += xmp.values(document, xmp.SOURCE_TYPE)
        tools += xmp.values(document, xmp.TOOL)
    return labels, types, tools, faults


def _facts(labels: list[str], types: list[str], tools: list[str]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    try:
        label = read_label(labels[0]) if labels else {}
    except ValueError:
        label = {}
    if label:
        facts["aigc"] = labels[0]
        facts["kind"] = KINDS[label["Label"]]
        named = {"ContentProducer": "producer", "ProduceID": "number", "ContentPropagator": "propagator"}
        facts |= {fact: label[name] for name, fact in named.items() if isinstance(label.get(name), str)}
    if types:
        facts["source_type"] = types[0].rpartition("/")[2] or types[0]
    if tools:
        facts["tool"] = tools[0]
    return facts


def _signed(signature: Signature | None) -> dict[str, str]:
    return {"signature": signature.state, "signer": signature.signer} if signature else {}
