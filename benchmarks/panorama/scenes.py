"""Make sets of overlapping views of one photo, whose truth is the photo.

Two kinds. `plane`: the photo is a flat wall, and the camera moves along it; each view is turned about its own centre.
`turn`: the photo is the inside of a cylinder, and the camera turns on its axis, as people take panoramas.
"""

from typing import NamedTuple

import cv2
import numpy as np

KINDS = ("plane", "turn")
OVERLAPS = (0.5, 0.3, 0.15)
VIEWS = 3
# Uniform within ± these: degrees, degrees, stops. Noise: standard deviation in levels of 8 bits.
YAW, ROLL, EXPOSURE, NOISE = 4.0, 2.0, 0.5, 2.0
_GAMMA = 2.2


class Scene(NamedTuple):
    """views: h×w×3 uint8, from left to right; photo: the truth; shares: of the view that overlaps with the next."""

    views: list[np.ndarray]
    photo: np.ndarray


def make_scene(photo: np.ndarray, kind: str, overlap: float, seed: int) -> Scene:
    """Make three views of a photo, H×W×3 uint8, whose neighbours share `overlap` of their width."""
    random = np.random.default_rng(seed)
    height, width = photo.shape[:2]
    margin = 0.04 * height
    if kind == "plane":
        w = int((width - 2 * margin) / (1 + (VIEWS - 1) * (1 - overlap)))
        h = int(height - 2 * margin)
        step = w * (1 - overlap)
    else:
        field = 2 * np.arctan(0.5)  # of a view whose focal length is its width
        total = field * (1 + (VIEWS - 1) * (1 - overlap)) + 2 * np.radians(YAW)
        w = int((width - 2 * margin) / total)
        h = int(height - 4 * margin)
        step = field * (1 - overlap)
    views = []
    for number in range(VIEWS):
        yaw, roll = np.radians(random.uniform(-1, 1, 2) * (YAW, ROLL))
        place = (number - (VIEWS - 1) / 2) * step
        project = _on_plane if kind == "plane" else _on_cylinder
        x, y = project(_rays(w, h), float(w), place, yaw, roll)
        x, y = x + (width - 1) / 2, y + (height - 1) / 2
        view = cv2.remap(photo, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC)
        views.append(_exposed(view, random.uniform(-EXPOSURE, EXPOSURE), random))
    return Scene(views, photo)


def _rays(w: int, h: int) -> np.ndarray:
    """Centred pixel coordinates and 1, h×w×3; the focal length is w."""
    x, y = np.meshgrid(np.arange(w) - (w - 1) / 2, np.arange(h) - (h - 1) / 2)
    return np.stack([x / w, y / w, np.ones_like(x)], -1)


def _turned(rays: np.ndarray, yaw: float, roll: float) -> np.ndarray:
    turn = cv2.Rodrigues(np.array([0, yaw, 0.0]))[0] @ cv2.Rodrigues(np.array([0, 0, roll]))[0]
    return rays @ turn.T


def _on_plane(
    rays: np.ndarray, focal: float, place: float, yaw: float, roll: float
) -> tuple[np.ndarray, np.ndarray]:
    x, y, z = np.moveaxis(_turned(rays, yaw, roll), -1, 0)
    # The centre of the view stays where it is, so that the overlap is what it is said to be.
    return focal * (x / z - np.tan(yaw)) + place, focal * y / z


def _on_cylinder(
    rays: np.ndarray, focal: float, place: float, yaw: float, roll: float
) -> tuple[np.ndarray, np.ndarray]:
    x, y, z = np.moveaxis(_turned(rays, place + yaw / 4, roll), -1, 0)
    return focal * np.arctan2(x, z), focal * y / np.hypot(x, z)


def _exposed(view: np.ndarray, stops: float, random: np.random.Generator) -> np.ndarray:
    light = view / 255 * 2.0 ** (stops / _GAMMA)
    return np.clip(np.rint(light * 255 + random.normal(0, NOISE, view.shape)), 0, 255).astype(np.uint8)
