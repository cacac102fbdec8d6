"""Small pictures to ingest, and ingest with the options of the tests."""

import hashlib
import io
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from project import configuration
from stylefuse.pipelines.ingest.nodes import ingest_pictures
from stylefuse.pipelines.ingest.options import IngestOptions
from stylefuse.pipelines.ingest.selection import split_of


def options_for_tests(**changes) -> IngestOptions:
    return IngestOptions(
        **{**configuration("parameters", "test")["ingest"], "warn_below": 5, "workers": 2, **changes}
    )


def scene(seed: int, size: tuple[int, int] = (60, 48)) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (8, 10, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def png(seed: int) -> bytes:
    data = io.BytesIO()
    scene(seed).save(data, "PNG")
    return data.getvalue()


def write_pictures(folder: Path, count: int, first: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(first, first + count):
        (folder / f"{seed:04}.png").write_bytes(png(seed))


def write_each_split(folder: Path, options: IngestOptions, first: int, each: int = 2) -> int:
    """Write so many pictures a split, found by trying seeds; returns the next seed."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [split for split in ("train", "judge", "test") for _ in range(each)]
    seed = first
    while wanted:
        data = png(seed)
        split = split_of(hashlib.sha256(data).hexdigest(), options)
        if split in wanted:
            wanted.remove(split)
            (folder / f"{split}{seed:03}.png").write_bytes(data)
        seed += 1
    return seed


def run_ingest(photos: Path, styles: Path, options: IngestOptions) -> tuple[pd.DataFrame, Path]:
    """The manifest, and the folder of the store."""
    staging = Path(tempfile.mkdtemp()) / "images" / ".incoming"
    store, manifest = ingest_pictures(photos, photos, styles, staging, options)
    return manifest, store
