"""Restyle a picture of 24 megapixels and print peak memory and seconds, as JSON (Linux only)."""

import argparse
import json
import time
from pathlib import Path

from benchmarks.common.memory import HEIGHT, WIDTH, peak_bytes
from benchmarks.common.models import load_stylizer
from benchmarks.common.scenes import soft_picture
from stylefuse.tasks.stylize.params import StylizeParams


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("generator", type=Path, help="weights of the generator")


def run(options: argparse.Namespace) -> None:
    predictor = load_stylizer(options.generator)
    picture = soft_picture(HEIGHT, WIDTH)
    params = StylizeParams(preserve_color="match", contrast=1.1, sharpen=0.5)
    before, start = peak_bytes(), time.perf_counter()
    if predictor.restyle(picture, params).size != picture.size:
        raise RuntimeError("the restyled picture has another size")
    seconds, processor = time.perf_counter() - start, time.process_time()
    numbers = {"peak_bytes": peak_bytes(), "peak_bytes_before_restyling": before}
    print(json.dumps({**numbers, "seconds": round(seconds, 1), "processor_seconds": round(processor, 1)}))
