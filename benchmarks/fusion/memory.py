"""Fuse a pair of 24 megapixels and print the peak memory of this process, as JSON (Linux only)."""

import argparse
import json
from pathlib import Path

from benchmarks.common.memory import HEIGHT, WIDTH, peak_bytes
from benchmarks.common.models import load_bundle
from benchmarks.common.scenes import focus_pair
from stylefuse.tasks.fuse.params import FuseParams


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("generator", type=Path, help="weights of the generator whose encoder the fuser uses")
    parser.add_argument("fuser", type=Path, help="weights of the fuser")


def run(options: argparse.Namespace) -> None:
    pair = focus_pair(HEIGHT, WIDTH)
    before = peak_bytes()
    result = load_bundle(options.generator, options.fuser).predictor("fuse").predict(list(pair), FuseParams())
    if result.picture.shape != (HEIGHT, WIDTH, 3):
        raise RuntimeError(f"the fused picture has the shape {result.picture.shape}")
    print(json.dumps({"peak_bytes": peak_bytes(), "peak_bytes_before_fusing": before}))
