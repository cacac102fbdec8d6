"""Time the fuser beside two rules in turns, and measure the memory of a pair of 24 megapixels.

Writes speed.md and every time as JSON below --out. Nothing else should run on the machine.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import psutil
import torch

from benchmarks.common.command import count
from benchmarks.common.files import write_json, write_text
from benchmarks.common.models import load_bundle
from benchmarks.common.scenes import focus_pair
from benchmarks.common.tables import readable, to_markdown
from benchmarks.common.timing import medians, time_in_turns
from benchmarks.fusion.methods import FUSER, Method, fuser_method, rules
from stylefuse.tasks.fuse.params import FuseParams

ROOT = Path(__file__).resolve().parents[2]
SIDES = (256, 1024)
RIVALS = ("laplacian_pyramid", "mertens")
SERVED = f"{FUSER} served"
MEMORY_GOAL = 2_000_000_000  # bytes


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--out", type=Path, required=True, help="folder for the table and the kept times")
    add("--generator", type=Path, required=True, help="weights of the generator whose encoder the fuser uses")
    add("--fuser", type=Path, required=True, help="weights of the fuser")
    add("--repeats", type=count, default=7, help="rounds that count (%(default)s)")
    add("--again", action="store_true", help="measure anew what was measured before")


def run(options: argparse.Namespace) -> None:
    path, fuser = options.out / "scores" / "speed.json", fuser_method(options.generator, options.fuser)
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() and not options.again else {}
    if kept.get("version") != fuser.version:
        kept = {"version": fuser.version}
        kept |= measure_speed(fuser, options.generator, options.fuser, options.repeats)
        write_json(path, kept)
    write_text(options.out / "speed.md", speed_table(kept))
    print(speed_table(kept))


def measure_speed(fuser: Method, generator: Path, weights: Path, repeats: int) -> dict:
    """Return seconds for a pair by side and method, and the peak memory in bytes for 24 megapixels.

    The fuser is timed as a network and as it is served, from uint8 pictures to a uint8 picture.
    """
    threads = psutil.cpu_count(logical=False) or os.cpu_count()
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    predictor = load_bundle(generator, weights).predictor("fuse")
    seconds = {}
    for side in SIDES:
        pair = focus_pair(side, side)
        stack = pair.astype(np.float32) / 255
        calls = {method.name: _call(method, stack) for method in [fuser, *rules()]}
        calls = {name: calls[name] for name in (FUSER, *RIVALS)}
        calls[SERVED] = lambda pair=pair: predictor.predict(list(pair), FuseParams())
        seconds[str(side)] = time_in_turns(calls, repeats)
    return {
        "threads": threads,
        "repeats": repeats,
        "seconds": seconds,
        "peak_bytes": peak_memory(generator, weights),
    }


def speed_table(measured: dict) -> str:
    """Markdown: megapixels of result a second, the median, and how many times as fast as others the fuser is."""
    rows = [["pair", "method", "megapixels/s", "ms", "StyleFuse is … times as fast"]]
    for side, seconds in measured["seconds"].items():
        typical = medians(seconds)
        for name, median in typical.items():
            megapixels = int(side) ** 2 / 1e6
            ratio = "" if name == FUSER else f"{median / typical[FUSER]:.3g}"
            row = [f"{side}×{side}", readable(name), f"{megapixels / median:.2f}"]
            rows.append([*row, f"{1000 * median:.1f}", ratio])
    peak = measured["peak_bytes"]
    verdict = "below" if peak < MEMORY_GOAL else "NOT below"
    return (
        "# Speed and memory\n\n"
        f"n = 2, {measured['threads']} threads, median of {measured['repeats']} turns.\n\n"
        f"{to_markdown(rows)}\n\n"
        f"Peak memory of a process that fuses a pair of 24 megapixels: {peak / 1e9:.2f} GB, "
        f"{verdict} the goal of {MEMORY_GOAL / 1e9:g} GB.\n"
    )


def peak_memory(generator: Path, weights: Path) -> int:
    """Return the bytes that a fresh process needs at most to fuse a pair of 24 megapixels.

    Raises:
        RuntimeError: the process failed.
    """
    files = (generator.absolute(), weights.absolute())
    command = [sys.executable, "-m", "benchmarks.fusion", "memory", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(f"fusing 24 megapixels failed:\n{done.stderr}")
    return json.loads(done.stdout)["peak_bytes"]


def _call(method: Method, stack: np.ndarray) -> Callable[[], object]:
    return lambda: method.fuse(stack)
