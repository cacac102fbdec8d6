"""Choose the estimates from which on a picture counts as damaged, on photos that nothing is measured with.

Prints quantiles of the restorer's estimates by damage, and the three constants of `stylefuse.tasks.restore.repair`.
"""

import argparse
import math
from pathlib import Path

import numpy as np

from benchmarks.common.command import count
from benchmarks.common.photos import load_squares
from benchmarks.common.tables import readable, to_markdown
from benchmarks.restore.restorers import add_restorer_options, load_restorer_of
from stylefuse.tasks.restore.cases import make_case
from stylefuse.tasks.restore.tiled import estimate

UNTOUCHED = "untouched"
JPEG = ("jpeg_10", "jpeg_20", "jpeg_40", "jpeg_twice")
CASES = (UNTOUCHED, *JPEG, "noise_5", "noise_15", "noise_25", "noise_50")
# Share of the untouched photos that are left alone, and of those saved as JPEG in which no noise is seen.
KEPT = 0.95
QUANTILES = (0.05, 0.5, KEPT)


def add_options(parser: argparse.ArgumentParser) -> None:
    add_restorer_options(parser)
    parser.add_argument("--photos", type=Path, required=True, help="folder of training photos")
    parser.add_argument("--photos-limit", type=count, default=100, help="so many photos (%(default)s)")
    parser.add_argument("--seed", type=int, default=2, help="of the damage (%(default)s)")


def run(options: argparse.Namespace) -> None:
    restorer = load_restorer_of(options)
    photos = [photo.pixels for photo in load_squares(options.photos, options.photos_limit)]
    estimates = {
        name: np.array(
            [estimate(restorer, make_case(name, p, i, options.seed).picture) for i, p in enumerate(photos)]
        )
        for name in CASES
    }
    print(table(estimates))
    for name, value in thresholds(estimates).items():
        print(f"{name} = {value:g}")


def thresholds(estimates: dict[str, np.ndarray]) -> dict[str, float]:
    """The constants, rounded up; estimates: by damage, noise and compression of every photo, N×2."""
    noise, compression = np.quantile(estimates[UNTOUCHED], KEPT, axis=0)
    of_jpeg = max(np.quantile(estimates[name][:, 0], KEPT) for name in JPEG)
    return {
        "LEAST_NOISE": math.ceil(2 * noise) / 2,
        "LEAST_COMPRESSION": math.ceil(100 * compression) / 100,
        "NOISE_OF_JPEG": float(math.ceil(of_jpeg)),
    }


def table(estimates: dict[str, np.ndarray]) -> str:
    """Markdown: quantiles by damage."""
    shares = [f"{100 * share:g} %" for share in QUANTILES]
    rows = [["damage", *(f"noise {s}" for s in shares), *(f"compression {s}" for s in shares)]]
    for name, each in estimates.items():
        noise, compression = np.quantile(each, QUANTILES, axis=0).T
        rows.append([readable(name), *(f"{v:.1f}" for v in noise), *(f"{v:.2f}" for v in compression)])
    return to_markdown(rows) + "\n"
