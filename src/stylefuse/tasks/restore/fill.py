"""Fill holes with the mean of three classical rules; the restorer starts from the result."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch
from torch import Tensor

NAVIER_STOKES_RADIUS, TELEA_RADIUS = 3, 7  # px around a pixel that its value is found from
# Pieces of a hole with more px than this are filled without the biharmonic rule, which solves an equation a pixel.
MOST_BIHARMONIC = 50_000
REACH = 2  # px; pieces that are nearer to each other than this are one piece to the biharmonic rule


def fill(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Fill a hole with the mean of three rules, which is closer to the truth than each of them.

    They are: along lines of equal brightness (Bertalmio et al. 2001, Navier-Stokes); from the rim inwards (Telea 2004);
    as smoothly as a bent plate (Damelin and Hoang 2018, biharmonic), unless a piece of the hole is large.

    Args:
        picture: H×W×3 uint8.
        hole: H×W, true or above 0 where the picture is unknown.

    Returns:
        H×W×3 uint8; equal to the picture outside the hole. A hole without a rim becomes grey.
    """
    hole = hole > 0
    if not hole.any():
        return picture
    if hole.all():
        return np.full_like(picture, 128)
    mask = hole.astype(np.uint8)
    along = cv2.inpaint(picture, mask, NAVIER_STOKES_RADIUS, cv2.INPAINT_NS).astype(np.float32)
    inwards = cv2.inpaint(picture, mask, TELEA_RADIUS, cv2.INPAINT_TELEA).astype(np.float32)
    mean = (along + inwards) / 2
    for place, piece in _pieces(mask):
        mean[place][piece] += (_biharmonic(picture[place], piece) - mean[place][piece]) / 3
    return np.where(hole[:, :, None], np.rint(mean).astype(np.uint8), picture)


def _pieces(mask: np.ndarray) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
    """The pieces of a hole, those apart from large ones: a window around each, and its pixels within the window."""
    near = cv2.dilate(mask, np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    for number, (left, top, width, height, _) in enumerate(stats[1:], 1):
        place = (slice(top, top + height), slice(left, left + width))
        piece = (labels[place] == number) & (mask[place] > 0)
        if piece.sum() <= MOST_BIHARMONIC and not piece.all():
            yield place, piece


def _biharmonic(window: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """Levels of the piece's pixels, N×3 float32."""
    from skimage.restoration import inpaint_biharmonic

    made = inpaint_biharmonic(window, piece, channel_axis=2)[piece]
    return (255 * made).clip(0, 255).astype(np.float32)


def fill_batch(x: Tensor, hole: Tensor) -> Tensor:
    """`fill` for N×3×H×W of whole levels from 0 to 255 and holes N×1×H×W, on their device, with torch's threads."""
    some = hole.flatten(1).any(1).nonzero()[:, 0]
    if not len(some):
        return x
    pictures = x[some].permute(0, 2, 3, 1).to(torch.uint8).cpu().contiguous().numpy()
    holes = hole[some, 0].to(torch.uint8).cpu().numpy()
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        filled = np.stack(list(pool.map(fill, pictures, holes)))
    out = x.clone()
    out[some] = torch.from_numpy(filled).to(x.device).permute(0, 3, 1, 2).to(x.dtype)
    return out
