"""Fusion against a known truth: sets are synthesised from held-out photos, the results compared with the photos."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import fusion_scores
import numpy as np
import torch
from fusion_methods import Method, hash_of
from fusion_photos import Photo
from fusion_results import Scores, scores_of
from fusion_scores import psnr, to_levels
from tqdm import tqdm

from stylefuse.images.io import to_tensor
from stylefuse.metrics import fusion_similarity
from stylefuse.metrics.fusion_similarity import ssim
from stylefuse.tasks.fuse import fills, pairs, regions

KINDS = ("focus", "exposure", "occlusion", "noise", "colour_structure")
COUNTS = (2, 3)
# Not a method: it is told the truth. What the better of the inputs scores without any fusion.
BEST_INPUT = Method("best_input", "1", lambda stack: stack[0])
NOISE = 0.08  # deviation of a noisy picture, of the full scale


class Cell(NamedTuple):
    """One line of a table: kind of set, pictures in it, and whether it holds variants that no training sees."""

    kind: str
    n: int
    unseen: bool

    @property
    def name(self) -> str:
        return f"truth_{'unseen' if self.unseen else 'seen'}_{self.kind}_{self.n}"


def all_cells() -> Iterator[Cell]:
    return (Cell(kind, n, unseen) for unseen in (True, False) for kind in KINDS for n in COUNTS)


def make_set(photo: Photo, index: int, cell: Cell, seed: int) -> np.ndarray:
    """The set of a photo, n×H×W×3 float32 in [0, 1], rounded to 8 bits; the same for every method and call.

    Training sees noise of many strengths; the table has one, deviation 0.08, so that it has one meaning.
    """
    random = np.random.default_rng([seed, index, KINDS.index(cell.kind), cell.n])
    if cell.kind == "noise" and not cell.unseen:
        noise = random.normal(size=(cell.n, *photo.pixels.shape)) * NOISE
        return (to_levels(photo.pixels / 255 + noise) / 255).astype(np.float32)
    truth = to_tensor(photo.pixels)[None]
    stack = pairs.synthesise(cell.kind, truth, cell.n, random, unseen=cell.unseen)[0]
    return torch.add(stack, 1).div_(2).permute(0, 2, 3, 1).contiguous().numpy()


def score_cell(
    cell: Cell, photos: Sequence[Photo], methods: Sequence[Method], seed: int, kept: Path, again: bool
) -> Scores:
    """PSNR (dB) and SSIM of every method, and of the best input, on every photo.

    Args:
        kept: folder of results.

    Raises:
        ValueError: see `scores_of`.
    """

    def measure(todo: list[Method]) -> Scores:
        scores: Scores = {method.name: {"psnr": [], "ssim": []} for method in todo}
        for index, photo in enumerate(tqdm(photos, desc=cell.name, unit="set")):
            stack = make_set(photo, index, cell, seed)
            for method in todo:
                value = _best(stack, photo) if method is BEST_INPUT else _score(method.fuse(stack), photo)
                for name, each in zip(("psnr", "ssim"), value, strict=True):
                    scores[method.name][name].append(each)
        return scores

    settings = {
        "seed": seed,
        "photos": [photo.name for photo in photos],
        "size": len(photos[0].pixels),
        "sets": [hash_of(Path(module.__file__)) for module in (pairs, fills, regions)],
        "scores": [hash_of(Path(module.__file__)) for module in (fusion_scores, fusion_similarity)],
    }
    return scores_of(kept / f"{cell.name}.json", settings, [BEST_INPUT, *methods], again, measure)


def _score(picture: np.ndarray, photo: Photo) -> tuple[float, float]:
    levels = to_levels(picture)
    return psnr(levels, photo.pixels), ssim(levels, photo.pixels)


def _best(stack: np.ndarray, photo: Photo) -> tuple[float, float]:
    """PSNR and SSIM of the input with the highest PSNR."""
    return max(_score(picture, photo) for picture in stack)
