"""Join overlapping pictures into one wide picture, with a report."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from stylefuse._progress import part, tell
from stylefuse.images.files import DEFAULT_LIMITS
from stylefuse.tasks.panorama.cameras import Cameras, find_cameras
from stylefuse.tasks.panorama.compose import compose
from stylefuse.tasks.panorama.crop import inner_rectangle
from stylefuse.tasks.panorama.features import find_features
from stylefuse.tasks.panorama.pairs import Pair, belonging, match_all
from stylefuse.tasks.panorama.params import PanoramaParams
from stylefuse.tasks.panorama.refusals import check_canvas, check_pictures, refuse_missing
from stylefuse.tasks.panorama.surfaces import Layout, lay_out
from stylefuse.tasks.task import Networks, Result
from stylefuse.tasks.validation import RequestError
from stylefuse.tasks.warned import Warned, report_part

# Error of the fit, as a share of a picture's longest side, from which on the camera has moved or the scene has.
_PARALLAX = 0.003
# As many as a picture may have that is sent in, so that every result can be worked on further.
MAX_PIXELS = DEFAULT_LIMITS.max_pixels


class Plan(NamedTuple):
    """Where the pictures will be drawn. used: numbers of the pictures that are, from 0."""

    pairs: list[Pair]
    used: list[int]
    cameras: Cameras
    layout: Layout


class PanoramaPredictor:
    """Joins overlapping pictures; needs no network."""

    def __init__(self, networks: Networks):
        self._lock = networks.lock

    def check(self, params: PanoramaParams) -> None:
        """All parameters fit every model."""

    def predict(self, pictures: Sequence[Image.Image], params: PanoramaParams) -> Result:
        """Join pictures, in any order, into one.

        Returns:
            The panorama. One map a used picture under "weights", h×w float in [0, 1], at a part of the panorama's
            size: which places are taken from it. The report: `pairs`, each with the numbers of its `pictures`, a
            `verdict` ("matched", "unsure", "unrelated") and its `matches`; `used` and `left_out`, numbers of pictures;
            `model`, "rotation" or "plane" (see `cameras`), and its `error` in px; `projection`; `field`, degrees across
            and down, or None; `canvas`, width and height before cropping; `crop`, left, top, right, bottom on it, or
            None; `warnings` and `warning_facts`, see `tasks.warned`. Pictures count from 1, in the order given.

        Raises:
            RequestError: pictures do not overlap with the others, or the panorama would be too large.
        """
        arrays = [np.asarray(picture) for picture in pictures]
        check_pictures([picture.size for picture in pictures])
        with self._lock:
            with part(0, 0.6):
                planned = plan(arrays, params)
            with part(0.6, 1):
                composed = compose([arrays[i] for i in planned.used], planned.layout)
        picture, weights, crop = composed.picture, composed.weights, None
        if params.crop:
            crop = inner_rectangle(composed.seen)
            weights = [_cropped(each, crop, picture.shape) for each in weights]
            picture = _cropped(picture, crop, picture.shape)
        report = _report(planned, len(arrays)) | {
            "canvas": [composed.picture.shape[1], composed.picture.shape[0]],
            "crop": crop and list(crop),
        }
        return Result(Image.fromarray(picture), report, {"weights": weights})


def plan(pictures: Sequence[np.ndarray], params: PanoramaParams) -> Plan:
    """Find which of the H×W×3 uint8 pictures belong together, and where they lie on the canvas."""
    features = []
    for picture in pictures:
        features.append(find_features(picture))
        tell(0.3 * len(features) / len(pictures))
    with part(0.3, 1):
        pairs = match_all(features)
    used = belonging(pairs, len(pictures))
    refuse_missing(pairs, used, [len(each.points) for each in features], params.partial)
    place = {number: i for i, number in enumerate(used)}
    matched = [
        pair._replace(first=place[pair.first], second=place[pair.second])
        for pair in pairs
        if pair.verdict == "matched" and pair.first in place
    ]
    sizes = [(pictures[i].shape[1], pictures[i].shape[0]) for i in used]
    surface = None if params.projection == "auto" else params.projection
    cameras = find_cameras(matched, sizes, "rotation" if surface in ("cylinder", "sphere") else None)
    layout = lay_out(cameras, sizes, surface, params.size)
    if layout is None:
        message = "the pictures look too far aside to be drawn on a plane"
        raise RequestError("projection", message, "send projection=auto, cylinder or sphere", "too_wide")
    check_canvas(layout, sizes, params.size, MAX_PIXELS)
    return Plan(pairs, used, cameras, layout)


def _cropped(values: np.ndarray, box: Sequence[int], shape: Sequence[int]) -> np.ndarray:
    """Cut a box of an H×W canvas out of a map of it at any size."""
    y, x = values.shape[0] / shape[0], values.shape[1] / shape[1]
    left, top, right, bottom = round(box[0] * x), round(box[1] * y), round(box[2] * x), round(box[3] * y)
    return np.ascontiguousarray(values[top : max(bottom, top + 1), left : max(right, left + 1)])


def _report(planned: Plan, count: int) -> dict[str, Any]:
    cameras, layout = planned.cameras, planned.layout
    left_out = [i + 1 for i in range(count) if i not in planned.used]
    warnings = [
        Warned(
            "left_out",
            f"picture {number} does not belong to the panorama and was left out",
            {"picture": number},
        )
        for number in left_out
    ]
    side = max(max(box[2] - box[0], box[3] - box[1]) for box in layout.boxes) / layout.pixel_share
    if cameras.error > _PARALLAX * side:
        sentence = (
            f"the pictures do not fit exactly ({cameras.error:.1f} px): the camera moved between the shots, or the "
            "scene did; turn the camera on the spot"
        )
        warnings.append(Warned("parallax", sentence, {"pixels": round(cameras.error, 1)}))
    return {
        "pairs": [
            {"pictures": [p.first + 1, p.second + 1], "verdict": p.verdict, "matches": len(p.here)}
            for p in planned.pairs
        ],
        "used": [i + 1 for i in planned.used],
        "left_out": left_out,
        "model": cameras.model,
        "error": round(cameras.error, 2),
        "projection": layout.surface,
        "field": layout.field and [round(value, 1) for value in layout.field],
        **report_part(warnings),
    }
