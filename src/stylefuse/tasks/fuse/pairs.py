"""Make sets of pictures to fuse from one photo, which is then their known truth.

Each set is made at random. Some variants (apertures, cells, text, tone curves, shot noise) are used in tests only, to
measure how the fuser does on damage that it was not trained on.
"""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import Tensor

from stylefuse.images.luma import luma
from stylefuse.tasks.fuse.fills import random_fill
from stylefuse.tasks.fuse.regions import random_regions

# Makes one kind of set: truth H×W×3 in [0, 1], n, random, unseen → n×H×W×3, not yet clipped or rounded.
Maker = Callable[[np.ndarray, int, np.random.Generator, bool], np.ndarray]

MAX_INPUTS = 8


def synthesise(kind: str, truth: Tensor, n: int, random: np.random.Generator, unseen: bool = False) -> Tensor:
    """Make a set of n pictures from each photo; levels are rounded to 8 bits, as a camera does.

    Args:
        kind: one of `KINDS`. "sensors" has no truth, because a photo does not show warmth.
        truth: N×3×H×W in [-1, 1].
        n: pictures a set, 2 to 8.
        random: source of all randomness; equal states make equal sets.
        unseen: use the variants that are not in training.

    Returns:
        N×n×3×H×W in [-1, 1].

    Raises:
        ValueError: the kind is unknown, or n is out of range.
    """
    if kind not in KINDS:
        raise ValueError(f"there is no kind of set {kind!r}: use one of {', '.join(KINDS)}")
    if not 2 <= n <= MAX_INPUTS:
        raise ValueError(f"n is {n}: a set has 2 to {MAX_INPUTS} pictures")
    photos = ((truth + 1) / 2).permute(0, 2, 3, 1).contiguous().numpy()
    sets = np.stack([_MAKERS[kind](photo, n, random, unseen) for photo in photos])
    rounded = torch.from_numpy(sets.astype(np.float32)).mul_(255).round_().clamp_(0, 255)
    return rounded.div_(127.5).sub_(1).permute(0, 1, 4, 2, 3).contiguous()


def multi_focus(truth: np.ndarray, n: int, random: np.random.Generator, unseen: bool) -> np.ndarray:
    """Each region is sharp in one picture. Blur: Gaussian or a disk, or a hexagon in linear light (unseen).

    A lens blurs linear light, which also makes blurred places brighter; training uses a smaller gamma than a camera.
    In a third of the sets the transition from sharp to blurred is as wide as the blur, as in real defocus.
    """
    height, width = truth.shape[:2]
    sharp = random_regions(height, width, n, random, unseen)
    feather = random.uniform(0.7, 2.0)
    spreads = random.random() < 1 / 3
    pictures = []
    for mask in sharp:
        kernel = _aperture(random, unseen)
        gamma = 2.2 if unseen else random.uniform(1.0, 1.8)
        blurred = _blur(truth**gamma, kernel) ** (1 / gamma)
        soft = _blur(mask, kernel) if spreads else mask
        soft = cv2.GaussianBlur(soft, (0, 0), feather)[:, :, None]
        pictures.append(soft * truth + (1 - soft) * blurred)
    return np.stack(pictures)


def multi_exposure(truth: np.ndarray, n: int, random: np.random.Generator, unseen: bool) -> np.ndarray:
    """A bracket of exposures around the truth, clipped; shot noise; the camera's own gamma or an S-curve (unseen).

    A quarter of the training sets have a larger range of brightness than a photo can hold, such as a window in a dark
    room, with exposures for the bright part and for the dark one. The fuser blends those by a classical rule; from
    them it learns only to recognise the mode, which it guessed wrong for real ones.
    """
    light, ends = truth**2.2, random.uniform(1.2, 2.5, 2)
    if not unseen and random.random() < 1 / 4:
        swing = random.uniform(4, 9)
        light = light * 2 ** (swing * _bright_places(truth, random))
        ends = swing / 2 + random.uniform(-1, 1, 2)
    stops = np.linspace(-ends[0], ends[1], n)
    stops[1:-1] += random.uniform(-0.4, 0.4, n - 2)
    gamma, bend = (2.2, random.uniform(-0.2, 0.2)) if unseen else (random.uniform(1.8, 2.4), 0.0)
    electrons = random.uniform(1_000, 8_000)  # full well: what a bright pixel holds
    pictures = []
    for stop in random.permutation(stops):
        exposed = (light * 2**stop).clip(0, 1)
        noisy = exposed + random.normal(size=light.shape) * np.sqrt(exposed / electrons)
        tone = noisy.clip(0, 1) ** (1 / gamma)
        pictures.append(tone + bend * np.sin(2 * np.pi * tone) / (2 * np.pi))
    return np.stack(pictures)


def complementary_occlusion(
    truth: np.ndarray, n: int, random: np.random.Generator, unseen: bool
) -> np.ndarray:
    """Each picture shows its own region and a rim around it; the rest is filled. Together they show everything."""
    height, width = truth.shape[:2]
    regions = random_regions(height, width, n, random, unseen)
    reach = 2 * int(random.integers(1, max(2, min(height, width) // 24))) + 1
    pictures = []
    for own in regions:
        shown = own
        if n > 2:  # with more pictures, several show the same region
            shown = np.maximum(shown, regions[random.integers(n)])
        shown = cv2.dilate(shown, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))[:, :, None]
        fill = random_fill(height, width, random, unseen)
        pictures.append(shown * truth + (1 - shown) * fill)
    return np.stack(pictures)


def noisy_burst(truth: np.ndarray, n: int, random: np.random.Generator, unseen: bool) -> np.ndarray:
    """Independent noise: Gaussian of deviation 0.02 to 0.12, or shot noise of 0.08 at medium grey (unseen)."""
    noise = random.normal(size=(n, *truth.shape)).astype(np.float32)
    deviation = 0.08 * np.sqrt(2 * truth) if unseen else random.uniform(0.02, 0.12)
    return truth + deviation * noise


def colour_structure(truth: np.ndarray, n: int, random: np.random.Generator, unseen: bool) -> np.ndarray:
    """One sharp grey picture, the others blurred and in colour, like MRI (anatomy) and PET (metabolism)."""
    pictures = [_in_grey(luma(truth))] + [_blur(truth, _aperture(random, unseen)) for _ in range(n - 1)]
    return np.stack(pictures)[random.permutation(n)]


def different_sensors(truth: np.ndarray, n: int, random: np.random.Generator, unseen: bool) -> np.ndarray:
    """Pictures of different sensors: infrared and visible, or, in a third of the sets, scans of a body. No truth."""
    make = _scans if random.random() < 1 / 3 else _infrared
    return make(truth, n, random, unseen)[random.permutation(n)]


def _infrared(truth: np.ndarray, n: int, random: np.random.Generator, unseen: bool) -> np.ndarray:
    """One grey picture with other tones, inverted in places, like infrared; the others dark, like visible light."""
    height, width = truth.shape[:2]
    soft = random_regions(height, width, 2, random, unseen)[0]
    soft = cv2.GaussianBlur(soft, (0, 0), max(height, width) / 32)
    grey = luma(truth)
    rising = grey ** random.uniform(0.5, 2.0)
    warm = soft * rising + (1 - soft) * (1 - grey) ** random.uniform(0.7, 2.0)
    warm = cv2.GaussianBlur(warm.astype(np.float32), (0, 0), random.uniform(0.5, 1.2))  # coarser sensors
    seen = _in_grey(grey) if random.random() < 1 / 4 else truth
    grain = random.normal(size=(n - 1, height, width, 1)) * 0.01
    dark = [seen * random.uniform(0.25, 0.7) + g for g in grain]
    return np.stack([_in_grey(warm), *dark])


def _scans(truth: np.ndarray, n: int, random: np.random.Generator, unseen: bool) -> np.ndarray:
    """Grey scans of a body: white bone around flat tissue (like CT), and detailed tissue in dark bone (like MRI)."""
    height, width = truth.shape[:2]
    grey = luma(truth)
    body = random_regions(height, width, 2, random, unseen)[0]
    shell = 2 * int(random.integers(1, max(2, min(height, width) // 20))) + 1
    flesh = cv2.erode(body, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (shell, shell)))
    flesh = flesh * (grey < np.quantile(grey, random.uniform(0.8, 1.0)))  # the brightest is bone too
    body, flesh = (cv2.GaussianBlur(mask, (0, 0), 0.7) for mask in (body, flesh))
    flat = random.uniform(0.2, 0.8) + random.uniform(0.05, 0.3) * (grey - 0.5)
    pictures = [(body - flesh).clip(0, 1) + flesh * flat]
    for _ in range(n - 1):
        detail = grey if random.random() < 0.5 else 1 - grey
        pictures.append(flesh * random.uniform(0.5, 1.0) * detail ** random.uniform(0.7, 2.0))
    grain = random.normal(size=(n, height, width)) * 0.01
    return np.stack([_in_grey(picture + g * body) for picture, g in zip(pictures, grain, strict=True)])


def _in_grey(picture: np.ndarray) -> np.ndarray:
    return np.repeat(picture[:, :, None], 3, axis=2)


def _bright_places(truth: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """From -0.5 in the dark areas of a photo to 0.5 in its bright ones, H×W×1, with soft edges."""
    soft = cv2.GaussianBlur(luma(truth), (0, 0), random.uniform(0.01, 0.08) * min(truth.shape[:2]))
    return 1 / (1 + np.exp(-random.uniform(5, 20) * (soft - np.median(soft))))[:, :, None] - 0.5


def _aperture(random: np.random.Generator, unseen: bool) -> np.ndarray:
    """A blur kernel, odd side, sum one: Gaussian (deviation 1.5 to 4 px), disk (radius 2 to 7), hexagon (unseen)."""
    if not unseen and random.random() < 0.5:
        deviation = random.uniform(1.5, 4.0)
        reach = round(3 * deviation)
        line = cv2.getGaussianKernel(2 * reach + 1, deviation)
        return (line @ line.T).astype(np.float32)
    radius = random.uniform(2.0, 7.0)
    reach = int(np.ceil(radius))
    # Drawn at four times the resolution, then averaged, so that the rim of a small aperture is smooth.
    fine = (np.arange((2 * reach + 1) * 4) + 0.5) / 4 - reach - 0.5
    y, x = np.meshgrid(fine, fine, indexing="ij")
    inside = np.hypot(x, y) <= radius
    if unseen:
        turn = random.uniform(0, np.pi / 3)
        sides = [
            np.abs(x * np.cos(turn + k * np.pi / 3) + y * np.sin(turn + k * np.pi / 3)) for k in range(3)
        ]
        inside = np.max(sides, axis=0) <= radius * np.sqrt(3) / 2
    kernel = inside.reshape(2 * reach + 1, 4, 2 * reach + 1, 4).mean(axis=(1, 3)).astype(np.float32)
    return kernel / kernel.sum()


def _blur(picture: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    # OpenCV uses an FFT for large kernels, which can give values slightly below zero.
    return cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REFLECT_101).clip(0, 1)


_MAKERS: dict[str, Maker] = {
    "focus": multi_focus,
    "exposure": multi_exposure,
    "occlusion": complementary_occlusion,
    "noise": noisy_burst,
    "colour_structure": colour_structure,
    "sensors": different_sensors,
}
KINDS = tuple(_MAKERS)
WITH_TRUTH = tuple(kind for kind in KINDS if kind != "sensors")
