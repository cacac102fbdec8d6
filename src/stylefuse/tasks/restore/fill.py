"""The classical filling of holes, from which the restorer starts."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch
from torch import Tensor

RADIUS = 3  # px around a pixel that its value is found from


def fill(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Fill a hole from its rim along lines of equal brightness (Bertalmio et al. 2001, Navier-Stokes).

    Args:
        picture: H×W×3 uint8.
        hole: H×W, true or above 0 where the picture is unknown.

    Returns:
        H×W×3 uint8; equal to the picture outside the hole. A hole without a rim becomes grey.
    """
    if not hole.any():
        return picture
    if hole.all():
        return np.full_like(picture, 128)
    filled = cv2.inpaint(picture, hole.astype(np.uint8), RADIUS, cv2.INPAINT_NS)
    return np.where(hole[:, :, None] > 0, filled, picture)


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
