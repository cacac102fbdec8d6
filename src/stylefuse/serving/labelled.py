"""Run chains of tasks, and label what they make: in the picture, in the file, and by a signature."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import stylefuse
from stylefuse.images.dicom import HEAD, is_dicom
from stylefuse.images.encoding import Picture, encode
from stylefuse.images.files import DEFAULT_LIMITS, Limits, opened
from stylefuse.images.given import expanded
from stylefuse.images.packets import LONGEST_IN_JPEG
from stylefuse.labels.aigc import label_of
from stylefuse.labels.marks import COMPOSITE, Marks, inherited, marks_in, packet, packets_of
from stylefuse.labels.options import NONE, VISIBLE, Labelling
from stylefuse.labels.signing import Parent, Signer
from stylefuse.labels.visible import with_text
from stylefuse.labels.xmp import XmpError
from stylefuse.serving.bundle import Bundle
from stylefuse.serving.chain import run_chain
from stylefuse.tasks.chains import Step, chain_name
from stylefuse.tasks.task import Result

LABEL = "label"  # of the report
MEDICAL = "not_for_diagnosis"  # of the report; also in the file, in XMP, and so in English
NOT_FOR_DIAGNOSIS = "Not for diagnosis."
INHERITED = "inherited"  # its value where only an input's label is carried over


def run_labelled(
    bundle: Bundle,
    steps: Sequence[Step],
    pictures: Sequence[Picture],
    sources: Sequence[Any],
    labelling: Labelling,
    also: Mapping[str, Picture] | None = None,
) -> Result:
    """Run a chain as `chain.run_chain` does, and label its result.

    Args:
        pictures: decoded.
        sources: the same pictures as files (paths or bytes) or Pillow's; a label that they bear is inherited. Others
            bear none.
        also: optional pictures of the first task, by name.

    Returns:
        The result; its `marks` belong into its file (`encode_labelled`), and its report says in `label` which label it
        bears: "metadata", "visible", "inherited" from an input, or "none".

    Raises:
        RequestError: a task cannot work on these pictures.
    """
    result = run_chain(bundle, steps, pictures, also)
    if any(_is_dicom(source) for source in sources):
        result = result._replace(report=result.report | {MEDICAL: True})
    marks = inherited([marks_in(packets_of(source)) for source in sources])
    if result.report.get(MEDICAL):
        marks = marks._replace(instructions=NOT_FOR_DIAGNOSIS)
    repainted = any(task.repainted(params) for task, params in steps) and not _is_one_of(
        result.picture, pictures
    )
    if not repainted or labelling.mode == NONE:
        label = INHERITED if marks else NONE
        return result._replace(marks=marks, report=result.report | {LABEL: label})
    picture = result.picture
    if labelling.mode == VISIBLE:
        picture = with_text(picture, labelling.language)
    if not marks.certainly:
        marks = marks._replace(aigc=label_of(labelling.producer, _number(picture)))
    tool = f"StyleFuse {stylefuse.__version__} {chain_name([step.task for step in steps])}"
    marks = marks._replace(source_type=marks.source_type or COMPOSITE, tool=tool)
    return Result(picture, result.report | {LABEL: labelling.mode}, result.maps, marks)


def _is_one_of(picture: Picture, pictures: Sequence[Picture]) -> bool:
    """Whether a result has the very pixels of an input: a restorer, for one, leaves an undamaged picture alone."""
    return any(np.array_equal(np.asarray(picture), np.asarray(each)) for each in pictures)


def encode_labelled(
    result: Result,
    file_format: str,
    labelling: Labelling,
    sources: Sequence[Any],
    exif_of: bytes | Path | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[bytes, str]:
    """Encode a result of `run_labelled` as the bytes of a file, with its label, and signed where that is asked for.

    Args:
        sources: see `run_labelled`.
        exif_of, limits: see `images.encoding.encode`. The XMP of that file is kept as well, updated.

    Returns:
        The file; and a remark on metadata that were lost because they are damaged, "" if nothing was.

    Raises:
        ImageError: a side is longer than the format can hold.
        SigningError: the result cannot be signed.
    """
    marks = Marks() if result.marks is None else result.marks  # one without an AI label may hold instructions
    kept, lost = (b"", "") if exif_of is None else _kept(exif_of)
    about = packet(marks, kept)
    if file_format == "jpeg" and len(about) > LONGEST_IN_JPEG:
        about, lost = packet(marks), f"its XMP was not kept: it has {len(about) / 1000:.0f} kB"
    data, remark = encode(result.picture, file_format, exif_of, limits, about)
    if marks and labelling.certificate:
        parents = [parent for source in sources if (parent := _parent(source, limits))]
        data = signer(labelling).sign(data, file_format, marks.source_type or COMPOSITE, parents)
    return data, "; ".join(each for each in (remark, lost) if each)


@cache
def signer(labelling: Labelling) -> Signer:
    """What signs results; made once.

    Raises:
        SigningError: the extra `c2pa` is missing, or certificate and key cannot be used.
    """
    return Signer(labelling)


def _kept(source: bytes | Path) -> tuple[bytes, str]:
    """The packet of a file that is kept, and a remark if it cannot be."""
    found = next(iter(packets_of(source)), b"")
    if not found:
        return b"", ""
    try:
        return packet(Marks(), found), ""
    except XmpError as error:
        return b"", f"its XMP was not kept: {error}"


def _parent(source: Any, limits: Limits) -> Parent | None:
    """A picture that was a file, as a signature refers to it; DICOM, which names a patient, never is."""
    if isinstance(source, Path | str):
        source = Path(source).expanduser().read_bytes()
    if not isinstance(source, bytes) or is_dicom(source):
        return None
    with opened(source, limits) as (image, _):
        return Parent(source, Image.MIME.get(image.format or "", ""))


def _is_dicom(source: Any) -> bool:
    if isinstance(source, Path | str):
        with expanded(Path(source)).open("rb") as file:
            source = file.read(HEAD)
    return isinstance(source, bytes) and is_dicom(source)


def _number(picture: Picture) -> str:
    """A number of the picture: a hash of its pixels, so that the same picture has the same number."""
    pixels = (
        picture.tobytes() if isinstance(picture, Image.Image) else np.ascontiguousarray(picture).tobytes()
    )
    return hashlib.sha256(pixels).hexdigest()[:32]
