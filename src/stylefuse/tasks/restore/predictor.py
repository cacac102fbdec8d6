"""Restore a picture, with a report and maps of what was altered."""

from collections.abc import Sequence
from typing import Any, cast

import cv2
import numpy as np
from PIL import Image

from stylefuse.tasks.restore.head import RESTORER
from stylefuse.tasks.restore.network import Restorer
from stylefuse.tasks.restore.params import RestoreParams
from stylefuse.tasks.restore.repair import Repaired, repair
from stylefuse.tasks.task import Networks, Result
from stylefuse.tasks.validation import RequestError
from stylefuse.tasks.warned import Warned, report_part

# A hole wider than this (twice the largest distance to its rim, px) is filled with a blur.
WIDE = 24
MIN_SIDE = 16
DECIDED = 128  # level of a mask from which on a pixel is to be filled


class RestorePredictor:
    """Restores pictures."""

    def __init__(self, networks: Networks):
        self._restorer = cast(Restorer, networks.head(RESTORER.weights))
        self._lock = networks.lock

    def check(self, params: RestoreParams) -> None:
        """All parameters fit every restorer."""

    def predict(
        self, pictures: Sequence[Image.Image], params: RestoreParams, mask: Image.Image | None = None
    ) -> Result:
        """Restore a picture.

        Args:
            mask: of the picture's size, bright where the picture is to be filled.

        Returns:
            The picture. The report: `noise` and `quality`, each with `estimated` and `used`, which is None where this
            damage was left alone; `preset`; shares of the picture's pixels, 0 to 1: `given` by the mask, `found` as
            scratches, `altered`, which differ from the input; `warnings` and `warning_facts`, see `tasks.warned`. The
            maps, H×W bool: `altered`, and `filled`, given or found.

        Raises:
            RequestError: the picture is too small, or the mask has another size or is bright everywhere.
        """
        picture = np.asarray(pictures[0])
        if min(picture.shape[:2]) < MIN_SIDE:
            size = f"{picture.shape[1]}×{picture.shape[0]}"
            remedy = f"use pictures of {MIN_SIDE} pixels a side or more"
            raise RequestError("image", f"the picture is {size} pixels", remedy, "too_small")
        given = _hole_of(mask, picture)
        with self._lock:
            made = repair(self._restorer, picture, given, params)
        altered = (made.picture != picture).any(2)
        report = {"preset": params.preset, **_report(made, given, altered)}
        return Result(Image.fromarray(made.picture), report, {"altered": [altered], "filled": [made.hole]})


def _hole_of(mask: Image.Image | None, picture: np.ndarray) -> np.ndarray:
    """The given hole, H×W bool.

    Raises:
        RequestError: the mask has another size, or is bright everywhere.
    """
    height, width = picture.shape[:2]
    if mask is None:
        return np.zeros((height, width), bool)
    if mask.size != (width, height):
        message = f"it is {mask.width}×{mask.height} pixels, the picture {width}×{height}"
        raise RequestError("mask", message, "send a mask of the picture's size", "sizes")
    hole = np.asarray(mask.convert("L")) >= DECIDED
    if hole.all():
        remedy = "send one that is black where the picture is to be kept"
        raise RequestError("mask", "it is bright everywhere, so nothing is left to fill from", remedy)
    return hole


def _report(made: Repaired, given: np.ndarray, altered: np.ndarray) -> dict[str, Any]:
    seen, warnings = made.seen, []
    wide = 2 * cv2.distanceTransform(made.hole.astype(np.uint8), cv2.DIST_L2, 3).max()
    if wide > WIDE:
        sentence = f"a hole is {wide:.0f} px wide: what is filled into it is a blurred guess"
        warnings.append(Warned("wide_hole", sentence, {"pixels": round(wide)}))
    return {
        "noise": {"estimated": round(seen.noise, 1), "used": round(made.noise, 1) or None},
        "quality": {
            "estimated": round(100 * (1 - seen.compression)),
            "used": round(100 * (1 - made.compression)) if made.compression else None,
        },
        "given": _share(given),
        "found": _share(made.hole & ~given),
        "altered": _share(altered),
        **report_part(warnings),
    }


def _share(mask: np.ndarray) -> float:
    return round(float(mask.mean()), 6)
