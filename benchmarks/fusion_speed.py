"""How fast the fuser is beside two rules, and how much memory a large pair takes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import psutil
import torch
from fusion_methods import FUSER, Method, rules
from fusion_tables import to_markdown

from stylefuse.networks.weights import read_weights
from stylefuse.tasks.fuse.predictor import Combiner

SIDES = (256, 1024)
RIVALS = ("laplacian_pyramid", "mertens")
SERVED = f"{FUSER} served"
MEMORY_GOAL = 2_000_000_000  # bytes


def measure_speed(fuser: Method, generator: Path, weights: Path, repeats: int) -> dict:
    """Seconds for a pair of pictures, for every side and method, and peak memory in bytes for 24 megapixels.

    The methods take turns, so that a busy machine slows them alike. The fuser is timed as a network, and as it
    is served: from uint8 pictures to one, with whatever the service does around it.
    """
    threads = psutil.cpu_count(logical=False) or os.cpu_count()
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    combiner = Combiner(read_weights(generator), read_weights(weights))
    seconds = {}
    for side in SIDES:
        pair = soft_pair(side, side)
        stack = pair.astype(np.float32) / 255
        calls = {method.name: _call(method, stack) for method in [fuser, *rules()]}
        calls = {name: calls[name] for name in (FUSER, *RIVALS)}
        calls[SERVED] = lambda pair=pair: combiner.combine(list(pair))
        seconds[str(side)] = time_in_turns(calls, repeats)
    return {
        "threads": threads,
        "repeats": repeats,
        "seconds": seconds,
        "peak_bytes": peak_memory(generator, weights),
    }


def time_in_turns(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each call, `repeats` times, one after the other; a first round is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(repeats):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def speed_table(measured: dict) -> str:
    """Markdown: megapixels of result a second, the median, and how often as fast the fuser is."""
    rows = [["pair", "method", "megapixels/s", "ms", "StyleFuse is … times as fast"]]
    for side, seconds in measured["seconds"].items():
        medians = {name: float(np.median(values)) for name, values in seconds.items()}
        for name, median in medians.items():
            megapixels = int(side) ** 2 / 1e6
            ratio = "" if name == FUSER else f"{median / medians[FUSER]:.3g}"
            row = [f"{side}×{side}", name.replace("_", " "), f"{megapixels / median:.2f}"]
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
    """Bytes that a fresh process needed at most to fuse a pair of 24 megapixels.

    Raises:
        RuntimeError: the process failed.
    """
    command = [sys.executable, str(Path(__file__).with_name("fusion_memory.py")), generator, weights]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"fusing 24 megapixels failed:\n{done.stderr}")
    return json.loads(done.stdout)["peak_bytes"]


def soft_pair(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A multi-focus pair of a made-up scene, 2×height×width×3 uint8; needs few times its own memory."""
    random = np.random.default_rng(seed)
    scene = cv2.resize(
        random.integers(0, 256, (24, 32, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC
    )
    grain = random.integers(0, 40, (height, width, 1), np.uint8)
    cv2.add(scene, np.repeat(grain, 3, axis=2), dst=scene)
    pair = np.stack([cv2.GaussianBlur(scene, (9, 9), 2)] * 2)
    half = width // 2
    pair[0, :, :half], pair[1, :, half:] = scene[:, :half], scene[:, half:]
    return pair


def _call(method: Method, stack: np.ndarray) -> Callable[[], object]:
    return lambda: method.fuse(stack)
