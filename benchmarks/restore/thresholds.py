"""Choose from which estimates on a picture counts as damaged, on photos that nothing is measured with.

Prints quantiles of the restorer's estimates by damage, and the constants of `stylefuse.tasks.restore.repair`.
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
from stylefuse.tasks.restore.network import Restorer
from stylefuse.tasks.restore.repair import grown
from stylefuse.tasks.restore.tiled import estimate, look

UNTOUCHED = "untouched"
JPEG = ("jpeg_10", "jpeg_20", "jpeg_40", "jpeg_twice")
CASES = (UNTOUCHED, *JPEG, "noise_5", "noise_15", "noise_25", "noise_50")
# Share of the untouched photos that are left alone, and of those saved as JPEG in which no noise is seen.
KEPT = 0.99
# Logits from which on a pixel may count as scratched, and the share of untouched photos' pixels that may be filled.
LOGITS, MOST_FILLED = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0), 0.003
QUANTILES = (1 - KEPT, 0.5, KEPT)


def add_options(parser: argparse.ArgumentParser) -> None:
    add_restorer_options(parser)
    parser.add_argument("--photos", type=Path, required=True, help="folder of training photos")
    parser.add_argument("--photos-limit", type=count, default=200, help="so many photos (%(default)s)")
    parser.add_argument("--seed", type=int, default=2, help="of the damage (%(default)s)")


def run(options: argparse.Namespace) -> None:
    restorer = load_restorer_of(options)
    photos = [photo.pixels for photo in load_squares(options.photos, options.photos_limit)]
    estimates = {
        name: np.array(
            [
                estimate(restorer, make_case(name, p, i, options.seed).picture)[:2]
                for i, p in enumerate(photos)
            ]
        )
        for name in CASES
    }
    print(table(estimates))
    for name, value in thresholds(estimates).items():
        print(f"{name} = {value:g}")
    print(f"LIKELY = {likely(restorer, photos):g}")


def thresholds(estimates: dict[str, np.ndarray]) -> dict[str, float]:
    """The constants, rounded up; estimates: by damage, noise and compression of every photo, N×2."""
    noise, compression = np.quantile(estimates[UNTOUCHED], KEPT, axis=0)
    of_jpeg = max(np.quantile(estimates[name][:, 0], KEPT) for name in JPEG)
    return {
        "LEAST_NOISE": math.ceil(2 * noise) / 2,
        "LEAST_COMPRESSION": math.ceil(100 * compression) / 100,
        "NOISE_OF_JPEG": float(math.ceil(of_jpeg)),
    }


def likely(restorer: Restorer, photos: list[np.ndarray]) -> float:
    """The least logit with which the search for scratches fills few pixels of untouched photos."""
    for logit in LOGITS:
        filled = [grown(look(restorer, photo, logit).scratches).mean() for photo in photos]
        print(f"logit {logit:g}: {100 * np.mean(filled):.2f} % filled")
        if np.mean(filled) <= MOST_FILLED:
            return logit
    return math.inf


def table(estimates: dict[str, np.ndarray]) -> str:
    """Markdown: quantiles by damage."""
    shares = [f"{100 * share:g} %" for share in QUANTILES]
    rows = [["damage", *(f"noise {s}" for s in shares), *(f"compression {s}" for s in shares)]]
    for name, each in estimates.items():
        noise, compression = np.quantile(each, QUANTILES, axis=0).T
        rows.append([readable(name), *(f"{v:.1f}" for v in noise), *(f"{v:.2f}" for v in compression)])
    return to_markdown(rows) + "\n"
