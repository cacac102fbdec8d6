"""`ink`: a pen drawing on cream paper, tone made of cross hatching and forms of contours.

After Winkenbach and Salesin, "Computer-generated pen-and-ink illustration" (SIGGRAPH 1994): the darker the
tone, the more hatchings are laid over one another. Contours are a thresholded difference of Gaussians
(Winnemöller et al., "XDoG", 2012).
"""

import numpy as np
from scipy import ndimage
from skimage.exposure import equalize_adapthist

from stylefuse.pipelines.sample.colour import luma
from stylefuse.pipelines.sample.fields import enlarge, smooth_noise

PAPER = np.array([246, 237, 214], np.float32)
INK = np.array([36, 30, 34], np.float32)
# Of each hatching: angle in degrees, darkness (0..1) at which it begins, spacing in 256ths of the picture.
HATCHINGS = ((-42.0, 0.28, 6.6), (38.0, 0.56, 6.6), (-84.0, 0.74, 5.8), (4.0, 0.86, 5.4))
OVERSAMPLE = 2


def draw_with_ink(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return `photo` (size×size×3 uint8) as a pen drawing of the same shape."""
    size = len(photo)
    unit = size * OVERSAMPLE / 256
    tone = _stretched(luma(photo) / 255)
    # Smooth things are made at the picture's size and enlarged; lines are drawn at the larger one.
    darkness = enlarge(1 - ndimage.gaussian_filter(tone, 1.6 * size / 256), OVERSAMPLE)
    bend = enlarge(1.6 * ndimage.gaussian_filter(1 - tone, 10 * size / 256), OVERSAMPLE)

    ink = np.clip((enlarge(_edges(tone, size / 256), OVERSAMPLE) - 0.012) * 55, 0, 1)
    for angle, start, spacing in HATCHINGS:
        ink = np.maximum(ink, _hatching(rng, darkness, bend, np.deg2rad(angle), start, spacing * unit))
    # Pooled blacks: a pen fills what is darkest rather than hatch it.
    ink = np.maximum(ink, np.clip((darkness - 0.93) * 12, 0, 1))

    ink = ink.reshape(size, OVERSAMPLE, size, OVERSAMPLE).mean((1, 3))
    # Blurring by n pixels divides the deviation of noise by about n.
    fibre = size / 256 * ndimage.gaussian_filter(rng.standard_normal((size, size)), 0.7 * size / 256)
    paper = PAPER * (1 + 0.012 * fibre + 0.012 * smooth_noise(rng, size, 4))[..., None]
    drawn = paper + 0.95 * ink[..., None] * (INK - paper)
    return np.clip(np.rint(drawn), 0, 255).astype(np.uint8)


def _stretched(tone: np.ndarray) -> np.ndarray:
    """Return the tone spread over 0..1, evened out a little by place so that shadows keep their drawing."""
    low, high = np.percentile(tone, (1, 99))
    spread = np.clip((tone - low) / max(high - low, 0.2), 0, 1)
    local = equalize_adapthist(spread, kernel_size=len(tone) // 3, clip_limit=0.012)
    return (0.45 * spread + 0.55 * local).astype(np.float32)


def _edges(tone: np.ndarray, unit: float) -> np.ndarray:
    """Return how much darker the tone is than what surrounds it: a ridge along the dark side of each edge."""
    fine = ndimage.gaussian_filter(tone, 0.9 * unit)
    coarse = ndimage.gaussian_filter(tone, 1.5 * unit)
    return ndimage.gaussian_filter(coarse - fine, 0.4 * unit)


def _hatching(
    rng: np.random.Generator,
    darkness: np.ndarray,
    bend: np.ndarray,
    angle: float,
    start: float,
    spacing: float,
) -> np.ndarray:
    """Return coverage 0..1 of one hatching: parallel strokes, wider where it is darker, bent by the form."""
    side = len(darkness)
    rows, columns = np.mgrid[:side, :side].astype(np.float32)
    across = (rows * np.cos(angle) - columns * np.sin(angle)) / spacing
    along = (columns * np.cos(angle) + rows * np.sin(angle)) / spacing
    across += 0.22 * smooth_noise(rng, side, 9) + 1.2 * bend
    line = np.floor(across).astype(np.intp) - int(across.min()) + 1

    # Each line is a row of strokes of its own length, the pen lifted between them.
    length = rng.uniform(7, 15, line.max() + 1).astype(np.float32)[line]
    shift = rng.uniform(0, 1, line.max() + 1).astype(np.float32)[line]
    place = np.mod(along / length + shift, 1)
    pressure = np.clip(np.minimum(place, 1 - place) * length / 1.1, 0, 1)

    depth = np.clip((darkness - start) / 0.28, 0, 1)
    width = np.where(depth > 0, 0.07 + 0.17 * depth, 0) * pressure
    distance = np.abs(across - np.floor(across) - 0.5)
    return np.clip((width - distance) * spacing + 0.5, 0, 1) * (width > 0.02)
