"""Let a white wall enter a still picture from the right, and measure what it changes in the left half."""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.common.tables import records_to_markdown
from benchmarks.video.clips import add_clips, clips_of, read_frames
from benchmarks.video.flicker import frame_by_frame
from stylefuse.model import load
from stylefuse.serving.video import painter
from stylefuse.tasks.chains import parse_chain, read_steps
from stylefuse.video.consistency import Steady
from stylefuse.video.pixels import Frame

_FRAMES, _WHITE = 8, 245


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_clips(parser)
    add("--model", help="as `stylefuse.load` takes it")
    add("--styles", nargs="+", default=["vangogh", "ink", "ukiyoe"], help="of the model (%(default)s)")
    add("--lines", type=int, default=360, help="of the picture (%(default)s)")
    add("--out", type=Path, required=True, help="folder of the table")


def run(options: argparse.Namespace) -> None:
    options.out.mkdir(parents=True, exist_ok=True)
    bundle = load(options.model, "cpu")._bundle
    still = read_frames(clips_of(options)[-1], 1, options.lines)[0]
    source = [still.copy() for _ in range(_FRAMES)]
    width = still.shape[1]
    for k, picture in enumerate(source[1:], start=1):
        picture[:, width - width * 7 * k // (16 * (_FRAMES - 1)) :] = _WHITE
    records = []
    for style in options.styles:
        steps = read_steps(parse_chain("stylize"), {"style": style})
        fixed = painter(bundle, steps, source[::2], [])
        for method, paint in (("own", frame_by_frame(bundle, steps)), ("fixed", fixed)):
            for share in (0.0, Steady().share):
                change = _change(source, paint, share)
                records.append({"style": style, "statistics": method, "steady": share, "levels": change})
    table = records_to_markdown(records)
    (options.out / "entering.md").write_text(table + "\n", encoding="utf-8")
    print(table)


def _change(source: list[Frame], paint: Callable[[Frame], Frame], share: float) -> float:
    """Mean difference of the left half between the first and the last frame, levels."""
    steady = Steady(share)
    painted = [steady(each, paint(each)) for each in source]
    half = source[0].shape[1] // 2
    apart = np.abs(painted[-1][:, :half].astype(float) - painted[0][:, :half])
    return round(float(apart.mean()), 2)
