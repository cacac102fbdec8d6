"""Where two unrelated pictures can be joined: how the second is placed, and the path along which they differ least.

Paths cost what the pictures differ by; the cheapest is a shortest path (Dijkstra 1959), as in Efros and Freeman, "Image
quilting" (2001), but free to turn back. A difference in tone over all costs nothing, because tones are adapted later.
"""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from skimage.graph import MCP_Geometric

# How much larger than needed a picture may be placed, and how many places are tried along a side with room.
SCALES, PLACES = (1.0, 1.25), 3
# Costs: of a pixel in itself, and of differing gradients beside differing levels in [0, 1].
STEP, GRADIENT = 0.02, 2.0
# Cost of a lower picture that is brighter along the seam, such as sky below land; and how far from the seam is
# compared, as a share of the height.
UPSIDE_DOWN, BESIDE = 0.3, 0.06


class Place(NamedTuple):
    """How a picture is cut and scaled to a size: its scale, and the left and top cut off, as shares of the excess."""

    scale: float
    left: float
    top: float


class Seam(NamedTuple):
    """A seam from the first picture to the second.

    difference: mean cost along the path, and more where the lower picture is the brighter one. place: of the second
    picture. second: H×W bool, where that picture is shown. path: H×W bool, the seam itself.
    """

    difference: float
    place: Place
    second: np.ndarray
    path: np.ndarray


def placed(picture: np.ndarray, width: int, height: int, place: Place) -> np.ndarray:
    """Scale H×W×C to cover width × height, and cut it to that."""
    h, w = picture.shape[:2]
    scale = max(width / w, height / h) * place.scale
    wide, high = max(width, round(w * scale)), max(height, round(h * scale))
    smaller = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    whole = cv2.resize(picture, (wide, high), interpolation=smaller)
    left, top = round((wide - width) * place.left), round((high - height) * place.top)
    return whole[top : top + height, left : left + width]


def best_seam(first: np.ndarray, second: np.ndarray, centre: float, reach: float, down: bool) -> Seam:
    """Find place and seam of the second picture beside, or below, the first.

    Args:
        first: H×W×3 float32 in [0, 1]. second: of any size.
        centre, reach: the seam stays between centre - reach and centre + reach, as shares of the width (or height).
        down: the second comes below the first, not on its right.
    """
    height, width = first.shape[:2]
    found = []
    for place in _places(second.shape[:2], height, width):
        other = placed(second, width, height, place)
        cost = _cost(first, other, centre, reach, down)
        seam = _seam(cost.T if down else cost, centre, reach, place)
        if down:
            seam = seam._replace(second=seam.second.T, path=seam.path.T)
            excess = UPSIDE_DOWN * _brighter_below(first, other, seam.path)
            seam = seam._replace(difference=seam.difference + excess)
        found.append(seam)
    return min(found, key=lambda seam: seam.difference)


def _brighter_below(first: np.ndarray, second: np.ndarray, path: np.ndarray) -> float:
    """How much brighter the second picture is below a path than the first above it; 0 where it is darker."""
    far = max(1, round(BESIDE * len(path)))
    above, below = (cv2.blur(each.mean(2), (far, far)) for each in (first, second))
    rows, columns = path.nonzero()
    step = below[np.minimum(rows + far, len(path) - 1), columns] - above[np.maximum(rows - far, 0), columns]
    return max(0.0, float(step.mean()))


def _places(size: tuple[int, int], height: int, width: int) -> Iterator[Place]:
    """Scales and cuts to try; along a side without room there is one."""
    shares = np.linspace(0, 1, PLACES)
    cover = max(width / size[1], height / size[0])
    for scale in SCALES:
        room = [
            round(side * cover * scale) - needed for side, needed in zip(size, (height, width), strict=True)
        ]
        tops, lefts = (shares if each > 1 else shares[:1] for each in room)
        yield from (Place(scale, float(left), float(top)) for left in lefts for top in tops)


def _cost(first: np.ndarray, second: np.ndarray, centre: float, reach: float, down: bool) -> np.ndarray:
    """What a seam through each pixel costs, H×W."""
    apart = second - first
    side = apart.shape[0 if down else 1]
    band = slice(round((centre - reach) * side), round((centre + reach) * side))
    apart = apart - np.median(apart[band] if down else apart[:, band], axis=(0, 1))
    gradients = np.stack([cv2.Sobel(apart, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1))])
    return STEP + np.abs(apart).mean(2) + GRADIENT * np.sqrt((gradients**2).sum(0)).mean(2)


def _seam(cost: np.ndarray, centre: float, reach: float, place: Place) -> Seam:
    """The cheapest path from the top to the bottom of H×W costs; the second picture is on its right."""
    height, width = cost.shape
    left, right = max(1, round((centre - reach) * width)), min(width - 1, round((centre + reach) * width))
    inside = np.full_like(cost, np.inf, dtype=np.float64)
    inside[:, left:right] = cost[:, left:right]
    paths = MCP_Geometric(inside)
    columns = range(left, right)
    costs, _ = paths.find_costs(
        [(0, x) for x in columns], [(height - 1, x) for x in columns], find_all_ends=True
    )
    end = left + int(costs[-1, left:right].argmin())
    steps = np.array(paths.traceback((height - 1, end)))
    path = np.zeros(cost.shape, bool)
    path[tuple(steps.T)] = True
    # Four neighbours: a diagonal step of the path separates as well.
    _, parts = cv2.connectedComponents((~path).astype(np.uint8), connectivity=4)
    return Seam(float(cost[path].mean()), place, parts != parts[0, 0], path)
