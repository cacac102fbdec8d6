"""Sheets of painted frames: some frames, and what one line of the picture shows over time."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from stylefuse.video.pixels import Frame

_FRAMES = 4


def save_sheet(path: Path, *clips: Sequence[Frame]) -> None:
    """Save a sheet: a row of frames a clip, and below them the middle line of every frame, time going down.

    Where a clip flickers, the lines of its lower picture are torn.
    """
    count = len(clips[0])
    numbers = [round(k * (count - 1) / (_FRAMES - 1)) for k in range(_FRAMES)]
    rows = [np.hstack([clip[number] for number in numbers]) for clip in clips]
    lines = [np.stack([each[each.shape[0] // 2] for each in clip]).repeat(3, axis=0) for clip in clips]
    below = np.hstack([*lines, *[np.full_like(lines[0], 255)] * (_FRAMES - len(lines))])
    Image.fromarray(np.vstack([*rows, below])).save(path)
