"""Frames that restyling draws: lines along the borders, darker or lighter margins and corners, streaks in margins."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.images.luma import batch_luma

BAND = 3  # px of a border
MARGIN = 0.05  # of the side: the width of a margin
FINE = 5  # px: fine texture is what a mean over so many pixels removes
CUT = 8  # a cut takes 1/8 of the side off each side
LEVELS = 127.5  # of 8 bits, in a unit of [-1, 1]


def border_step(x: Tensor) -> float:
    """Return the step from the outermost 3 px to the next 3, over that from those to the next 3: 1 without a frame.

    Args:
        x: N×3×H×W, H, W ≥ 9.
    """
    outer = inner = 0.0
    for side in _from_each_side(x):
        first, second, third = (side[:, :, k * BAND : (k + 1) * BAND].mean(dim=2) for k in range(3))
        outer += float((first - second).abs().mean())
        inner += float((second - third).abs().mean())
    return outer / (inner + 1e-12)


def border_effect(paint: Callable[[Tensor], Tensor], photos: Tensor) -> float:
    """Return how much a border changes the luma beside it, in levels of 8 bits: 0 where pictures have no frame.

    Painting a cut photo should come to the same as cutting the painted photo. The number is the difference of the two
    along the outermost 3 px, a mean along each side, less the difference in the interior.

    Args:
        paint: N×3×H×W in [-1, 1] → the same shape and range.
        photos: N×3×S×S, S ≥ 64.
    """
    reach = photos.shape[-1] // CUT
    inside = (..., slice(reach, -reach), slice(reach, -reach))
    change = batch_luma(paint(photos[inside])) - batch_luma(paint(photos)[inside])
    outer = inner = 0.0
    for side in _from_each_side(change):
        outer += float(side[:, :, :BAND].mean(dim=(1, 2, 3)).abs().mean()) / 4
        depth = side.shape[2] // 4
        inner += float(side[:, :, depth : depth + BAND].mean(dim=(1, 2, 3)).abs().mean()) / 4
    return LEVELS * (outer - inner)


def margin_step(x: Tensor, photos: Tensor | None = None) -> float:
    """Return the step of luma from beside a margin or corner to it, in deviations of the picture's luma.

    Of the four margins and four corners of a picture the largest step counts, less the largest of places that lie two
    margins further inside: about 0 without a frame. Steps of the photo do not count.

    Args:
        x: N×3×H×W, H, W ≥ 64.
        photos: what x was painted from, in the same order; None: the steps of x itself.
    """
    change = _standardised(batch_luma(x))
    if photos is not None:
        change = change - _standardised(batch_luma(photos))
    width = _margin(x)
    further = change[:, :, 2 * width : -2 * width, 2 * width : -2 * width]
    return float((_largest_step(change, width) - _largest_step(further, width)).mean())


def margin_texture(x: Tensor, photos: Tensor | None = None) -> float:
    """Return the contrast of fine texture in the margins over that in the interior, relative to the photo: 1 = equal.

    Args:
        x: N×3×H×W, H, W ≥ 64.
        photos: what x was painted from, in the same order; None: the ratio of x itself.
    """
    ratio = _texture_ratio(x)
    return float((ratio if photos is None else ratio - _texture_ratio(photos)).mean().exp())


def _from_each_side(x: Tensor) -> list[Tensor]:
    """Return x four times, N×C×H×W, each turned so that another side comes first."""
    return [torch.rot90(x, turns, (2, 3)) for turns in range(4)]


def _margin(x: Tensor) -> int:
    return max(2, round(MARGIN * min(x.shape[2:])))


def _standardised(grey: Tensor) -> Tensor:
    variance, mean = torch.var_mean(grey, dim=(2, 3), keepdim=True)
    return (grey - mean) / (variance + 0.02**2).sqrt()


def _largest_step(change: Tensor, width: int) -> Tensor:
    """Return the largest step of `change`, N×1×H×W, at one of four margins and four corners: N."""
    steps = []
    for side in _from_each_side(change):
        margin, beside = side[:, :, :width], side[:, :, width : 2 * width]
        steps.append(margin.mean(dim=(1, 2, 3)) - beside.mean(dim=(1, 2, 3)))
        corner, around = side[:, :, : 2 * width, : 2 * width], side[:, :, : 4 * width, : 4 * width]
        rest = (around.sum(dim=(1, 2, 3)) - corner.sum(dim=(1, 2, 3))) / (12 * width**2)
        steps.append(corner.mean(dim=(1, 2, 3)) - rest)
    return torch.stack(steps).abs().amax(dim=0)


def _texture_ratio(x: Tensor) -> Tensor:
    """Return the log ratio of texture in the margins to that in the interior, N."""
    grey, width = batch_luma(x), _margin(x)
    fine = grey - F.avg_pool2d(grey, FINE, stride=1, padding=FINE // 2, count_include_pad=False)
    inner = fine[:, :, width:-width, width:-width].abs().flatten(1)
    every = fine.abs().flatten(1)
    outer = (every.sum(dim=1) - inner.sum(dim=1)) / (every.shape[1] - inner.shape[1])
    # A level keeps flat pictures from dividing by nothing.
    return torch.log((outer + 1 / LEVELS) / (inner.mean(dim=1) + 1 / LEVELS))
