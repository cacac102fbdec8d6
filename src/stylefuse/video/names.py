"""Names of clips: which files are clips, and what results are called."""

from pathlib import Path

# Endings that are taken for clips.
ENDINGS = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg"),
    *(".ts", ".m2ts", ".3gp", ".wmv", ".flv"),
)
# FFmpeg's formats of results by ending.
CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}


def is_video(path: Path) -> bool:
    """Whether a path ends as a clip's name does."""
    return path.suffix.lower() in ENDINGS


def result_ending(source: Path) -> str:
    """The ending of a clip's result: Matroska holds the sound of any clip, MP4 that of its kin."""
    return ".mp4" if source.suffix.lower() in (".mp4", ".m4v", ".mov", ".3gp") else ".mkv"
