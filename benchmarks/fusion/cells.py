"""The lines of the truth table, and the sets that are synthesised from held-out photos for each of them."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from benchmarks.common.photos import Photo
from benchmarks.fusion.scores import to_levels
from stylefuse.images.io import to_tensor
from stylefuse.tasks.fuse import pairs

KINDS = ("focus", "exposure", "occlusion", "noise", "colour_structure")
COUNTS = (2, 3)
NOISE = 0.08  # standard deviation of a noisy picture, of the full scale


class Cell(NamedTuple):
    """A line of the table: kind of set, pictures in a set, and whether training never sees its variants."""

    kind: str
    n: int
    unseen: bool

    @property
    def name(self) -> str:
        return f"truth_{'unseen' if self.unseen else 'seen'}_{self.kind}_{self.n}"


def all_cells() -> Iterator[Cell]:
    """Return every line, unseen variants first."""
    return (Cell(kind, n, unseen) for unseen in (True, False) for kind in KINDS for n in COUNTS)


def make_set(photo: Photo, index: int, cell: Cell, seed: int) -> np.ndarray:
    """Return the set of a photo, n×H×W×3 float32 in [0, 1], rounded to 8 bits; equal in every call.

    Training sees noise of many strengths. The seen line of the table has one, `NOISE`, so that its PSNR can be read.
    """
    random = np.random.default_rng([seed, index, KINDS.index(cell.kind), cell.n])
    if cell.kind == "noise" and not cell.unseen:
        noise = random.normal(size=(cell.n, *photo.pixels.shape)) * NOISE
        return (to_levels(photo.pixels / 255 + noise) / 255).astype(np.float32)
    truth = to_tensor(photo.pixels)[None]
    stack = pairs.synthesise(cell.kind, truth, cell.n, random, unseen=cell.unseen)[0]
    return torch.add(stack, 1).div_(2).permute(0, 2, 3, 1).contiguous().numpy()
