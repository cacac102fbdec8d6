"""Restyle a picture of 24 megapixels and print peak memory and seconds, as JSON (Linux only)."""

import argparse
import json
import time
from pathlib import Path

from benchmarks.common.memory import HEIGHT, WIDTH, peak_bytes
from benchmarks.common.scenes import soft_picture
from stylefuse.networks.weights import read_weights
from stylefuse.tasks.stylize.params import Look
from stylefuse.tasks.stylize.predictor import Restyler


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("generator", type=Path, help="weights of the generator")


def run(options: argparse.Namespace) -> None:
    restyle = Restyler(read_weights(options.generator))
    picture = soft_picture(HEIGHT, WIDTH)
    look = Look({restyle.styles[1]: 1.0}, preserve_color="match", contrast=1.1, sharpen=0.5)
    before, start = peak_bytes(), time.perf_counter()
    if restyle(picture, look).size != picture.size:
        raise RuntimeError("the restyled picture has another size")
    seconds, processor = time.perf_counter() - start, time.process_time()
    numbers = {"peak_bytes": peak_bytes(), "peak_bytes_before_restyling": before}
    print(json.dumps({**numbers, "seconds": round(seconds, 1), "processor_seconds": round(processor, 1)}))
