"""Known faults of restyled photos, measured by one number each."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from benchmarks.style.colours import colour_kept, hue_variety, strong_colours
from benchmarks.style.data import Data
from benchmarks.style.flat_places import coloured_dots, extremes, repetition
from benchmarks.style.margins import border_step, margin_step, margin_texture
from benchmarks.style.patch_judge import SIDE, PatchJudge
from stylefuse.evaluation.restyled import in_batches
from stylefuse.metrics.classification import accuracy
from stylefuse.metrics.patches import as_luma_patches

AT_END = 0.98  # of the range [-1, 1]; beyond it a channel is clipped or looks clipped


def faults(
    data: Data, patches: PatchJudge, style: int, sets: Mapping[str, Tensor], judge: Mapping[str, float]
) -> dict[str, Any]:
    """Return all numbers, of restyled photos and, for comparison, of photos and of paintings.

    at_ends: share of pixels with a channel at an end of its range. busy, flat: share of pictures whose busiest and
    whose flattest square the patch judge assigns to the style; a low share in busy squares means that they stayed
    photographic. classifier_lead: accuracy of C, which taught G, less that of the judge; tints that please C alone
    make it larger than it is for paintings. The others: `pixel_faults`.

    Args:
        sets: "fakes", "photos", "paintings", N×3×H×W in [-1, 1]; fakes and photos in the same order.
        judge: "accuracy_fakes" and so on, as `judged` returns them.
    """

    def share(network, pictures: Tensor, index: int) -> float:
        return accuracy(in_batches(network, pictures, data.evaluation.batch_size, data.device), index)

    found = pixel_faults(sets)
    # Busy and flat places of a restyled photo are those of the photo.
    for name, x in sets.items():
        places = sets["photos"] if name == "fakes" else x
        busiest, flattest = (as_luma_patches(squares) for squares in extremes(x, places, SIDE))
        numbers = {
            "at_ends": float((x.abs() > AT_END).any(dim=1).float().mean()),
            "busy": share(patches.of_patches, busiest, style),
            "flat": share(patches.of_patches, flattest, style),
            "classifier_lead": share(data.classifier, x, style) - judge[f"accuracy_{name}"],
        }
        for fault, number in numbers.items():
            found.setdefault(fault, {})[name] = number
    return found


def pixel_faults(sets: Mapping[str, Tensor]) -> dict[str, dict[str, float]]:
    """Return the numbers that need no network, by fault and set.

    frame: `border_step`. margins: `margin_step`. streaks: `margin_texture`. repetition and dots (`coloured_dots`): in
    flat places. strong_colours, hues (`hue_variety`). colour_kept: of restyled photos alone.

    Args:
        sets: "fakes", "photos", "paintings", N×3×H×W in [-1, 1]; fakes and photos in the same order.
    """
    found: dict[str, dict[str, float]] = {}
    for name, x in sets.items():
        painted = name == "fakes"
        photos = sets["photos"] if painted else None
        places = sets["photos"] if painted else x
        numbers = {
            "frame": border_step(x),
            "margins": margin_step(x, photos),
            "streaks": margin_texture(x, photos),
            "repetition": repetition(x, places),
            "dots": coloured_dots(x, places),
            "strong_colours": strong_colours(x, sets["paintings"]),
            "hues": hue_variety(x),
        }
        if photos is not None:
            numbers["colour_kept"] = colour_kept(x, photos)
        for fault, number in numbers.items():
            found.setdefault(fault, {})[name] = number
    return found
