"""Estimate the camera of each picture from all matches at once (bundle adjustment).

Two models. `rotation`: the camera turned on the spot; three angles a picture and one focal length. `plane`: it moved in
front of something flat, such as a document or a wall; a homography (eight numbers) a picture.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import cv2
import numpy as np
from scipy.optimize import OptimizeResult, least_squares

from stylefuse.tasks.panorama.features import Pair

Model = Literal["rotation", "plane"]
Tree = list[tuple[int, int, np.ndarray]]

# Focal lengths to start from, in longest sides of a picture: telephoto lens to fisheye's half.
_FOCALS = (0.6, 0.9, 1.3, 2.0, 4.0, 10.0)
# Matches of a pair that are used; more do not make the cameras more exact.
_MATCHES = 150
# Residuals above this count less (Huber), in thousandths of a picture's longest side: they may be false matches.
_HUBER = 2.0
# The plane is chosen only if its error is below this share of the rotation's, and the rotation's error is visible.
_BETTER, _VISIBLE = 0.7, 0.5


class Cameras(NamedTuple):
    """How the used pictures lie.

    model: see the module. error: root mean square of the distances of matches (without the outer tenth), px.
    focals: of each picture, px; empty for `plane`.
    views: of each picture 3×3, from centred px to world rays (rotation), or to px of the reference plane.
    """

    model: Model
    error: float
    focals: list[float]
    views: list[np.ndarray]


def find_cameras(
    pairs: Sequence[Pair], sizes: Sequence[tuple[int, int]], wanted: Model | None = None
) -> Cameras:
    """Fit the models to the matches of pairs, and choose.

    Args:
        pairs: matched ones, whose numbers are places in `sizes`; they connect all pictures.
        sizes: width and height of each picture.
        wanted: the model, where it is not to be chosen.
    """
    pairs = [_thinned(pair) for pair in pairs]
    unit = float(max(max(size) for size in sizes))
    order = _spanning(pairs, len(sizes))
    rotation = None if wanted == "plane" else _rotation(pairs, sizes, order, unit)
    if wanted == "rotation" and rotation:
        return rotation
    plane = _plane(pairs, len(sizes), order, unit)
    if rotation is None or (rotation.error > _VISIBLE and plane.error < _BETTER * rotation.error):
        return plane
    return rotation


def _thinned(pair: Pair) -> Pair:
    step = max(1, len(pair.here) // _MATCHES)
    return pair._replace(here=pair.here[::step], there=pair.there[::step])


def _spanning(pairs: Sequence[Pair], count: int) -> Tree:
    """A tree of the strongest pairs, from a central picture on: (known, new, motion from the new to the known one)."""
    trees = []
    for root in range(count):
        tree: Tree = []
        steps = {root: 0}  # from the root to each picture
        while len(steps) < count:
            ends = [p for p in pairs if (p.first in steps) != (p.second in steps)]
            edge = min(
                ends, key=lambda p: (min(steps.get(p.first, count), steps.get(p.second, count)), -len(p.here))
            )
            matrix = np.asarray(edge.matrix)
            if edge.first in steps:
                tree.append((edge.first, edge.second, np.linalg.inv(matrix)))
                steps[edge.second] = steps[edge.first] + 1
            else:
                tree.append((edge.second, edge.first, matrix))
                steps[edge.first] = steps[edge.second] + 1
        trees.append((max(steps.values()), root, tree))
    return min(trees, key=lambda each: each[:2])[2]


def _rotation(pairs: Sequence[Pair], sizes: Sequence[tuple[int, int]], order: Tree, unit: float) -> Cameras:
    count = len(sizes)
    root = order[0][0]
    one_camera = len({tuple(sorted(size)) for size in sizes}) == 1

    def unpack(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        turns = np.stack([cv2.Rodrigues(each)[0] for each in values[: 3 * count].reshape(-1, 3)])
        focals = np.exp(values[3 * count :]) * unit
        return turns, np.broadcast_to(focals, count) if one_camera else focals

    def residuals(values: np.ndarray) -> np.ndarray:
        turns, focals = unpack(values)
        lens = [np.diag([1 / focal, 1 / focal, 1.0]) for focal in focals]
        return _distances(pairs, [turn @ each for turn, each in zip(turns, lens, strict=True)], unit)

    starts = []
    for focal in _FOCALS:
        lens = np.diag([1 / (focal * unit), 1 / (focal * unit), 1.0])
        turns = {root: np.eye(3)}
        for known, new, matrix in order:
            turns[new] = turns[known] @ _nearest_rotation(lens @ matrix @ np.linalg.inv(lens))
        angles = [cv2.Rodrigues(turns[i])[0].ravel() for i in range(count)]
        start = np.concatenate([*angles, np.full(1 if one_camera else count, np.log(focal))])
        starts.append((float(np.abs(residuals(start)).mean()), start))
    starts.sort(key=lambda each: each[0])
    fits = [_fit(residuals, start) for _, start in starts[:2]]
    found, focals = unpack(min(fits, key=lambda each: each.cost).x)
    lenses = [np.diag([1 / focal, 1 / focal, 1.0]) for focal in focals]
    views = [turn @ each for turn, each in zip(found, lenses, strict=True)]
    error = _error(_distances(pairs, views, unit), unit)
    views = [turn @ each for turn, each in zip(_upright(found), lenses, strict=True)]
    return Cameras("rotation", error, [float(focal) for focal in focals], views)


def _plane(pairs: Sequence[Pair], count: int, order: Tree, unit: float) -> Cameras:
    root = order[0][0]
    start = {root: np.eye(3)}
    for known, new, matrix in order:
        start[new] = start[known] @ matrix
        start[new] = start[new] / start[new][2, 2]
    others = [i for i in range(count) if i != root]
    # All numbers near 1: perspective is measured per side, not per px.
    scale = np.array([[1, 1, unit], [1, 1, unit], [1 / unit, 1 / unit, 1]])

    def unpack(values: np.ndarray) -> list[np.ndarray]:
        views = [np.eye(3)] * count
        for i, row in zip(others, values.reshape(-1, 8), strict=True):
            views[i] = np.append(row, 1).reshape(3, 3) * scale
        return views

    first = np.concatenate([(start[i] / scale).ravel()[:8] for i in others])
    views = unpack(_fit(lambda values: _distances(pairs, unpack(values), unit), first).x)
    error = _error(_distances(pairs, views, unit), unit)
    lean = np.mean([np.arctan2(view[1, 0], view[0, 0]) for view in views])
    cos, sin = np.cos(lean), np.sin(lean)
    level = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    return Cameras("plane", error, [], [level @ view for view in views])


def _fit(residuals: Callable[[np.ndarray], np.ndarray], start: np.ndarray) -> OptimizeResult:
    # All numbers are near 1, so none is scaled: scaled by the Jacobian, some sets with little overlap ended far off.
    return least_squares(residuals, start, loss="huber", f_scale=_HUBER, ftol=1e-6, max_nfev=200)


def _distances(pairs: Sequence[Pair], views: Sequence[np.ndarray], unit: float) -> np.ndarray:
    """How far each match of the second picture is from where the first expects it, in thousandths of a side."""
    parts = []
    for pair in pairs:
        there = np.linalg.solve(views[pair.second], views[pair.first])
        x, y, z = there[:, :2] @ pair.here.T + there[:, 2:]
        z = np.maximum(z, 1e-3)  # behind the camera: far away, so that the fit moves off
        parts.append(np.concatenate([x / z - pair.there[:, 0], y / z - pair.there[:, 1]]).reshape(2, -1))
    return np.concatenate(parts, 1).ravel() * (1000 / unit)


def _error(distances: np.ndarray, unit: float) -> float:
    lengths = np.sort(np.hypot(*distances.reshape(2, -1))) * (unit / 1000)
    kept = lengths[: max(1, int(0.9 * len(lengths)))]
    return float(np.sqrt((kept**2).mean()))


def _nearest_rotation(matrix: np.ndarray) -> np.ndarray:
    u, _, v = np.linalg.svd(matrix)
    return u @ np.diag([1, 1, np.linalg.det(u @ v)]) @ v


def _upright(turns: np.ndarray) -> np.ndarray:
    """Turn the world so that the horizon is level and the middle of all pictures is straight ahead.

    The horizon is the plane that holds every picture's horizontal axis (Brown and Lowe 2007, section 5).
    """
    across, down, ahead = turns[:, :, 0], turns[:, :, 1], turns[:, :, 2]
    strengths, axes = np.linalg.eigh(across.T @ across)
    y = axes[:, 0] if strengths[1] > 0.02 * len(turns) else down.mean(0)
    y = y * np.sign(y @ down.mean(0))
    z = ahead.mean(0) if np.linalg.norm(ahead.mean(0)) > 0.1 else ahead[0]
    x = np.cross(y, z)
    x /= np.linalg.norm(x)
    y /= np.linalg.norm(y)
    world = np.stack([x, y, np.cross(x, y)])
    return np.stack([world @ turn for turn in turns])
