"""Classical rules with several settings; of each rule the best setting of a table's line counts.

They know the deviation of the noise, and the hole; ours estimates the noise.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np
from skimage import restoration

from stylefuse.tasks.restore.cases import Case

Run = Callable[[Case], np.ndarray]


class Rule(NamedTuple):
    """settings: the rule with each of its settings. slow: more than a second a photo of 256 px."""

    settings: list[Run]
    slow: bool = False


def _strength(case: Case) -> float:
    """Deviation in levels: of the noise; or about that of what JPEG changes at this quality."""
    return case.noise or 150 / case.quality**0.9


def _bilateral(factor: float, reach: float, case: Case) -> np.ndarray:
    return cv2.bilateralFilter(case.picture, 9, factor * _strength(case), reach)


def _total_variation(factor: float, case: Case) -> np.ndarray:
    weight = factor * _strength(case) / 255
    return _levels(restoration.denoise_tv_chambolle(case.picture / 255, weight=weight, channel_axis=2))


def _wavelet(colour: bool, case: Case) -> np.ndarray:
    more = {"method": "BayesShrink", "mode": "soft", "rescale_sigma": True, "channel_axis": 2}
    sigma = _strength(case) / 255
    return _levels(restoration.denoise_wavelet(case.picture / 255, sigma=sigma, convert2ycbcr=colour, **more))


def _nlm(factor: float, case: Case) -> np.ndarray:
    sigma = _strength(case) / 255
    more = {"patch_size": 5, "patch_distance": 6, "fast_mode": True, "channel_axis": 2}
    return _levels(restoration.denoise_nl_means(case.picture / 255, h=factor * sigma, sigma=sigma, **more))


def _inpaint(method: int, radius: int, case: Case) -> np.ndarray:
    return cv2.inpaint(case.picture, case.hole.astype(np.uint8), radius, method)


def _biharmonic(case: Case) -> np.ndarray:
    return _levels(restoration.inpaint_biharmonic(case.picture / 255, case.hole, channel_axis=2))


CLEANING = {
    "bilateral": Rule([partial(_bilateral, f, r) for f in (2.0, 3.0) for r in (1.2, 2.0)]),
    "total_variation": Rule([partial(_total_variation, f) for f in (0.5, 1.0, 1.5)]),
    "wavelet_bayes": Rule([partial(_wavelet, colour) for colour in (True, False)]),
    "nlm": Rule([partial(_nlm, f) for f in (0.6, 0.8)], slow=True),
}
FILLING = {
    "telea_3": Rule([partial(_inpaint, cv2.INPAINT_TELEA, 3)]),
    "telea_7": Rule([partial(_inpaint, cv2.INPAINT_TELEA, 7)]),
    "navier_stokes": Rule([partial(_inpaint, cv2.INPAINT_NS, 3)]),
    "biharmonic": Rule([_biharmonic], slow=True),
}


def rules_for(case: Case, slow: bool) -> dict[str, Rule]:
    """The rules that can be run on a case."""
    if case.hole is not None:
        found = FILLING
    elif case.noise or case.quality < 100:
        found = CLEANING
    else:
        found = {}
    return {name: rule for name, rule in found.items() if slow or not rule.slow}


def _levels(picture: np.ndarray) -> np.ndarray:
    return np.rint(picture * 255).clip(0, 255).astype(np.uint8)
