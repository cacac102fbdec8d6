"""What is compared: this package, both modes of OpenCV's `Stitcher`, and plain feathering along our own motions."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image

from stylefuse.tasks.panorama.compose import warp
from stylefuse.tasks.panorama.params import PanoramaParams
from stylefuse.tasks.panorama.predictor import PanoramaPredictor, plan
from stylefuse.tasks.validation import RequestError


class Stitched(NamedTuple):
    """panorama: H×W×3 uint8, or None. used: numbers of the pictures in it, from 0. said: what it reports."""

    panorama: np.ndarray | None
    used: list[int]
    said: str


class _Networks:
    """A model without weights, for a task that needs none."""

    lock = contextlib.nullcontext()


def stylefuse(views: Sequence[np.ndarray]) -> Stitched:
    """Join views with this package. A refused set is joined again with `partial`, as the message says."""
    networks: Any = _Networks()
    predictor, pictures = PanoramaPredictor(networks), [Image.fromarray(view) for view in views]
    said = ""
    try:
        result = predictor.predict(pictures, PanoramaParams())
    except RequestError as error:
        said = str(error)
        if not error.pictures:  # no two overlap: there is nothing to leave out
            return Stitched(None, [], said)
        try:
            result = predictor.predict(pictures, PanoramaParams(partial=True))
        except RequestError as again:
            return Stitched(None, [], str(again))
    used = [number - 1 for number in result.report["used"]]
    return Stitched(np.asarray(result.picture), used, said)


def _opencv(views: Sequence[np.ndarray], mode: int) -> Stitched:
    cv2.setRNGSeed(0)
    stitcher = cv2.Stitcher.create(mode)
    status, panorama = stitcher.stitch([cv2.cvtColor(view, cv2.COLOR_RGB2BGR) for view in views])
    if status != cv2.Stitcher_OK:
        return Stitched(None, [], f"status {status}")
    return Stitched(cv2.cvtColor(panorama, cv2.COLOR_BGR2RGB), [int(i) for i in stitcher.component()], "")


def opencv_panorama(views: Sequence[np.ndarray]) -> Stitched:
    return _opencv(views, cv2.Stitcher_PANORAMA)


def opencv_scans(views: Sequence[np.ndarray]) -> Stitched:
    return _opencv(views, cv2.Stitcher_SCANS)


def feathering(views: Sequence[np.ndarray]) -> Stitched:
    """Our motions, but neither gains nor seams: an average weighted by the distance from a picture's border."""
    try:
        planned = plan(views, PanoramaParams(partial=True))
    except RequestError as error:
        return Stitched(None, [], str(error))
    left, top, right, bottom = planned.layout.bounds
    total = np.zeros((bottom - top, right - left, 3), np.float32)
    weights = np.zeros((bottom - top, right - left, 1), np.float32)
    for place, number in enumerate(planned.used):
        piece = warp(views[number], planned.layout, place)
        weight = cv2.distanceTransform(piece.seen, cv2.DIST_L2, 3)[..., None]
        height, width = piece.seen.shape
        rows = slice(piece.corner[1] - top, piece.corner[1] - top + height)
        columns = slice(piece.corner[0] - left, piece.corner[0] - left + width)
        total[rows, columns] += weight * piece.pixels
        weights[rows, columns] += weight
    panorama = np.rint(total / np.maximum(weights, 1e-3)).astype(np.uint8)
    return Stitched(panorama, planned.used, "")


STITCHERS: Mapping[str, Callable[[Sequence[np.ndarray]], Stitched]] = {
    "StyleFuse": stylefuse,
    "OpenCV, panorama": opencv_panorama,
    "OpenCV, scans": opencv_scans,
    "our motions, feathered": feathering,
}
