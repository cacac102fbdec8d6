"""Random scratches, strokes and blocks as masks, for a whole batch at once and on its device.

Curves are implicit: a pixel belongs to one where its distance to the line, bent by a parabola and a wave, is small.
Scratches of other shapes (arcs, cracks that branch, hairs of changing width) are used in measurements only.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

# Most curves and blocks in one picture.
SCRATCHES, STROKES, BLOCKS = 6, 4, 4


class Curves(NamedTuple):
    """Numbers of n×k curves on pictures of height×width, each n×k×1×1; lengths in px.

    row, column: the middle of the curve. angle: its direction. half: half of its length. width: full width.
    bend: how far it is bent aside at its ends. wave, period, phase: of a sine along it.
    """

    row: Tensor
    column: Tensor
    angle: Tensor
    half: Tensor
    width: Tensor
    bend: Tensor
    wave: Tensor
    period: Tensor
    phase: Tensor


def scratches(n: int, side: int, random: np.random.Generator, device: torch.device) -> Tensor:
    """Coverage of scratches in n pictures, n×SCRATCHES×side×side in [0, 1], soft at the edges; many are empty.

    Widths are 0.8 to 5 px, thin ones more often.
    """
    shape = (n, SCRATCHES)
    upright = random.random(shape) < 0.4  # film and scanners scratch along one side
    angle = np.where(upright, random.normal(0, 0.05, shape), random.uniform(0, math.pi, shape))
    half = side * np.where(
        random.random(shape) < 0.2, 0.01, random.uniform(0.1, 1.2, shape)
    )  # a fifth are specks
    curves = _curves(
        side,
        random,
        angle=angle + np.where(random.random((n, 1)) < 0.5, 0, math.pi / 2),
        half=half,
        width=0.8 + 4.2 * random.random(shape) ** 2.5,
        bend=random.normal(0, 0.08, shape) * half,
        wave=np.where(random.random(shape) < 0.5, 0, random.uniform(0, 3, shape)),
        device=device,
    )
    kept = _some(random.integers(1, SCRATCHES + 1, n), SCRATCHES, device)
    return _coverage(curves, side) * kept


def strokes(n: int, side: int, random: np.random.Generator, device: torch.device) -> Tensor:
    """Masks of brush strokes of 5 to 18 px, n×1×side×side of 0 and 1."""
    shape = (n, STROKES)
    half = side * random.uniform(0.05, 0.5, shape)
    curves = _curves(
        side,
        random,
        angle=random.uniform(0, math.pi, shape),
        half=half,
        width=random.uniform(5, 18, shape),
        bend=random.normal(0, 0.3, shape) * half,
        wave=random.uniform(0, 10, shape),
        device=device,
    )
    kept = _some(random.integers(1, STROKES + 1, n), STROKES, device)
    return (_coverage(curves, side) * kept).amax(1, keepdim=True).round()


def blocks(n: int, side: int, random: np.random.Generator, device: torch.device) -> Tensor:
    """Masks of rectangles with sides of 6 to 44 px, n×1×side×side of 0 and 1."""
    shape = (n, BLOCKS, 1, 1)
    pixels = torch.arange(side, device=device) + 0.5
    rows, columns = pixels[:, None], pixels
    most = min(44, side // 2)
    centre, size = (
        torch.from_numpy(random.uniform(*span, (2, *shape))).float().to(device)
        for span in ((0, side), (6, most))
    )
    inside = ((rows - centre[0]).abs() < size[0] / 2) & ((columns - centre[1]).abs() < size[1] / 2)
    kept = _some(random.integers(1, BLOCKS + 1, n), BLOCKS, device)
    return (inside * kept).amax(1, keepdim=True)


def unseen_scratches(side: int, random: np.random.Generator) -> np.ndarray:
    """Coverage of scratches that training never shows, side×side in [0, 1]: arcs, cracks with branches, hairs."""
    scale = 4  # drawn larger, then averaged, for soft edges
    large = np.zeros((side * scale, side * scale), np.uint8)
    for _ in range(int(random.integers(2, 6))):
        draw = (_arc, _crack, _hair)[random.integers(3)]
        draw(large, random, scale)
    return cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _arc(image: np.ndarray, random: np.random.Generator, scale: int) -> None:
    side = len(image)
    centre = tuple(int(v) for v in random.uniform(-0.2, 1.2, 2) * side)
    axes = tuple(int(v) for v in random.uniform(0.15, 0.9, 2) * side)
    turn, first = random.uniform(0, 360, 2)
    last = first + random.uniform(40, 200)
    width = max(1, round(random.uniform(1, 3) * scale))
    cv2.ellipse(image, centre, axes, turn, first, last, 255, width, cv2.LINE_AA)


def _crack(image: np.ndarray, random: np.random.Generator, scale: int) -> None:
    """A random walk with sharp turns, and two branches."""
    trunk = _walk(random, random.uniform(0, 1, 2) * len(image), 14, 0.06 * len(image), 0.7)
    parts = [trunk, *(_walk(random, trunk[random.integers(4, 12)], 7, 0.05 * len(image), 0.8) for _ in "ab")]
    for part in parts:
        width = max(1, round(random.uniform(1, 2.5) * scale))
        cv2.polylines(image, [part.astype(np.int32)], False, 255, width, cv2.LINE_AA)


def _hair(image: np.ndarray, random: np.random.Generator, scale: int) -> None:
    """A smooth walk whose width changes along it."""
    path = _walk(random, random.uniform(0, 1, 2) * len(image), 60, 0.015 * len(image), 0.25)
    widths = scale * (0.8 + 2.2 * np.abs(np.sin(np.linspace(0, random.uniform(1, 4), 60))))
    for a, b, width in zip(path[:-1].astype(int), path[1:].astype(int), widths, strict=False):
        cv2.line(image, tuple(map(int, a)), tuple(map(int, b)), 255, max(1, round(width)), cv2.LINE_AA)


def _walk(
    random: np.random.Generator, start: np.ndarray, steps: int, length: float, turn: float
) -> np.ndarray:
    """Points of a random walk, steps×2; `turn` is the deviation of a turn, in radians."""
    angles = random.uniform(0, 2 * math.pi) + np.cumsum(random.normal(0, turn, steps))
    return start + np.cumsum(length * np.stack([np.cos(angles), np.sin(angles)], 1), axis=0)


def _curves(side: int, random: np.random.Generator, device: torch.device, **given: np.ndarray) -> Curves:
    """Curves of the given numbers, n×k each, at random places."""
    shape = given["angle"].shape
    rest = {
        "row": random.uniform(0, side, shape),
        "column": random.uniform(0, side, shape),
        "period": random.uniform(20, 120, shape),
        "phase": random.uniform(0, 2 * math.pi, shape),
    }
    numbers = {
        name: torch.from_numpy(value).float().to(device)[:, :, None, None]
        for name, value in (given | rest).items()
    }
    return Curves(**numbers)


def _coverage(curves: Curves, side: int) -> Tensor:
    """How much of each pixel the curves cover, n×k×side×side in [0, 1]."""
    pixels = torch.arange(side, device=curves.row.device) + 0.5
    y, x = pixels[:, None] - curves.row, pixels - curves.column
    cos, sin = curves.angle.cos(), curves.angle.sin()
    along, across = x * sin + y * cos, x * cos - y * sin
    share = along / curves.half.clamp_min(1)
    wave = curves.wave * (2 * math.pi * along / curves.period + curves.phase).sin()
    distance = (across - curves.bend * share.square() - wave).abs()
    aside = (curves.width / 2 - distance + 0.5).clamp(0, 1)
    # A scratch of less than a pixel covers no pixel fully.
    return aside * curves.width.clamp_max(1) * (curves.half - along.abs() + 0.5).clamp(0, 1)


def _some(count: np.ndarray, most: int, device: torch.device) -> Tensor:
    """The first `count` of `most`, as n×most×1×1 of 0 and 1."""
    return torch.from_numpy(np.arange(most) < count[:, None]).float().to(device)[:, :, None, None]
