"""Damage photos in known ways, to measure a restorer: a damaged photo, and what is known about its damage."""

import io
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
import torch
from PIL import Image

from stylefuse.tasks.restore.damage import painted
from stylefuse.tasks.restore.holes import scratches, unseen_scratches

BLOCK = 40  # side of a block to fill, px


class Case(NamedTuple):
    """A damaged photo, H×W×3 uint8.

    hole: H×W bool, to fill, or None. scratched: H×W bool, to find, or None. noise: its standard deviation in levels.
    quality: JPEG's, the lower one of two; 100 for none.
    """

    picture: np.ndarray
    hole: np.ndarray | None = None
    scratched: np.ndarray | None = None
    noise: float = 0.0
    quality: float = 100.0


Maker = Callable[[np.ndarray, np.random.Generator], Case]


def _noisy(deviation: float) -> Maker:
    def make(photo: np.ndarray, random: np.random.Generator) -> Case:
        return Case(_levels(photo + deviation * random.normal(size=photo.shape)), noise=deviation)

    return make


def _shot_noise(photo: np.ndarray, random: np.random.Generator) -> Case:
    """Poisson: the variance is proportional to the level; a deviation of 25 at medium grey."""
    gain = 25.0**2 / 128
    return Case(_levels(random.poisson(photo / gain) * gain), noise=25.0)


def _grain(photo: np.ndarray, random: np.random.Generator) -> Case:
    """Grey noise of deviation 20 whose grains are wider than a pixel, as on film."""
    grains = cv2.GaussianBlur(random.normal(size=photo.shape[:2]), (0, 0), 0.8)
    return Case(_levels(photo + (20 / grains.std() * grains)[:, :, None]), noise=20.0)


def _saved(*qualities: int) -> Maker:
    """Saved as JPEG, several times with grids shifted by (3, 5) px against each other."""

    def make(photo: np.ndarray, random: np.random.Generator) -> Case:
        picture = photo
        for number, quality in enumerate(qualities):
            shift = (3 * number, 5 * number)
            picture = np.pad(picture, ((shift[0], 0), (shift[1], 0), (0, 0)), mode="edge")
            picture = _as_jpeg(picture, quality)[shift[0] :, shift[1] :]
        return Case(picture, quality=min(qualities))

    return make


def _with_scratches(photo: np.ndarray, random: np.random.Generator) -> Case:
    """Scratches as in training, given as a mask."""
    coverage = torch.cat([scratches(1, len(photo), random, torch.device("cpu")) for _ in range(2)], 1)
    picture, mask = _painted(photo, coverage, random)
    return Case(picture, hole=_grown(mask))


def _with_blocks(photo: np.ndarray, random: np.random.Generator) -> Case:
    hole = np.zeros(photo.shape[:2], bool)
    for y, x in random.integers(0, np.subtract(hole.shape, BLOCK) + 1, (4, 2)):
        hole[y : y + BLOCK, x : x + BLOCK] = True
    return Case(_emptied(photo, hole), hole=hole)


def _with_strokes(photo: np.ndarray, random: np.random.Generator) -> Case:
    """Random walks of 8 to 16 px width, about an eighth of the picture."""
    hole = np.zeros(photo.shape[:2], np.uint8)
    side: int = min(hole.shape)
    while (hole > 0).mean() < 0.1:
        start, angle = random.uniform(0, 1, 2) * hole.shape[::-1], random.uniform(0, 2 * np.pi)
        angles = angle + np.cumsum(random.normal(0, 0.6, 5))
        points = start + np.cumsum(0.08 * side * np.stack([np.cos(angles), np.sin(angles)], 1), axis=0)
        cv2.polylines(hole, [points.astype(np.int32)], False, 1, int(random.integers(8, 17)))
    return Case(_emptied(photo, hole > 0), hole=hole > 0)


def _with_unseen_scratches(photo: np.ndarray, random: np.random.Generator) -> Case:
    """Arcs, cracks and hairs, which training never shows, to be found."""
    coverage = torch.from_numpy(unseen_scratches(len(photo), random))[None, None]
    picture, mask = _painted(photo, coverage, random)
    return Case(picture, scratched=mask)


def _searched(photo: np.ndarray, random: np.random.Generator) -> Case:
    """An untouched photo in which scratches are looked for."""
    return Case(photo, scratched=np.zeros(photo.shape[:2], bool))


CASES: dict[str, Maker] = {
    "untouched": lambda photo, random: Case(photo),
    **{f"noise_{deviation}": _noisy(deviation) for deviation in (5, 15, 25, 50)},
    "shot_noise": _shot_noise,
    "grain": _grain,
    **{f"jpeg_{quality}": _saved(quality) for quality in (10, 20, 40)},
    "jpeg_twice": _saved(20, 40),
    "fill_scratches": _with_scratches,
    "fill_blocks": _with_blocks,
    "fill_strokes": _with_strokes,
    "unseen_scratches": _with_unseen_scratches,
    "untouched_searched": _searched,
}


def make_case(name: str, photo: np.ndarray, index: int, seed: int) -> Case:
    """Damage a photo, a square of uint8; every method in every run gets the same."""
    return CASES[name](photo, np.random.default_rng([seed, list(CASES).index(name), index]))


def _painted(
    photo: np.ndarray, coverage: torch.Tensor, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    x = torch.from_numpy(photo.astype(np.float32)).permute(2, 0, 1)[None]
    picture, mask = painted(x, coverage, random)
    return picture[0].permute(1, 2, 0).numpy().astype(np.uint8), mask[0, 0].numpy() > 0


def _grown(mask: np.ndarray) -> np.ndarray:
    return cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def _emptied(photo: np.ndarray, hole: np.ndarray) -> np.ndarray:
    return np.where(hole[:, :, None], np.uint8(255), photo)


def _as_jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def _levels(picture: np.ndarray) -> np.ndarray:
    return np.rint(picture).clip(0, 255).astype(np.uint8)
