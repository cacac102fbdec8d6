"""Fuse a pair of 24 megapixels and print the peak memory of this process: python fusion_memory.py GENERATOR FUSER."""

import json
import sys
from pathlib import Path

from fusion_speed import soft_pair

from stylefuse._memory import reuse_freed_memory
from stylefuse.networks.weights import read_weights
from stylefuse.tasks.fuse.predictor import Combiner

HEIGHT, WIDTH = 4000, 6000


def peak_bytes() -> int:
    """The largest resident size of this process so far.

    Linux only. `getrusage` would do elsewhere, but on Linux it counts the parent's size before `exec` too.

    Raises:
        RuntimeError: the system does not tell.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        raise RuntimeError("peak memory is measured on Linux only")
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def main() -> None:
    reuse_freed_memory()
    generator, fuser = (read_weights(Path(name)) for name in sys.argv[1:])
    pair = soft_pair(HEIGHT, WIDTH)
    before = peak_bytes()
    result = Combiner(generator, fuser).combine(list(pair), mode="auto")
    if result.picture.shape != (HEIGHT, WIDTH, 3):
        raise RuntimeError(f"the fused picture has the shape {result.picture.shape}")
    print(json.dumps({"peak_bytes": peak_bytes(), "peak_bytes_before_fusing": before}))


if __name__ == "__main__":
    main()
