"""Faults in flat places, such as skies: a texture that repeats, specks, and coloured dots."""

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.style.lab import lab
from stylefuse.images.luma import batch_luma

FLAT = 32  # px of a flat place
FLATTEST = 0.25  # share of the pictures that count: those whose flattest place is flattest
NEAR, FAR = 4, 12  # px: shifts at which a texture is compared with itself


def repetition(x: Tensor, places: Tensor) -> float:
    """Return how similar the fine texture in flat places is to itself 4 to 12 px away: 1 for a pattern that repeats.

    It is the highest autocorrelation of luma, without structure coarser than 9 px. Sound texture has some too, so
    compare.

    Args:
        x, places: N×3×H×W, H, W ≥ 32; flat is where `places` is.
    """
    fine = _fine(batch_luma(flattest(x, places)))
    fine = fine - fine.mean(dim=(2, 3), keepdim=True)

    def correlated(y: Tensor) -> Tensor:
        return torch.fft.irfft2(torch.fft.rfft2(y, s=(2 * FLAT, 2 * FLAT)).abs() ** 2)

    # Fewer pixels overlap at larger shifts: take means over those that do.
    alike = correlated(fine) / correlated(torch.ones_like(fine)).clamp(min=1)
    alike = alike / alike[:, :, :1, :1].clamp(min=1e-12)
    shift = torch.fft.fftfreq(2 * FLAT, 1 / (2 * FLAT))
    away = (shift[:, None] ** 2 + shift[None, :] ** 2).sqrt()
    return float(alike[:, :, (away >= NEAR) & (away <= FAR)].amax(dim=(1, 2)).mean())


def coloured_dots(x: Tensor, places: Tensor) -> float:
    """Return the deviation of fine colour in flat places: CIELAB's a* and b* without structure coarser than 9 px.

    Args:
        x, places: N×3×H×W in [-1, 1], H, W ≥ 32; flat is where `places` is, apart from its fine texture: among a
            painting's places that are flat to the pixel there is no paint.
    """
    fine = _fine(lab(flattest(x, places - _fine(places)))[:, 1:])
    return float(fine.square().sum(dim=1).mean(dim=(1, 2)).sqrt().mean())


def specks(x: Tensor, places: Tensor) -> float:
    """Return the skewness of fine luma in flat places: below 0 with dark specks, above 0 with light ones, 0 even.

    Rows of dots that are too far apart or too irregular for `repetition` show here.

    Args:
        x, places: N×3×H×W in [-1, 1], H, W ≥ 32; flat is where `places` is.
    """
    fine = _fine(batch_luma(flattest(x, places))).flatten(1)
    fine = fine - fine.mean(dim=1, keepdim=True)
    return float((fine**3).mean(dim=1).div(fine.square().mean(dim=1).clamp(min=1e-12) ** 1.5).mean())


def flattest(x: Tensor, places: Tensor) -> Tensor:
    """Return squares n×3×32×32 of x: the flattest place of each of the quarter of pictures where it is flattest."""
    both = extremes(torch.cat([x, places], dim=1), places, FLAT)[1]
    spread = batch_luma(both[:, 3:]).flatten(1).std(dim=1)
    return both[spread.argsort()[: max(1, round(FLATTEST * len(x)))], :3]


def _fine(maps: Tensor) -> Tensor:
    return maps - F.avg_pool2d(F.pad(maps, (4,) * 4, mode="reflect"), 9, stride=1)


def extremes(x: Tensor, places: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Return squares N×C×side×side of x, N×C×H×W: where the luma of `places` varies most, and where least."""
    grey = batch_luma(places)
    mean, of_square = (F.avg_pool2d(y, side, stride=8) for y in (grey, grey.square()))
    spread = (of_square - mean.square()).clamp(min=0).flatten(1)
    columns = mean.shape[3]

    def at(indices: Tensor) -> Tensor:
        corners = [(8 * (i // columns), 8 * (i % columns)) for i in indices.tolist()]
        return torch.stack(
            [picture[:, r : r + side, c : c + side] for picture, (r, c) in zip(x, corners, strict=True)]
        )

    return at(spread.argmax(dim=1)), at(spread.argmin(dim=1))
