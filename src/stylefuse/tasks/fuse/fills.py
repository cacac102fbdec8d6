"""Random fills that cover the missing parts of a damaged picture."""

import cv2
import numpy as np


def random_fill(height: int, width: int, random: np.random.Generator, unseen: bool = False) -> np.ndarray:
    """Draw a random fill, H×W×3 float32 in [0, 1].

    For training: one grey, one colour, pixel noise, soft clouds, mosaics, scribbles, waves, checks or dots.

    Args:
        unseen: text or stripes, which are used in tests only.
    """
    seen = (_grey, _colour, _noise, _clouds, _mosaic, _scribbles, _waves, _checks, _dots)
    makers = (_text, _stripes) if unseen else seen
    return makers[random.integers(len(makers))](height, width, random).astype(np.float32)


def _grey(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    return np.full((height, width, 3), random.choice([0.0, 0.5, 1.0, random.random()]))


def _colour(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    return np.broadcast_to(random.random(3), (height, width, 3))


def _noise(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    channels = random.choice([1, 3])  # grey or in colour
    noise = random.random((height, width, channels))
    mean, spread = random.uniform(0.3, 0.7), random.uniform(0.2, 1.0)
    return np.broadcast_to((mean + spread * (noise - 0.5)).clip(0, 1), (height, width, 3))


def _clouds(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    cells = int(random.integers(3, 12))
    coarse = random.random((cells, cells, 3)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)


def _mosaic(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Cells of a few colours with hard edges, 3 to 24 px wide."""
    side = random.uniform(3, 24, 2)
    colours = random.random((int(random.integers(2, 6)), 3))
    cells = colours[random.integers(len(colours), size=(int(height / side[0]) + 1, int(width / side[1]) + 1))]
    return cv2.resize(cells, (width, height), interpolation=cv2.INTER_NEAREST)


def _scribbles(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Curves, rings and dots of one ink on a plain ground, sparse or dense."""
    ground, ink = random.random((2, 3))
    page = np.full((height, width, 3), ground, np.float32)
    size, thickness = random.uniform(4, 40), int(random.integers(1, 5))
    for _ in range(int(height * width / size**2 * random.uniform(0.3, 1.5)) + 1):
        place = random.uniform(0, 1, 2) * (width, height)
        if random.random() < 0.5:
            path = place + np.cumsum(random.normal(size=(4, 2)) * size / 2, axis=0)
            cv2.polylines(page, [path.astype(np.int32)], False, ink.tolist(), thickness, cv2.LINE_AA)
        else:
            radii = (random.uniform(0.05, 0.5, 2) * size).astype(int) + 1
            line = cv2.FILLED if random.random() < 0.3 else thickness
            ring = place.astype(int).tolist(), radii.tolist(), random.uniform(0, 360), 0, 360
            cv2.ellipse(page, *ring, ink.tolist(), line, cv2.LINE_AA)
    return page.clip(0, 1)


def _waves(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Smooth waves between two colours, along lines or in rings; the longest are ramps."""
    y, x = np.mgrid[0:height, 0:width]
    angle, period = random.uniform(0, np.pi), 2 ** random.uniform(2, 9)
    along = x * np.cos(angle) + y * np.sin(angle)
    if random.random() < 1 / 3:
        along = np.hypot(x - random.uniform(0, width), y - random.uniform(0, height))
    share = 0.5 + 0.5 * np.sin(along * 2 * np.pi / period + random.uniform(0, 2 * np.pi))
    one, other = random.random((2, 3))
    return one + share[:, :, None] * (other - one)


def _checks(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """A checkerboard of two colours, rotated, squares 3 to 24 px wide."""
    across, along = _turned(height, width, random, random.uniform(3, 24))
    other = (np.floor(across) + np.floor(along)) % 2 > 0
    return np.where(other[:, :, None], random.random(3), random.random(3))


def _dots(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Discs of one colour on another, as in print, on a rotated grid of 4 to 24 px."""
    across, along = _turned(height, width, random, random.uniform(4, 24))
    inside = np.hypot(across % 1 - 0.5, along % 1 - 0.5) < random.uniform(0.15, 0.6)
    return np.where(inside[:, :, None], random.random(3), random.random(3))


def _turned(height: int, width: int, random: np.random.Generator, side: float) -> np.ndarray:
    """Coordinates of the pixels on a randomly rotated and shifted grid, in units of `side`: 2×H×W."""
    y, x = np.mgrid[0:height, 0:width] / side
    angle = random.uniform(0, np.pi / 2)
    places = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return np.stack(places) + random.random((2, 1, 1))


def _text(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Lines of random letters on a plain ground."""
    ground, ink = random.integers(0, 256, (2, 3))
    page = np.full((height, width, 3), ground, np.uint8)
    size = random.uniform(0.4, 1.0)
    step = max(8, round(26 * size))
    for y in range(step, height + step, step):
        line = "".join(chr(c) for c in random.integers(97, 123, width // 6 + 1))
        cv2.putText(
            page, line, (0, y), cv2.FONT_HERSHEY_SIMPLEX, size, ink.tolist(), 1 + (size > 0.7), cv2.LINE_AA
        )
    return page / 255


def _stripes(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Two colours in stripes 3 to 16 px wide, at any angle."""
    y, x = np.mgrid[0:height, 0:width]
    angle, period = random.uniform(0, np.pi), random.uniform(6, 32)
    first = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period) > 0
    return np.where(first[:, :, None], random.random(3), random.random(3))
