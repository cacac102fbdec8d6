"""Random regions of a picture, one for each picture of a fusion set."""

import cv2
import numpy as np


def random_regions(
    height: int, width: int, n: int, random: np.random.Generator, unseen: bool = False
) -> np.ndarray:
    """Split a picture into n random regions, about equally large on average.

    Args:
        unseen: cells around random points (two half-planes for n = 2), which are used in tests only, instead of soft
            patches and ellipses.

    Returns:
        n×H×W float32 of zeros and ones; each place belongs to exactly one region.
    """
    if unseen:
        fields = _cells(height, width, n, random)
    elif random.random() < 0.5:
        fields = _patches(height, width, n, random)
    else:
        fields = _ellipses(height, width, n, random)
    owner = np.argmax(fields, axis=0)
    owner = random.permutation(n)[owner]
    return (owner == np.arange(n)[:, None, None]).astype(np.float32)


def _patches(height: int, width: int, n: int, random: np.random.Generator) -> np.ndarray:
    """Low-frequency noise: blots of a third to a sixth of the picture."""
    cells = int(random.integers(3, 7))
    coarse = random.normal(size=(n, cells, cells)).astype(np.float32)
    coarse -= coarse.mean(axis=(1, 2), keepdims=True)  # no region may cover nearly everything
    return np.stack([cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC) for field in coarse])


def _ellipses(height: int, width: int, n: int, random: np.random.Generator) -> np.ndarray:
    """Elliptic objects in front of a background, which is the first region."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    fields = [np.zeros((height, width), np.float32)]
    for _ in range(n - 1):
        centre = random.uniform(0.2, 0.8, 2) * (height, width)
        radii = random.uniform(0.2, 0.45, 2) * (height, width)
        angle = random.uniform(0, np.pi)
        dy, dx = y - centre[0], x - centre[1]
        along, across = np.cos(angle) * dy + np.sin(angle) * dx, np.cos(angle) * dx - np.sin(angle) * dy
        fields.append(1 - (along / radii[0]) ** 2 - (across / radii[1]) ** 2)
    return np.stack(fields)


def _cells(height: int, width: int, n: int, random: np.random.Generator) -> np.ndarray:
    """Voronoi cells around points away from the border."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    points = random.uniform(0.15, 0.85, (n, 2)) * (height, width)
    return np.stack([-((y - cy) ** 2) - (x - cx) ** 2 for cy, cx in points])
