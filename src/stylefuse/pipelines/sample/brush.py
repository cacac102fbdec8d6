"""`brush`: an oil painting laid on in three coats of curved strokes, broad ones first.

After Haeberli, "Paint by numbers: abstract image representations" (SIGGRAPH 1990), and Hertzmann,
"Painterly rendering with curved brush strokes of multiple sizes" (SIGGRAPH 1998): a coat repaints only where
the canvas still differs from the photo blurred to that coat's scale. Bristles and relief after Hertzmann,
"Fast paint texture" (NPAR 2002).
"""

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from stylefuse.pipelines.sample.colour import lab_to_rgb, luma, rgb_to_lab
from stylefuse.pipelines.sample.fields import edge_direction, look_up, smooth_noise

# Of each coat: brush width in 256ths of the picture, stroke length in brush widths, and the colour difference
# (CIE76) from which it repaints.
COATS = ((18.0, 3.4, 0.0), (10.0, 4.0, 7.0), (5.6, 4.4, 11.0))
# Width of a stroke from where the brush touches to where it lifts, in parts of its full width.
PROFILE = np.array([0.72, 0.96, 1.0, 1.0, 0.94, 0.8, 0.42])
STEPS = len(PROFILE) - 1
# Strokes are drawn this many times larger and averaged, since Pillow's polygons have hard edges.
OVERSAMPLE = 2


def paint_with_brush(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return `photo` (size×size×3 uint8) as an oil painting of the same shape."""
    size = len(photo)
    unit = size / 256
    palette = _lively(rgb_to_lab(photo))
    tone = luma(photo) / 255
    calm = rng.uniform(0, np.pi) + 0.8 * smooth_noise(rng, size, 3)
    angle = edge_direction(tone, 4.0 * unit, calm)

    canvas = Image.new("RGBA", (size * OVERSAMPLE, size * OVERSAMPLE))
    seen = np.full_like(palette, 1e3)
    for width, length, threshold in COATS:
        goal = ndimage.gaussian_filter(palette, (0.35 * width * unit, 0.35 * width * unit, 0))
        _lay_coat(canvas, goal, seen, angle, width * unit, length, threshold, rng)
        small = np.asarray(canvas.reduce(OVERSAMPLE))
        seen = rgb_to_lab(small[..., :3])

    thickness = small[..., 3].astype(np.float32) / 255
    relief = thickness + 0.5 * _bristles(rng, angle, unit)
    light = ndimage.gaussian_filter(relief, 0.6 * unit)
    # Slopes per 256th of the picture, so that the relief is equally deep at every size.
    light = unit * (ndimage.sobel(light, 0) + ndimage.sobel(light, 1))
    painted = small[..., :3] * (1 + 0.06 * np.clip(light, -3, 3))[..., None]
    return np.clip(np.rint(painted), 0, 255).astype(np.uint8)


def _lively(lab: np.ndarray) -> np.ndarray:
    """Return richer colours: warm lights against blue-violet shadows, which a flat photo lacks."""
    light = lab[..., 0] / 100
    out = lab.copy()
    out[..., 0] = 100 * np.clip(0.12 + 0.86 * light, 0, 1)
    out[..., 1] = 1.4 * lab[..., 1] + 4 + 8 * (0.5 - light)
    out[..., 2] = 1.4 * lab[..., 2] - 26 + 48 * light
    return out


def _lay_coat(
    canvas: Image.Image,
    goal: np.ndarray,
    seen: np.ndarray,
    angle: np.ndarray,
    width: float,
    length: float,
    threshold: float,
    rng: np.random.Generator,
) -> None:
    """Draw one coat onto `canvas`: RGB holds paint, alpha how thickly it lies."""
    size = len(goal)
    spacing = 0.55 * width
    grid = np.arange(-0.5 * spacing, size + spacing, spacing, dtype=np.float32)
    x, y = (axis.ravel() + rng.uniform(-0.5, 0.5, axis.size) * spacing for axis in np.meshgrid(grid, grid))
    error = ndimage.gaussian_filter(np.linalg.norm(goal - seen, axis=-1), 0.4 * width)
    keep = look_up(error, x, y) >= threshold
    order = rng.permutation(np.flatnonzero(keep))
    x, y = x[order], y[order]

    colour = look_up(goal, x, y)
    jitter = rng.normal(0, 1, colour.shape) * (4.5, 6.0, 7.0)
    paint = np.rint(lab_to_rgb(colour + jitter)).astype(int)
    thickness = rng.integers(70, 256, len(x))
    breadth = width * rng.uniform(0.8, 1.25, len(x))
    paths = _trace(goal, colour, angle, x, y, width * length / STEPS)
    outlines = (_outlines(paths, breadth) * OVERSAMPLE).reshape(len(x), -1)

    draw = ImageDraw.Draw(canvas)
    for outline, rgb, thick in zip(outlines.tolist(), paint.tolist(), thickness.tolist(), strict=True):
        draw.polygon(outline, fill=(*rgb, thick))


def _outlines(paths: np.ndarray, breadth: np.ndarray) -> np.ndarray:
    """Return strokes×points×2 outlines along `paths`: round where a stroke begins, narrow where it ends."""
    ahead = np.gradient(paths, axis=1)
    # A stroke that was stopped stays where it is and has no direction there; 1e-6 keeps the division whole.
    ahead /= np.linalg.norm(ahead, axis=-1, keepdims=True) + 1e-6
    aside = np.stack((-ahead[..., 1], ahead[..., 0]), -1) * PROFILE[:, None] * breadth[:, None, None] / 2
    tip = paths[:, :1] - 0.45 * breadth[:, None, None] * ahead[:, :1]
    return np.concatenate((tip, paths + aside, (paths - aside)[:, ::-1]), axis=1)


def _trace(
    goal: np.ndarray, colour: np.ndarray, angle: np.ndarray, x: np.ndarray, y: np.ndarray, step: float
) -> np.ndarray:
    """Return strokes×(STEPS+1)×2 points that follow the edges, and stop where the colour would be wrong."""
    points = [(x, y)]
    going = np.ones(len(x), bool)
    dx, dy = np.cos(look_up(angle, x, y)), np.sin(look_up(angle, x, y))
    for taken in range(STEPS):
        new = look_up(angle, x, y)
        new_x, new_y = np.cos(new), np.sin(new)
        # An angle is known up to half a turn: go on, never back.
        sign = np.where(new_x * dx + new_y * dy < 0, -1, 1)
        dx, dy = 0.5 * dx + 0.5 * sign * new_x, 0.5 * dy + 0.5 * sign * new_y
        norm = np.hypot(dx, dy) + 1e-6
        dx, dy = dx / norm, dy / norm
        if taken >= 2:
            going &= np.linalg.norm(look_up(goal, x, y) - colour, axis=-1) < 22
        x, y = x + step * dx * going, y + step * dy * going
        points.append((x, y))
    return np.moveaxis(np.array(points), (0, 1, 2), (1, 2, 0))


def _bristles(rng: np.random.Generator, angle: np.ndarray, unit: float) -> np.ndarray:
    """Return streaks along `angle`: noise averaged along the field (Cabral and Leedom, "LIC", 1993)."""
    size = len(angle)
    noise = ndimage.gaussian_filter(rng.standard_normal((size, size)).astype(np.float32), 0.55 * unit)
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    total = np.zeros_like(noise)
    for step in np.arange(-6, 7, dtype=np.float32) * unit:
        total += look_up(noise, columns + step * np.cos(angle), rows + step * np.sin(angle))
    return total / (total.std() + 1e-6)
