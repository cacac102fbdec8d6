"""Small clips, drawn and encoded with PyAV, for tests of the service and of the page."""

from pathlib import Path

import numpy as np
import pytest


def small_clip(path: Path, frames: int = 12, size: tuple[int, int] = (96, 64)) -> Path:
    """A clip of a bright square that moves over a slope of grey, with a cut in the middle, and a tone."""
    av = pytest.importorskip("av", reason="PyAV is not there: pip install stylefuse[video]")
    width, height = size
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=12)
        picture.width, picture.height, picture.pix_fmt = width, height, "yuv420p"
        sound = container.add_stream("aac", rate=16000, layout="mono")
        for number in range(frames):
            frame = np.zeros((height, width, 3), np.uint8)
            frame[..., 0 if number < frames // 2 else 2] = np.linspace(40, 220, width, dtype=np.uint8)
            frame[10:30, 4 * number : 4 * number + 20] = (250, 240, 120)
            container.mux(picture.encode(av.VideoFrame.from_ndarray(frame)))
        container.mux(picture.encode())
        wave = (np.sin(np.arange(16000 * frames // 12) / 6) * 9000).astype(np.int16)
        for start in range(0, len(wave), 1024):
            part = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], "s16", "mono")
            part.sample_rate, part.pts = 16000, start
            container.mux(sound.encode(part))
        container.mux(sound.encode())
    return path
