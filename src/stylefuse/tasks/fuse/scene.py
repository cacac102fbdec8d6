"""Join unrelated pictures in one scene: seams by content, tones that change gradually towards them, no ghosts."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from stylefuse.tasks.fuse.seams import SCALES, Place, Seam, best_seam, placed

# Longest side, px, at which places and seams are looked for.
PLANNED = 224
# Shares of the planned picture's shorter side: the surroundings of a seam whose tones are compared, and how far along
# a seam they are averaged. Share of a picture's part of the longer side over which its tones are adapted.
SURROUNDINGS, ALONG, FADE = 0.05, 0.1, 0.8
# Levels, in [0, 1], that tone curves are computed for: black and white have none.
DARKEST, LIGHTEST = 0.04, 0.96
# Largest exponent of a tone curve.
STRONGEST = 2.5
UNMOVED = Place(1.0, 0.5, 0.5)


class Scene(NamedTuple):
    """A scene of several pictures.

    picture: H×W×3, of the first picture's size and the deepest one's depth.
    weights: one h×w float32 array a picture in [0, 1], at the size at which seams were found; they sum to one.
    below: the pictures are one below the other, not side by side.
    difference: mean difference across the seams, in [0, 1] units, the tones apart.
    """

    picture: np.ndarray
    weights: list[np.ndarray]
    below: bool
    difference: float


class _Joined(NamedTuple):
    """What is planned: the order of the pictures, their places, and a seam between each and the next."""

    order: list[int]
    places: list[Place]
    seams: list[Seam]
    below: bool

    @property
    def difference(self) -> float:
        return float(np.mean([seam.difference for seam in self.seams]))


def join_scene(pictures: Sequence[np.ndarray]) -> Scene:
    """Join pictures of different places in one.

    Two pictures are laid side by side or one above the other, in whichever order differs least along the seam; more
    lie side by side as given. Each covers the size of the first and keeps its place in it, so sky stays above land.

    Args:
        pictures: two to eight, H×W or H×W×3 of any sizes, uint8 or uint16.
    """
    height, width = pictures[0].shape[:2]
    depth = max((picture.dtype for picture in pictures), key=lambda dtype: dtype.itemsize)
    scale = min(1.0, PLANNED / max(height, width))
    high, wide = max(1, round(height * scale)), max(1, round(width * scale))
    small = [_shrunk(picture, high, wide) for picture in pictures]
    plan = _plan(small, high, wide)
    shown = _shown(plan.seams, (high, wide))
    laid = [placed(small[i], wide, high, place) for i, place in zip(plan.order, plan.places, strict=True)]
    curves = _curves(laid, plan)
    out = np.empty((height, width, 3), depth)
    most = np.iinfo(depth).max
    masks = [_enlarged(mask, width, height) for mask in shown]
    for channel in range(3):  # one at a time: pyramids of a large picture take much memory
        layers = []
        for i, place, curve in zip(plan.order, plan.places, curves, strict=True):
            one = placed(_channel(pictures[i], channel), width, height, place).clip(0, 1)
            exponent = cv2.resize(curve[..., channel], (width, height), interpolation=cv2.INTER_LINEAR)
            layers.append(np.power(one, exponent))
        out[..., channel] = np.rint(blend_bands(layers, masks).clip(0, 1) * most)
    weights = [shown[plan.order.index(i)] for i in range(len(pictures))]
    return Scene(out, weights, plan.below, plan.difference)


def blend_bands(layers: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> np.ndarray:
    """Blend H×W layers by masks that sum to one: coarse detail over a wide strip, fine detail over a narrow one.

    Burt & Adelson, "A multiresolution spline with application to image mosaics" (1983). The widest strip is about a
    sixteenth of the shorter side: a wider one shows ghosts.
    """
    levels = max(1, int(np.log2(min(layers[0].shape))) - 4)
    bands: list[np.ndarray] = []
    for layer, mask in zip(layers, masks, strict=True):
        for level in range(levels + 1):
            smaller = cv2.pyrDown(layer) if level < levels else None
            rest = layer if smaller is None else layer - cv2.pyrUp(smaller, dstsize=layer.shape[1::-1])
            if level == len(bands):
                bands.append(np.zeros_like(rest))
            bands[level] += mask * rest
            if smaller is not None:
                layer, mask = smaller, cv2.pyrDown(mask)
    whole = bands.pop()
    while bands:
        band = bands.pop()
        whole = cv2.pyrUp(whole, dstsize=band.shape[1::-1]) + band
    return whole


def _plan(small: Sequence[np.ndarray], height: int, width: int) -> _Joined:
    count = len(small)
    plans = []
    for order in [[0, 1], [1, 0]] if count == 2 else [list(range(count))]:
        for below in (False, True) if count == 2 else (False,):
            place, places, seams = UNMOVED, [UNMOVED], []
            for k in range(1, count):
                first = placed(small[order[k - 1]], width, height, place)
                seam = best_seam(first, small[order[k]], k / count, 0.5 / count, below)
                place = seam.place
                places.append(place)
                seams.append(seam)
            plans.append(_Joined(order, places, seams, below))
    return min(plans, key=lambda plan: plan.difference)


def _shown(seams: Sequence[Seam], size: tuple[int, int]) -> list[np.ndarray]:
    """Where each picture is shown: h×w float32 of zeros and ones, in the order of the plan."""
    after = [np.ones(size, bool), *(seam.second for seam in seams), np.zeros(size, bool)]
    return [(here & ~beyond).astype(np.float32) for here, beyond in itertools.pairwise(after)]


def _curves(laid: Sequence[np.ndarray], plan: _Joined) -> list[np.ndarray]:
    """Exponents of tone curves, h×w×3 a picture: on a seam both pictures get the same mean tones, far from it none.

    A curve x ** exponent keeps black and white, and adds where curves follow each other: in log(-log(x)).
    """
    height, width = laid[0].shape[:2]
    short = min(height, width)
    fade = FADE * (height if plan.below else width) / len(laid)
    shifts = [np.zeros((height, width, 3), np.float32) for _ in laid]
    tones = [_log_log(cv2.GaussianBlur(each, (0, 0), SURROUNDINGS * short)) for each in laid]
    for k, seam in enumerate(plan.seams):
        apart = _along(tones[k + 1] - tones[k], seam.path, ALONG * short)
        distance = cv2.distanceTransform((~seam.path).astype(np.uint8), cv2.DIST_L2, 5)
        near = (1 - distance / fade).clip(0, 1)[..., None]
        half = apart * near**2 * (3 - 2 * near) / 2
        shifts[k] += half
        shifts[k + 1] -= half
    limit = np.log(STRONGEST)
    return [np.exp(shift.clip(-limit, limit)) for shift in shifts]


def _log_log(x: np.ndarray) -> np.ndarray:
    return np.log(-np.log(x.clip(DARKEST, LIGHTEST)))


def _along(values: np.ndarray, path: np.ndarray, deviation: float) -> np.ndarray:
    """Carry the values on a path to every pixel, h×w×3: Gaussian means, of a wider one where it is far away."""
    on = path.astype(np.float32)
    carried, reached = np.zeros_like(values), np.zeros(path.shape, np.float32)
    for wider in (1, 3, 9):
        total = cv2.GaussianBlur(values * on[..., None], (0, 0), deviation * wider)
        count = cv2.GaussianBlur(on, (0, 0), deviation * wider)
        share = (1 - reached) * count / (count + 1e-4)
        carried += share[..., None] * total / (count[..., None] + 1e-12)
        reached += share
    return carried / np.maximum(reached, 1e-6)[..., None]


def _shrunk(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """H×W×3 float32 in [0, 1] of a size at which it covers height × width, with room for larger places."""
    h, w = picture.shape[:2]
    cover = max(width / w, height / h) * SCALES[-1]
    if cover < 1:
        size = max(width, round(w * cover)), max(height, round(h * cover))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    small = picture.astype(np.float32) / np.iinfo(picture.dtype).max
    return np.repeat(small[..., None], 3, axis=2) if small.ndim == 2 else small


def _channel(picture: np.ndarray, channel: int) -> np.ndarray:
    one = picture if picture.ndim == 2 else picture[..., channel]
    return one.astype(np.float32) / np.iinfo(picture.dtype).max


def _enlarged(mask: np.ndarray, width: int, height: int) -> np.ndarray:
    """A mask at full size, with a smooth outline."""
    soft = cv2.GaussianBlur(mask, (0, 0), 1.0)
    return (cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC) > 0.5).astype(np.float32)
