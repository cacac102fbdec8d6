"""Time enlarging to a picture of 24 megapixels, and print the peak memory of this process (Linux only)."""

import argparse
import json
import time
from pathlib import Path

from benchmarks.common.memory import HEIGHT, WIDTH, peak_bytes
from benchmarks.common.scenes import soft_picture
from stylefuse.networks.weights import read_weights
from stylefuse.tasks.upscale.config import SCALES
from stylefuse.tasks.upscale.network import load_upscaler
from stylefuse.tasks.upscale.tiled import enlarge_any_size


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--head", type=Path, required=True, help="weights of the upscaler")
    add("--scales", type=int, nargs="+", choices=SCALES, default=list(SCALES), help="factors (%(default)s)")


def run(options: argparse.Namespace) -> None:
    network = load_upscaler(read_weights(options.head))
    for scale in options.scales:
        picture = soft_picture(HEIGHT // scale, WIDTH // scale)
        start = time.perf_counter()
        made = enlarge_any_size(network, picture, scale)
        seconds = time.perf_counter() - start
        pixels = made.shape[0] * made.shape[1]
        row = {"scale": scale, "megapixels_per_second": round(pixels / seconds / 1e6, 2)}
        print(json.dumps(row | {"seconds": round(seconds, 1), "peak_bytes": peak_bytes()}))
