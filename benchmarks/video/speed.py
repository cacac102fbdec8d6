"""Time each part of the work on a frame, at 360 and 720 lines."""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from benchmarks.video.clips import add_clips, clips_of, read_frames
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
    add("--frames", type=int, default=8, help="of the last clip (%(default)s)")


def run(options: argparse.Namespace) -> None:
    path = clips_of(options)[-1]
    bundle = load(options.model, options.device)._bundle
    steps = read_steps(parse_chain("stylize"), {"style": options.style})
    for lines in LINES:
        print(json.dumps(_measured(bundle, steps, path, lines, options.frames)), flush=True)


def _measured(
    bundle: Bundle, steps: Sequence[Step], path: Path, lines: int, count: int
) -> dict[str, int | float]:
    found, decode = _timed(lambda: read_frames(path, count, lines))
    paint = painter(bundle, steps, found[:1], [])
    painted, painting = _timed(lambda: [paint(each) for each in found])
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
    return {"lines": lines, "frames_per_second": round(len(found) / sum(parts.values()), 2), **each}


def _timed(what: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    return what(), time.perf_counter() - start
