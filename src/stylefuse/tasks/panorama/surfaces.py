"""Surfaces that a panorama is drawn on: a plane, a cylinder or a sphere; from pictures to it and back."""

from typing import Literal, NamedTuple

import numpy as np

from stylefuse.tasks.panorama.cameras import Cameras

Surface = Literal["plane", "cylinder", "sphere"]

# Widest field of view, degrees, on a plane: beyond it the borders are stretched. Highest one on a cylinder.
_PLANE, _CYLINDER = 75.0, 100.0
# Points along each side of a picture whose places bound it on the surface.
_ALONG = 64


class Layout(NamedTuple):
    """Where the pictures lie on a surface.

    surface: its kind. flat: whether views map to px of a plane, not to rays. views: see `Cameras`.
    unit: px of the surface for a radian, or for a px of the reference plane. full: what that is at size 1.
    boxes: left, top, right, bottom of each picture on the surface, px.
    field: of all, degrees across and down; None for a flat thing.
    """

    surface: Surface
    flat: bool
    views: list[np.ndarray]
    unit: float
    full: float
    boxes: list[tuple[float, float, float, float]]
    field: tuple[float, float] | None

    @property
    def pixel_share(self) -> float:
        """Px of the surface for one px of a picture, along a side, in the middle of the pictures."""
        return self.unit / self.full

    def scaled(self, factor: float) -> "Layout":
        boxes = [(a * factor, b * factor, c * factor, d * factor) for a, b, c, d in self.boxes]
        return self._replace(unit=self.unit * factor, boxes=boxes)

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of all, whole px; right and bottom are outside."""
        return _whole(np.array(self.boxes))

    def box(self, number: int) -> tuple[int, int, int, int]:
        """The same of one picture."""
        return _whole(np.array([self.boxes[number]]))


def _whole(boxes: np.ndarray) -> tuple[int, int, int, int]:
    left, top = np.floor(boxes[:, :2].min(0)).astype(int)
    right, bottom = np.ceil(boxes[:, 2:].max(0)).astype(int) + 1
    return int(left), int(top), int(right), int(bottom)


def lay_out(
    cameras: Cameras, sizes: list[tuple[int, int]], wanted: Surface | None, size: float
) -> Layout | None:
    """Lay the pictures on a surface; None where they do not fit on a plane, because they look too far aside."""
    borders = [_border(width, height) for width, height in sizes]
    if cameras.model == "plane":
        return _measured(Layout("plane", True, cameras.views, size, 1.0, [], None), borders)
    full = float(np.median(cameras.focals))
    unit = full * size
    round_ = _measured(Layout("sphere", False, cameras.views, unit, full, [], None), borders)
    assert round_ is not None
    left, top, right, bottom = np.array(round_.boxes).T
    field = np.degrees([(right.max() - left.min()) / unit, (bottom.max() - top.min()) / unit])
    surface = wanted or (
        "plane" if max(field) <= _PLANE else "cylinder" if field[1] <= _CYLINDER else "sphere"
    )
    found = _measured(Layout(surface, False, cameras.views, unit, full, [], None), borders)
    return found and found._replace(field=(float(field[0]), float(field[1])))


def _measured(layout: Layout, borders: list[np.ndarray]) -> Layout | None:
    boxes = []
    for view, border in zip(layout.views, borders, strict=True):
        x, y = onto(layout, view @ border)
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            return None
        if layout.surface != "plane" and x.max() - x.min() > np.pi * layout.unit:
            # The picture lies across the seam behind the camera, or holds a pole: it may be anywhere around.
            x = np.array([-np.pi, np.pi]) * layout.unit
        boxes.append((float(x.min()), float(y.min()), float(x.max()), float(y.max())))
    return layout._replace(boxes=boxes)


def onto(layout: Layout, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places on the surface of rays 3×…; infinite where a plane cannot show them."""
    x, y, z = rays
    unit = layout.unit
    if layout.surface == "plane":
        z = np.where(z > (1e-6 if layout.flat else 0.05 * np.sqrt(x * x + y * y + z * z)), z, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return unit * x / z, unit * y / z
    away = np.hypot(x, z)
    if layout.surface == "cylinder":
        return unit * np.arctan2(x, z), unit * y / np.maximum(away, 1e-6)
    return unit * np.arctan2(x, z), unit * np.arctan2(y, away)


def back(layout: Layout, number: int, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centred px of a picture from places on the surface; NaN where it does not look."""
    x, y = x / np.float32(layout.unit), y / np.float32(layout.unit)
    if layout.surface == "plane":
        rays = (x, y, np.ones_like(x))
    elif layout.surface == "cylinder":
        rays = (np.sin(x), y, np.cos(x))
    else:
        rays = (np.sin(x) * np.cos(y), np.sin(y), np.cos(x) * np.cos(y))
    inverse = np.linalg.inv(layout.views[number]).astype(np.float32)
    u, v, w = (sum(value * axis for value, axis in zip(row, rays, strict=True)) for row in inverse)
    w = np.where(w > 1e-6, w, np.float32(np.nan))
    return u / w, v / w


def _border(width: int, height: int) -> np.ndarray:
    """Points along the border of a picture, 3×n: centred px and 1."""
    x, y = np.linspace(-width / 2, width / 2, _ALONG), np.linspace(-height / 2, height / 2, _ALONG)
    side = np.ones(_ALONG)
    across = np.concatenate([x, x, side * -width / 2, side * width / 2])
    down = np.concatenate([side * -height / 2, side * height / 2, y, y])
    return np.stack([across, down, np.ones(len(across))])
