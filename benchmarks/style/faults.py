"""Known faults of restyled photos, measured by one number each."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.style.data import Data
from benchmarks.style.patch_judge import SIDE, PatchJudge
from stylefuse.evaluation.restyled import in_batches
from stylefuse.images.luma import batch_luma
from stylefuse.metrics.classification import accuracy
from stylefuse.metrics.patches import as_luma_patches

BAND = 3  # px of a border
FLAT = 32  # px of a flat place
FLATTEST = 0.25  # share of the pictures that count: those whose flattest place is flattest
NEAR, FAR = 4, 12  # px: shifts at which a texture is compared with itself
AT_END = 0.98  # of the range [-1, 1]; beyond it a channel is clipped or looks clipped


def faults(
    data: Data, patches: PatchJudge, style: int, sets: Mapping[str, Tensor], judge: Mapping[str, float]
) -> dict[str, Any]:
    """Return all numbers, of restyled photos and, for comparison, of photos and of paintings.

    frame: `border_step`. repetition: `repetition` in flat places. at_ends: share of pixels with a channel at an end of
    its range. busy, flat: share of pictures whose busiest and whose flattest square the patch judge assigns to the
    style; a low share in busy squares means that they stayed photographic. classifier_lead: accuracy of C, which
    taught G, less that of the judge; tints that please C alone make it larger than it is for paintings.

    Args:
        sets: "fakes", "photos", "paintings", N×3×H×W in [-1, 1]; fakes and photos in the same order.
        judge: "accuracy_fakes" and so on, as `judged` returns them.
    """

    def share(network, pictures: Tensor, index: int) -> float:
        return accuracy(in_batches(network, pictures, data.evaluation.batch_size, data.device), index)

    found: dict[str, Any] = {}
    # Busy and flat places of a restyled photo are those of the photo.
    for name, x in sets.items():
        places = sets["photos"] if name == "fakes" else x
        busiest, flattest = (as_luma_patches(squares) for squares in extremes(x, places, SIDE))
        numbers = {
            "frame": border_step(x),
            "repetition": repetition(x, places),
            "at_ends": float((x.abs() > AT_END).any(dim=1).float().mean()),
            "busy": share(patches.of_patches, busiest, style),
            "flat": share(patches.of_patches, flattest, style),
            "classifier_lead": share(data.classifier, x, style) - judge[f"accuracy_{name}"],
        }
        for fault, number in numbers.items():
            found.setdefault(fault, {})[name] = number
    return found


def border_step(x: Tensor) -> float:
    """Return the step from the outermost 3 px to the next 3, over that from those to the next 3: 1 without a frame.

    Args:
        x: N×3×H×W, H, W ≥ 9.
    """
    outer = inner = 0.0
    for turns in range(4):
        first, second, third = (
            torch.rot90(x, turns, (2, 3))[:, :, k * BAND : (k + 1) * BAND].mean(dim=2) for k in range(3)
        )
        outer += float((first - second).abs().mean())
        inner += float((second - third).abs().mean())
    return outer / (inner + 1e-12)


def repetition(x: Tensor, places: Tensor) -> float:
    """Return how similar the fine texture in flat places is to itself 4 to 12 px away: 1 for a pattern that repeats.

    It is the highest autocorrelation of luma, without structure coarser than 9 px. Sound texture has some too, so
    compare.

    Args:
        x, places: N×3×H×W, H, W ≥ 32; flat is where `places` is.
    """
    both = extremes(torch.cat([x, places], dim=1), places, FLAT)[1]
    spread = batch_luma(both[:, 3:]).flatten(1).std(dim=1)
    grey = batch_luma(both[spread.argsort()[: max(1, round(FLATTEST * len(x)))], :3])
    fine = grey - F.avg_pool2d(F.pad(grey, (4,) * 4, mode="reflect"), 9, stride=1)
    fine = fine - fine.mean(dim=(2, 3), keepdim=True)

    def correlated(y: Tensor) -> Tensor:
        return torch.fft.irfft2(torch.fft.rfft2(y, s=(2 * FLAT, 2 * FLAT)).abs() ** 2)

    # Fewer pixels overlap at larger shifts: take means over those that do.
    alike = correlated(fine) / correlated(torch.ones_like(fine)).clamp(min=1)
    alike = alike / alike[:, :, :1, :1].clamp(min=1e-12)
    shift = torch.fft.fftfreq(2 * FLAT, 1 / (2 * FLAT))
    away = (shift[:, None] ** 2 + shift[None, :] ** 2).sqrt()
    return float(alike[:, :, (away >= NEAR) & (away <= FAR)].amax(dim=(1, 2)).mean())


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
