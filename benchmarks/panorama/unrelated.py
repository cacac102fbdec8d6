"""Give sets that make no panorama: three different photos, and three plain pictures.

Prints how many sets each stitcher joins anyway, and the first refusals. Writes unrelated.md below --out.
"""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.common.files import write_text
from benchmarks.common.photos import picture_files
from benchmarks.common.tables import to_markdown
from benchmarks.panorama.scenes import make_scene
from benchmarks.panorama.stitchers import STITCHERS, Stitched
from stylefuse.images.io import decode

# Sets of plain pictures: brightness in levels, and its noise.
PLAIN, NOISE = 10, 2.0


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--photos", type=Path, required=True, help="folder of at least three photos")
    parser.add_argument("--out", type=Path, required=True, help="folder for the table")


def run(options: argparse.Namespace) -> None:
    photos = [np.asarray(decode(file)) for file in picture_files(options.photos)]
    views = [make_scene(photo, "plane", 0.3, i).views for i, photo in enumerate(photos)]
    count = len(views)
    sets = {"three photos": [[views[(i + 3 * j) % count][j] for j in range(3)] for i in range(count)]}
    random = np.random.default_rng(1)
    sets["plain"] = [[_plain(25 * i, views[0][0].shape, random) for _ in range(3)] for i in range(PLAIN)]
    rows: list[list[object]] = [["sets", "stitcher", "refused", "says"]]
    compared = {name: stitch for name, stitch in STITCHERS.items() if "feather" not in name}
    for kind, each in sets.items():
        for name, stitch in compared.items():
            made = [stitch(views) for views in tqdm(each, desc=f"{kind}, {name}", unit="set")]
            refused: list[Stitched] = [one for one in made if one.panorama is None]
            says = refused[0].said if refused else ""
            rows.append([kind, name, f"{len(refused)} of {len(made)}", says])
    write_text(options.out / "unrelated.md", to_markdown(rows) + "\n")
    print(to_markdown(rows))


def _plain(level: float, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    return np.clip(np.rint(random.normal(level, NOISE, shape)), 0, 255).astype(np.uint8)
