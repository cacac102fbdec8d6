"""Sheets of pictures restyled at several sizes: as a screen shows them, and pixel by pixel."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from torch import Tensor

from stylefuse.evaluation.grids import Figure
from stylefuse.evaluation.viewing import DETAIL, busiest, view_of
from stylefuse.images.grid import grid
from stylefuse.images.io import save, to_tensor

VIEW = 256  # px, short side of a picture on the sheet of whole pictures
PHOTOS = 2


class Screens:
    """Collects restyled pictures for the sheets; `watch` is a watcher of `viewing.measure_views`.

    Args:
        styles: names of rows 1, 2, …
        sizes: short sides at which photos are restyled, px.
        photos: the first so many photos are shown.
    """

    def __init__(self, styles: Sequence[str], sizes: Sequence[int], photos: int = PHOTOS):
        self._styles, self._sizes, self._photos = styles, sizes, photos
        # By photo and row (0: the photo itself), then by size.
        self._whole: dict[tuple[int, int], dict[int, Tensor]] = {}
        self._details: dict[tuple[int, int], dict[int, Tensor]] = {}

    def watch(self, index: int, size: int, row: int, photo: Image.Image, result: Image.Image) -> None:
        """Keep what the sheets show of a picture; see `viewing.Watcher`."""
        if index >= self._photos:
            return
        box = busiest(photo, DETAIL)
        for place, picture in ((0, photo), (row, result)):
            if size in self._whole.setdefault((index, place), {}):
                continue
            self._whole[index, place][size] = view_of(picture, min(VIEW, size))
            self._details.setdefault((index, place), {})[size] = to_tensor(picture.crop(box))

    def draw(self) -> dict[str, Image.Image]:
        """Return the sheets by name, "screen" and "details"; none where nothing was shown."""
        found = {"screen": self._whole, "details": self._details}
        return {name: self._sheet(pictures) for name, pictures in found.items() if pictures}

    def _sheet(self, pictures: dict[tuple[int, int], dict[int, Tensor]]) -> Image.Image:
        order = sorted(pictures, key=lambda place: (place[0], place[1]))
        sizes = [size for size in self._sizes if any(size in pictures[place] for place in order)]
        rows = [[pictures[place][size] for size in sizes if size in pictures[place]] for place in order]
        labels = [("photo", *self._styles)[row] for _, row in order]
        return grid(rows, row_labels=labels, column_labels=[f"{size} px" for size in sizes])


def draw_screens(folder: Path, screens: Screens) -> list[Figure]:
    """Write the sheets into the report's folder."""
    texts = {
        "screen": (
            "As a screen shows them",
            f"Photos restyled at several sizes (short side), then reduced to {VIEW} px. The columns should look "
            "alike: strokes that become finer to the right shrink with the pixels.",
        ),
        "details": (
            "Pixel by pixel",
            f"The busiest {DETAIL} px of the same pictures at their own size. It should look like paint, with the "
            "edges of things kept sharp.",
        ),
    }
    figures = []
    for name, sheet in screens.draw().items():
        file = f"viewing-{name}.png"
        save(sheet, folder / file)
        figures.append(Figure(file, *texts[name]))
    return figures
