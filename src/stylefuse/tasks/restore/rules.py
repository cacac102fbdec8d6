"""Classical rules to compare the restorer with; they know how strong the damage is."""

from collections.abc import Callable

import cv2
import numpy as np

from stylefuse.tasks.restore.cases import Case

Rule = Callable[[Case], np.ndarray]


def bilateral(case: Case) -> np.ndarray:
    """Mean of pixels that are near and alike (Tomasi and Manduchi 1998)."""
    return cv2.bilateralFilter(case.picture, 9, 3 * _strength(case), 1.7)


def total_variation(case: Case) -> np.ndarray:
    """The picture of least total variation near the given one (Chambolle 2004)."""
    from skimage.restoration import denoise_tv_chambolle

    made = denoise_tv_chambolle(case.picture / 255.0, weight=_strength(case) / 255, channel_axis=2)
    return np.rint(made * 255).clip(0, 255).astype(np.uint8)


def telea(case: Case) -> np.ndarray:
    """Fast marching from the rim of the hole (Telea 2004)."""
    return cv2.inpaint(case.picture, _mask(case), 3, cv2.INPAINT_TELEA)


def navier_stokes(case: Case) -> np.ndarray:
    """Continued lines of equal brightness (Bertalmio et al. 2001)."""
    return cv2.inpaint(case.picture, _mask(case), 3, cv2.INPAINT_NS)


# What is compared where noise or JPEG's traces are to be removed, and where a hole is to be filled.
CLEANING: dict[str, Rule] = {"bilateral": bilateral, "total_variation": total_variation}
FILLING: dict[str, Rule] = {"telea": telea, "navier_stokes": navier_stokes}


def rules_for(case: Case) -> dict[str, Rule]:
    """The rules that can be run on a case; none on undamaged photos and on scratches that are to be found."""
    if case.hole is not None:
        return FILLING
    return CLEANING if case.noise or case.quality < 100 else {}


def _strength(case: Case) -> float:
    """Levels that the rules smooth away: the noise, or about what JPEG changes at that quality."""
    return case.noise or 150 / case.quality**0.9


def _mask(case: Case) -> np.ndarray:
    assert case.hole is not None
    return case.hole.astype(np.uint8)
