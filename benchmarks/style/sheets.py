"""Sheets to look at: the same held-out photos restyled by every method, whole and enlarged."""

from collections.abc import Mapping, Sequence

from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from benchmarks.common.sheets import evenly_spaced
from benchmarks.common.tables import readable
from benchmarks.style.methods import Method
from stylefuse.evaluation.heldout import HeldOut
from stylefuse.images.grid import grid

PHOTOS = 6
WINDOW, ENLARGED = 64, 4  # px of the enlarged part, at most; and how many times


def style_sheet(pictures: HeldOut, painted: Mapping[str, Mapping[str, Tensor]]) -> Image.Image:
    """Return a block a style: the photos, a row for each method, real paintings.

    Args:
        painted: by style, then by method: `shown(pictures.photos)` restyled.
    """
    photos, rows, labels = shown(pictures.photos), [], []
    for style, methods in painted.items():
        rows += [list(photos), *(list(fakes) for fakes in methods.values())]
        rows.append(list(shown(pictures.paintings[style])))
        labels += [f"{style}: photo", *(readable(name) for name in methods), "paintings"]
    return grid(rows, row_labels=labels)


def crop_sheet(photos: Tensor, paintings: Tensor, methods: Mapping[str, Tensor]) -> Image.Image:
    """Return a row a photo: the enlarged middle of the photo, of each method's result, and of a painting.

    Args:
        photos, paintings: N×3×H×W in [-1, 1]; methods: as many pictures each as there are photos shown.
    """
    columns = [shown(photos), *methods.values(), shown(paintings)]
    rows = [list(row) for row in zip(*(middle(column) for column in columns), strict=False)]
    return grid(rows, gap=4, column_labels=["photo", *(readable(name) for name in methods), "painting"])


def paint_all(
    styles: Sequence[str], photos: Tensor, methods: Mapping[str, Method]
) -> dict[str, dict[str, Tensor]]:
    """Return by style, then by method, the shown photos restyled. styles: without "photo"."""
    return {
        style: {name: method.paint(shown(photos), index) for name, method in methods.items()}
        for index, style in enumerate(styles, start=1)
    }


def shown(pictures: Tensor) -> Tensor:
    """Return at most six pictures."""
    return pictures[evenly_spaced(len(pictures), PHOTOS)]


def middle(pictures: Tensor) -> Tensor:
    """Return the central square of 64 px, or of half the side where that is less, four times enlarged."""
    height, width = pictures.shape[2:]
    side = min(WINDOW, height // 2, width // 2)
    top, left = (height - side) // 2, (width - side) // 2
    window = pictures[:, :, top : top + side, left : left + side]
    return F.interpolate(window, scale_factor=ENLARGED, mode="nearest")
