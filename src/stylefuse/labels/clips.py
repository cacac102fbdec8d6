"""The AI label of a video clip: entries of its metadata, in MP4 below moov.udta.meta, in Matroska as tags."""

from collections.abc import Mapping

from stylefuse.labels.aigc import read_label
from stylefuse.labels.marks import Marks, is_of_ai

AIGC, SOURCE_TYPE, TOOL = "AIGC", "DigitalSourceType", "CreatorTool"


def metadata_of(marks: Marks) -> dict[str, str]:
    """The entries that say what `marks` say: the label as the standard's JSON, the source type, the program."""
    entries = {AIGC: marks.aigc, SOURCE_TYPE: marks.source_type, TOOL: marks.tool}
    return {key: value for key, value in entries.items() if value}


def marks_of(metadata: Mapping[str, str]) -> Marks:
    """What a clip's metadata say about AI; what is no label counts as none."""
    found = entries_of(metadata)
    aigc, source_type = found.get(AIGC, ""), found.get(SOURCE_TYPE, "")
    try:
        read_label(aigc)
    except ValueError:
        aigc = ""
    return Marks(aigc, source_type if is_of_ai(source_type) else "")


def entries_of(metadata: Mapping[str, str]) -> dict[str, str]:
    """The entries of a label, in any case: Matroska's names are upper case."""
    names = {name.lower(): name for name in (AIGC, SOURCE_TYPE, TOOL)}
    return {names[key.lower()]: value for key, value in metadata.items() if key.lower() in names}
