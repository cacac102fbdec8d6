"""Held-out pictures as tensors: no network was trained on them."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from stylefuse.images.crops import centre_crops, centre_square, resized
from stylefuse.images.io import decode
from stylefuse.images.manifest import PHOTO, kept, rows_of
from stylefuse.images.store import ImageStore


class HeldOut(NamedTuple):
    """Held-out photos, and paintings by style, N×3×size×size in [-1, 1]: central squares, resized."""

    photos: Tensor
    paintings: dict[str, Tensor]


class Twins(NamedTuple):
    """Pairs of one scene, N×3×size×size in [-1, 1]: a clean rendering, and the painting made from it."""

    clean: Tensor
    painted: Tensor


def held_out(
    manifest: pd.DataFrame,
    store: ImageStore,
    styles: list[str],
    size: int,
    photos: int,
    paintings: int,
    seed: int,
) -> HeldOut:
    """Read the split "test": at most `photos` photos, and at most `paintings` paintings of each style.

    Where there are more, a seeded random choice is taken: the order of file names often follows motif or date.

    Raises:
        ValueError: no picture of a style, or no photo, is held out.
    """

    def read(style: str, most: int) -> Tensor:
        rows = rows_of(manifest, style, "test")
        chosen = np.sort(np.random.default_rng(seed).permutation(rows)[:most])
        return centre_crops(store, chosen, size)

    return HeldOut(read(PHOTO, photos), {style: read(style, paintings) for style in styles})


def all_twins(
    manifest: pd.DataFrame, sample: Path, styles: list[str], size: int, most: int
) -> dict[str, Twins]:
    """Return the twins of each style that has some; see `twins_of`."""
    found = {style: twins_of(manifest, sample, style, size, most) for style in styles}
    return {style: twins for style, twins in found.items() if twins is not None}


def twins_of(manifest: pd.DataFrame, sample: Path, style: str, size: int, most: int) -> Twins | None:
    """Read the held-out paintings of a style whose clean twins are in the embedded sample.

    A user's own pictures may have the sample's file names, so a painting counts only if its file in the sample has
    the sha256 that the manifest gives.

    Returns:
        At most `most` pairs; None where there are none.
    """
    if not (sample / "twins" / style).is_dir():
        return None
    ok = kept(manifest)
    clean: list[Any] = []
    painted: list[Any] = []
    for row in ok[(ok["style"] == style) & (ok["split"] == "test")].itertuples():
        painting, twin = sample / "styles" / row.path, sample / "twins" / row.path
        if len(clean) == most or not (painting.is_file() and twin.is_file()):
            continue
        if hashlib.sha256(painting.read_bytes()).hexdigest() == row.sha256:
            clean.append(_square(twin, size))
            painted.append(_square(painting, size))
    return Twins(torch.stack(clean), torch.stack(painted)) if clean else None


def _square(path: Path, size: int) -> Tensor:
    return resized(centre_square(np.asarray(decode(path))), size)
