"""`glass`: a stained-glass window: flat panes in jewel colours, set in dark lead, lit from behind.

Panes are superpixels (Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods",
PAMI 2012), their outlines rounded by a mode filter, since a glazier cannot cut every corner.
"""

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage
from skimage.segmentation import slic

from stylefuse.pipelines.sample.colour import lab_to_rgb, rgb_to_lab
from stylefuse.pipelines.sample.fields import smooth_noise

PANES = 90
# Weight of place against colour (CIELAB) in a superpixel: higher gives rounder panes that follow edges less.
COMPACTNESS = 13.0
# Half the width of the lead, in 256ths of the picture.
LEAD = 1.9
LEAD_COLOUR = np.array([24, 22, 27], np.float32)
OVERSAMPLE = 2


def set_in_glass(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return `photo` (size×size×3 uint8) as a stained-glass window of the same shape."""
    size = len(photo)
    side, unit = size * OVERSAMPLE, size * OVERSAMPLE / 256
    lab = rgb_to_lab(photo)
    panes = _panes(lab)
    colour = _jewels(lab, panes, rng)

    cut = Image.fromarray(panes.astype(np.uint8)).filter(ImageFilter.ModeFilter(2 * round(1.8 * unit) + 1))
    large = np.asarray(cut.resize((side, side), Image.Resampling.NEAREST))
    # Smoothed, the distance forgets the steps of pixels along a pane's outline.
    distance = ndimage.distance_transform_edt(_inside(large)).astype(np.float32) / unit
    distance = ndimage.gaussian_filter(distance, 0.7 * unit)
    # Light spreads inside a pane: bright in the middle, deeper towards the lead.
    glow = 0.80 + 0.26 * np.clip((distance - LEAD) / 9, 0, 1)
    grain = 1 + 0.035 * smooth_noise(rng, side, 22) + 0.03 * smooth_noise(rng, side, 70)
    glass = colour[large] * (glow * grain)[..., None]

    lead = np.clip((distance - LEAD) * unit + 0.5, 0, 1)[..., None]
    # Lead is round: a dull light runs along its middle.
    ridge = 1 + 1.1 * np.clip(1 - distance / (0.8 * LEAD), 0, 1)[..., None]
    window = lead * glass + (1 - lead) * LEAD_COLOUR * ridge
    window = window.reshape(size, OVERSAMPLE, size, OVERSAMPLE, 3).mean((1, 3))
    return np.clip(np.rint(window), 0, 255).astype(np.uint8)


def _panes(lab: np.ndarray) -> np.ndarray:
    """Return a size×size map of pane numbers from 0."""
    calm = ndimage.gaussian_filter(lab, (len(lab) / 170, len(lab) / 170, 0))
    # slic stretches what it gets to 0..1, and the weight of place against colour has to follow.
    weight = COMPACTNESS / max(float(np.ptp(calm)), 1.0)
    labels = slic(calm, PANES, compactness=weight, convert2lab=False, start_label=0, min_size_factor=0.45)
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape)


def _inside(panes: np.ndarray) -> np.ndarray:
    """Return True except at pixels that touch another pane or the frame."""
    inside = np.zeros(panes.shape, bool)
    inside[1:-1, 1:-1] = True
    inside[:-1] &= panes[:-1] == panes[1:]
    inside[:, :-1] &= panes[:, :-1] == panes[:, 1:]
    return inside


def _jewels(lab: np.ndarray, panes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return panes×3 colours, 0..255: a pane's mean, saturated; grey takes a hue from its lightness."""
    index = np.arange(panes.max() + 1)
    light, a, b = (ndimage.mean(lab[..., channel], panes, index) for channel in range(3))
    # Cobalt for the dark, through ruby, to amber and straw for the light: what a window has instead of grey.
    hue = np.deg2rad(np.interp(light, (10, 35, 55, 72, 90), (295, 300, 385, 425, 445)))
    a, b = a + 9 * np.cos(hue), b + 9 * np.sin(hue)
    chroma, hue = np.hypot(a, b), np.arctan2(b, a)
    chroma = np.clip(2.1 * chroma + 14, 0, 88)
    hue = hue + rng.normal(0, 0.10, len(index))
    light = np.clip(16 + 0.84 * light + rng.normal(0, 4.0, len(index)), 14, 94)
    colours = np.stack((light, chroma * np.cos(hue), chroma * np.sin(hue)), -1)
    return lab_to_rgb(colours).astype(np.float32)
