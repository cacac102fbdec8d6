"""Restyle a picture of 24 megapixels; print peak memory and seconds: python stylize_memory.py GENERATOR."""

import json
import sys
import time
from pathlib import Path

import numpy as np
from fusion_memory import HEIGHT, WIDTH, peak_bytes
from PIL import Image

from stylefuse._memory import reuse_freed_memory
from stylefuse.networks.weights import read_weights
from stylefuse.tasks.stylize.params import Look
from stylefuse.tasks.stylize.predictor import Restyler


def soft_picture(height: int, width: int) -> Image.Image:
    """Soft patches of colour."""
    coarse = np.random.default_rng(0).integers(30, 225, (height // 100, width // 100, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def main() -> None:
    reuse_freed_memory()
    restyle = Restyler(read_weights(Path(sys.argv[1])))
    picture = soft_picture(HEIGHT, WIDTH)
    look = Look({restyle.styles[1]: 1.0}, preserve_color="match", contrast=1.1, sharpen=0.5)
    before, start = peak_bytes(), time.perf_counter()
    if restyle(picture, look).size != picture.size:
        raise RuntimeError("the restyled picture has another size")
    seconds, processor = time.perf_counter() - start, time.process_time()
    told = {"peak_bytes": peak_bytes(), "peak_bytes_before_restyling": before}
    print(json.dumps({**told, "seconds": round(seconds, 1), "processor_seconds": round(processor, 1)}))


if __name__ == "__main__":
    main()
