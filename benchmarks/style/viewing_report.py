"""Tables and sheets of what is measured at viewing size."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.common.tables import readable, records_to_markdown
from stylefuse.evaluation.summary import number, percent, viewing_rows
from stylefuse.images.grid import grid
from stylefuse.images.io import decode, save, to_tensor

SHOWN = 3  # photos on the sheets
# Sheets of whole pictures, and of details at their own size.
WHOLE, PART = "whole", "1to1"


def report(cells: Mapping[str, Sequence[dict[str, Any]]]) -> str:
    """Return the tables as Markdown: means over styles, then every style. cells: by method."""
    means, rows = [], []
    for name, found in cells.items():
        method = {"method": readable(name)}
        rows += [{**method, **row} for row in viewing_rows(found)]
        for view, size in sorted({(cell["view"], cell["size"]) for cell in found}):
            same = [cell for cell in found if (cell["view"], cell["size"]) == (view, size)]
            means.append({**method, **_means(same)})
    if not rows:
        return "nothing was measured: the photos are smaller than every size; see --enlarge\n"
    return f"Means over styles\n\n{records_to_markdown(means)}\n\nBy style\n\n{records_to_markdown(rows)}\n"


def _means(cells: Sequence[dict[str, Any]]) -> dict[str, str]:
    def mean(*path: str) -> float | None:
        values = []
        for cell in cells:
            value: Any = cell
            for key in path:
                value = value[key]
            values.append(value)
        return None if None in values else sum(values) / len(values)

    first = cells[0]
    return {
        "view": f"{first['view']} px",
        "size": f"{first['size']} px",
        "photos (enlarged)": f"{first['photos']} ({first['photos_enlarged']})",
        "judge": percent(mean("judge", "accuracy_fakes")),
        "probability": number(mean("judge", "probability_fakes")),
        **({"patch judge": percent(mean("patches", "accuracy_fakes"))} if "patches" in first else {}),
        "strokes": number(mean("strokes", "score")),
        "spectrum": number(mean("spectrum", "score")),
        "SSIM": number(mean("ssim")),
        "edges 1:1": number(mean("edges")),
    }


def draw_sheet(
    out: Path, kind: str, row: int, style: str, methods: Sequence[str], sizes: Sequence[int]
) -> None:
    """Write the sheet of a style: a row a photo and method, a column a size."""
    rows, labels = [], []
    for place in range(SHOWN):
        for name in methods:
            files = [shown_file(out, name, size, row, place, kind) for size in sizes]
            if found := [to_tensor(decode(file)) for file in files if file.is_file()]:
                rows.append(found)
                labels.append(readable(name))
    if rows:
        columns = [f"{size} px" for size in sizes]
        sheet = grid(rows, row_labels=labels, column_labels=columns)
        save(sheet, out / "sheets" / f"{kind}-{row}-{style}.png")


def shown_file(out: Path, name: str, size: int, row: int, place: int, kind: str) -> Path:
    """Return the file of a picture that sheets are made of: of a method, size, style, photo and kind of sheet."""
    return out / "shown" / f"{name}-{size}-style-{row}-photo-{place}-{kind}.png"
