"""Restore a picture of 24 megapixels; print megapixels a second and the peak memory, as JSON (Linux only)."""

import argparse
import json
import time

import numpy as np
from PIL import Image

from benchmarks.common.memory import HEIGHT, WIDTH, peak_bytes
from benchmarks.common.scenes import focus_pair
from benchmarks.restore.restorers import add_restorer_options, bundle_of
from stylefuse.tasks.restore.params import RestoreParams


def add_options(parser: argparse.ArgumentParser) -> None:
    add_restorer_options(parser)
    parser.add_argument("--noise", type=float, default=20.0, help="to remove; 0: only look (%(default)g)")


def run(options: argparse.Namespace) -> None:
    picture = Image.fromarray(np.ascontiguousarray(focus_pair(HEIGHT, WIDTH)[0]))
    predictor = bundle_of(options).predictor("restore")
    before, start = peak_bytes(), time.perf_counter()
    predictor.predict([picture], RestoreParams(noise=options.noise))
    speed = HEIGHT * WIDTH / 1e6 / (time.perf_counter() - start)
    print(
        json.dumps({"megapixels_per_second": speed, "peak_bytes": peak_bytes(), "peak_bytes_before": before})
    )
