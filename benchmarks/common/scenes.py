"""Made-up pictures of any size, for measuring time and memory."""

import cv2
import numpy as np
from PIL import Image


def soft_picture(height: int, width: int) -> Image.Image:
    """Return soft patches of colour; both sides are at least 100 px."""
    coarse = np.random.default_rng(0).integers(30, 225, (height // 100, width // 100, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def focus_pair(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Return a multi-focus pair, 2×height×width×3 uint8. Making it needs few times its own memory."""
    random = np.random.default_rng(seed)
    scene = cv2.resize(
        random.integers(0, 256, (24, 32, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC
    )
    grain = random.integers(0, 40, (height, width, 1), np.uint8)
    cv2.add(scene, np.repeat(grain, 3, axis=2), dst=scene)
    pair = np.stack([cv2.GaussianBlur(scene, (9, 9), 2)] * 2)
    half = width // 2
    pair[0, :, :half], pair[1, :, half:] = scene[:, :half], scene[:, half:]
    return pair
