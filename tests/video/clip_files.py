"""Tiny clips for tests, made with PyAV."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

TIME_BASE = Fraction(1, 12800)
STEP = 512  # of 25 frames a second


def scene(seed: int, count: int, size: tuple[int, int] = (64, 48)) -> list[np.ndarray]:
    """Frames of a camera that moves over one coloured texture: RGB, width and height as `size`."""
    width, height = size
    rng = np.random.default_rng(seed)
    colour = np.array(cv2.cvtColor(np.uint8([[[seed * 50 % 180, 160, 150]]]), cv2.COLOR_HSV2RGB)[0, 0])
    noise = cv2.GaussianBlur(rng.normal(0, 60, (height + 8, width + 2 * count + 8)), (0, 0), 2) * 3
    whole = np.clip(colour + noise[..., None], 0, 255).astype(np.uint8)
    return [whole[4 : 4 + height, 2 * k : 2 * k + width].copy() for k in range(count)]


def write_clip(
    path: Path,
    pictures: Sequence[np.ndarray],
    *,
    times: Sequence[int] | None = None,
    sound: bool = True,
    turn: int = 0,
    aspect: Fraction = Fraction(1),
    chapters: bool = False,
    metadata: dict[str, str] | None = None,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    curve: int = 1,
    attachment: bytes = b"",
) -> Path:
    """Write a clip.

    Args:
        times: of the frames, in `TIME_BASE`; by default 25 frames a second.
        turn: degrees, of the display matrix. curve: FFmpeg's number of the transfer curve.
    """
    times = times or [STEP * k for k in range(len(pictures))]
    options = {} if path.suffix == ".mkv" else {"movflags": "use_metadata_tags"}
    with av.open(str(path), "w", options=options) as file:
        video: Any = file.add_stream(codec, rate=25)
        video.height, video.width = pictures[0].shape[:2]
        video.pix_fmt, video.codec_context.time_base, video.time_base = pixels, TIME_BASE, TIME_BASE
        video.codec_context.sample_aspect_ratio = aspect
        video.codec_context.color_trc = curve
        if turn:
            video.set_display_rotation(turn)
        audio: Any = file.add_stream("aac", rate=16000, layout="mono") if sound else None
        file.metadata.update(metadata or {})
        if attachment:
            file.add_attachment("font.ttf", "font/ttf", attachment)
        if chapters:
            parts = ((0, 200, "one"), (200, 400, "two"))
            file.set_chapters(
                [
                    {
                        "id": k,
                        "start": a,
                        "end": b,
                        "time_base": Fraction(1, 1000),
                        "metadata": {"title": title},
                    }
                    for k, (a, b, title) in enumerate(parts)
                ]
            )
        if sound:
            tone = np.sin(np.arange(6400) / 20).astype(np.float32)[None]
            for k in range(6):
                wave = av.AudioFrame.from_ndarray(tone[:, 1024 * k : 1024 * k + 1024].copy(), "fltp", "mono")
                wave.sample_rate, wave.pts, wave.time_base = 16000, 1024 * k, Fraction(1, 16000)
                file.mux(audio.encode(wave))
        for picture, pts in zip(pictures, times, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = pts, TIME_BASE
            frame.color_trc = curve
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        if sound:
            file.mux(audio.encode(None))
    return path


def packets(path: Path, kind: str) -> list[tuple[float, bytes]]:
    """Times in seconds and bytes of the packets of the first stream of a kind, "audio"."""
    with av.open(str(path)) as file:
        stream = next(each for each in file.streams if each.type == kind)
        return [
            (float(each.pts * each.time_base), bytes(each))
            for each in file.demux(stream)
            if each.dts is not None
        ]


def pictures_of(path: Path) -> list[tuple[float, np.ndarray]]:
    """Times in seconds and pixels of all frames, as stored."""
    with av.open(str(path)) as file:
        return [(each.time, each.to_ndarray(format="rgb24")) for each in file.decode(video=0)]
