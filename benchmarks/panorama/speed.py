"""Time and peak memory of three pictures of 12 megapixels, ours and others, each in a process of its own."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.common.memory import peak_bytes
from benchmarks.common.tables import to_markdown
from benchmarks.panorama.stitchers import STITCHERS
from stylefuse.images.io import decode

WIDTH, HEIGHT, OVERLAP = 4000, 3000, 0.3


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--photo", type=Path, required=True, help="a large photo; it is enlarged as needed")
    parser.add_argument("--only", choices=list(STITCHERS), help="measure this one, in this process")


def run(options: argparse.Namespace) -> None:
    if options.only:
        views = _views(options.photo)
        before, start, start_cpu = peak_bytes(), time.perf_counter(), time.process_time()
        made = STITCHERS[options.only](views)
        seconds, cores = time.perf_counter() - start, time.process_time() - start_cpu
        size = "none" if made.panorama is None else "×".join(map(str, made.panorama.shape[1::-1]))
        peaks = f"{peak_bytes() / 1e9:.2f}", f"{before / 1e9:.2f}"
        print(options.only, f"{seconds:.1f}", f"{cores:.1f}", *peaks, size, sep=";")
        return
    rows: list[list[str]] = [["stitcher", "s", "s of all cores", "peak, GB", "before, GB", "panorama"]]
    for name in STITCHERS:
        command = [sys.executable, "-m", "benchmarks.panorama", "speed"]
        command += ["--photo", str(options.photo), "--only", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append(done.stdout.strip().split(";"))
    print(to_markdown(rows))


def _views(file: Path) -> list[np.ndarray]:
    """Three overlapping parts of the photo, each a view turned by a few degrees."""
    import cv2

    step = int(WIDTH * (1 - OVERLAP))
    photo = np.asarray(decode(file))
    large = (WIDTH + 2 * step + 400, HEIGHT + 400)
    scale = max(large[0] / photo.shape[1], large[1] / photo.shape[0])
    photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    views = []
    for i, angle in enumerate((1.0, -0.5, 0.5)):
        centre = (200 + i * step + WIDTH / 2, photo.shape[0] / 2)
        turn = cv2.getRotationMatrix2D(centre, angle, 1.0)
        turn[:, 2] += (WIDTH / 2 - centre[0], HEIGHT / 2 - centre[1])
        views.append(cv2.warpAffine(photo, turn, (WIDTH, HEIGHT)))
    return views
