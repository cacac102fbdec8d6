"""Add noise to frames, and compare what takes it out again: PSNR against the frames without noise."""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.common.tables import records_to_markdown
from benchmarks.video.clips import add_clips, clips_of, read_frames
from stylefuse.tasks.fuse.frames import fuse_frames
from stylefuse.tasks.fuse.params import FuseParams
from stylefuse.video.neighbours import with_neighbours
from stylefuse.video.pixels import Frame
from stylefuse.video.reading import Timed

_AROUND = 2
# Strengths of OpenCV's filters, parts of the noise: the best for each clip is reported.
_STRENGTHS = (0.4, 0.6, 0.8)


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_clips(parser)
    add("--sigma", type=float, nargs="+", default=[15.0, 25.0], help="of the noise, levels (%(default)s)")
    add("--first", type=int, default=40, help="number of the first frame (%(default)s)")
    add("--frames", type=int, default=2, help="that are measured (%(default)s)")
    add("--lines", type=int, default=360, help="of larger frames are reduced to so many (%(default)s)")
    add("--out", type=Path, required=True, help="folder of the table")


def run(options: argparse.Namespace) -> None:
    options.out.mkdir(parents=True, exist_ok=True)
    records = []
    for path in clips_of(options):
        last = options.first + options.frames
        clean = read_frames(path, last + _AROUND, options.lines)[options.first - _AROUND :]
        for sigma in options.sigma:
            rng = np.random.default_rng(0)
            noisy = [
                np.rint(each + rng.normal(0, sigma, each.shape)).clip(0, 255).astype(np.uint8)
                for each in clean
            ]
            for method, strengths, make in _methods(noisy, sigma):
                start = time.perf_counter()
                found = [_psnr(make, clean, strength) for strength in strengths]
                seconds = (time.perf_counter() - start) / options.frames / len(strengths)
                about = {"clip": path.stem, "sigma": sigma, "method": method}
                records.append(about | {"psnr": round(max(found), 2), "seconds": round(seconds, 2)})
                print(records[-1], flush=True)
    table = records_to_markdown(records)
    (options.out / "noise.md").write_text(table + "\n", encoding="utf-8")


def _methods(
    noisy: Sequence[Frame], sigma: float
) -> list[tuple[str, Sequence[float], Callable[[int, float], Frame]]]:
    """Names, strengths to try, and what makes frame number k."""
    timed = [Timed(picture, number) for number, picture in enumerate(noisy)]

    def aligned(k: int) -> list[Frame]:
        return with_neighbours(timed[k], timed[k - _AROUND : k + _AROUND + 1])

    def multi(k: int, part: float) -> Frame:
        h = part * sigma
        return cv2.fastNlMeansDenoisingColoredMulti(noisy, k, 2 * _AROUND + 1, None, h, h, 5, 15)

    def single(k: int, part: float) -> Frame:
        return cv2.fastNlMeansDenoisingColored(noisy[k], None, part * sigma, part * sigma, 5, 15)

    return [
        ("noisy", (0,), lambda k, _: noisy[k]),
        ("mean of aligned frames", (0,), lambda k, _: np.mean(aligned(k), axis=0)),
        ("fuse", (0,), lambda k, _: np.asarray(fuse_frames(aligned(k), FuseParams()).picture)),
        ("fastNlMeansDenoisingColored", _STRENGTHS, single),
        ("fastNlMeansDenoisingColoredMulti", _STRENGTHS, multi),
    ]


def _psnr(make: Callable[[int, float], Frame], clean: Sequence[Frame], strength: float) -> float:
    """Mean over the frames that have neighbours, dB."""
    numbers = range(_AROUND, len(clean) - _AROUND)
    errors = [np.square(make(k, strength).astype(np.float32) - clean[k]).mean() for k in numbers]
    return float(np.mean([10 * np.log10(255**2 / each) for each in errors]))
