"""Repair a picture: find damage, estimate its strength, decide what to do, fill holes, restore."""

from typing import NamedTuple

import cv2
import numpy as np

from stylefuse._progress import part
from stylefuse.tasks.restore.fill import fill
from stylefuse.tasks.restore.network import Restorer
from stylefuse.tasks.restore.params import ESTIMATE, RELIC, RestoreParams
from stylefuse.tasks.restore.tiled import Found, look, restore

# Estimates below these are of clean pictures: noise in levels of 255, and 1 less JPEG's quality / 100. Of 250 untouched
# training photos, which are JPEG files of quality 75, all lie below the first and 249 below the second. See
# `python -m benchmarks.restore thresholds`.
LEAST_NOISE, LEAST_COMPRESSION = 2.0, 0.42
# In photos that JPEG has damaged, its traces look like noise of less than this deviation.
NOISE_OF_JPEG = 1.0
# Logits above which a pixel is a scratch: three to one; or, for relics, twenty to one.
LIKELY, CERTAIN = 1.0, 3.0
# Scratches of fewer px are not filled: they are details more often than damage.
LEAST_SCRATCH = 12
# By how many px a found scratch is grown: its soft edge is damaged too.
GROWN = 2

# Share of a picture above which what looks like scratches is texture, and left alone.
MOST_SCRATCHED = 0.3


class Repaired(NamedTuple):
    """A repaired picture, and what was done.

    picture: H×W×3 uint8. seen: what was found and estimated. hole: H×W bool, what was filled, given and found.
    noise, compression: what was removed, as in `tiled.Found`; 0 is left alone.
    """

    picture: np.ndarray
    seen: Found
    hole: np.ndarray
    noise: float
    compression: float


def repair(restorer: Restorer, picture: np.ndarray, given: np.ndarray, params: RestoreParams) -> Repaired:
    """Repair a picture of any size.

    Args:
        picture: H×W×3 uint8.
        given: H×W bool, holes to fill.
    """
    certainty = CERTAIN if params.preset == RELIC else LIKELY
    filled, hole = fill(picture, given), given
    with part(0, 0.3):
        seen = look(restorer, filled, certainty)
    noise, compression = _levels(seen, params)
    found = grown(seen.scratches)
    if params.scratches and found.mean() <= MOST_SCRATCHED:
        hole = given | found
        filled = fill(picture, hole)
    with part(0.3, 1):
        made = restore(restorer, filled, hole, noise, compression, seen.grid)
    return Repaired(made, seen, hole, noise, compression)


def _levels(seen: Found, params: RestoreParams) -> tuple[float, float]:
    """Noise and compression to remove: what the parameters say, or else what was seen of them."""
    estimate = params.preset != RELIC
    noise, compression = params.noise, 1 - params.quality / 100
    if params.quality == ESTIMATE:
        compression = seen.compression if estimate and seen.compression >= LEAST_COMPRESSION else 0.0
    if params.noise == ESTIMATE:
        least = NOISE_OF_JPEG if seen.compression >= LEAST_COMPRESSION else LEAST_NOISE
        noise = seen.noise if estimate and seen.noise >= least else 0.0
    return noise, compression


def grown(scratches: np.ndarray) -> np.ndarray:
    """Scratches without specks, grown to their edges; H×W bool."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(scratches.astype(np.uint8), connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] >= LEAST_SCRATCH
    kept[0] = False  # what is no scratch
    side = 2 * GROWN + 1
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return cv2.dilate(kept[labels].astype(np.uint8), disk) > 0
