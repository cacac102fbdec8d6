"""What covers the missing parts of a damaged picture."""

import cv2
import numpy as np


def random_fill(height: int, width: int, random: np.random.Generator, unseen: bool = False) -> np.ndarray:
    """A random fill, H×W×3 float32 in [0, 1].

    Training sees one grey, one colour, pixel noise, soft clouds and mosaics; text and stripes are kept for tests.
    """
    makers = (_text, _stripes) if unseen else (_grey, _colour, _noise, _clouds, _mosaic)
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
    """Cells of few colours with hard edges, 3 to 24 px wide."""
    side = random.uniform(3, 24, 2)
    colours = random.random((int(random.integers(2, 6)), 3))
    cells = colours[random.integers(len(colours), size=(int(height / side[0]) + 1, int(width / side[1]) + 1))]
    return cv2.resize(cells, (width, height), interpolation=cv2.INTER_NEAREST)


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
