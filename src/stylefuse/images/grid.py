"""Picture grids: of tensors for training and evaluation, and contact sheets of files for reports."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from stylefuse.images.io import to_image

# Grey background, on which white margins of a picture are visible.
_PAPER, _INK = (215, 215, 215), (30, 30, 30)
_FONT_SIZE = 13


def grid(
    pictures: Tensor | Sequence[Sequence[Tensor]],
    columns: int | None = None,
    gap: int = 2,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
) -> Image.Image:
    """Arrange tensors in rows.

    Args:
        pictures: N×3×H×W in [-1, 1], split into rows of `columns`; or a list of rows of 3×H×W tensors, whose sizes may
            differ: each is centred in a cell of the largest size.
        columns: pictures a row, for a tensor; None: all in one row. Must be None for a list of rows.
        gap: pixels between cells.
        row_labels, column_labels: text left of each row and above each column.

    Raises:
        ValueError: there is no picture, or `columns` is given with a list of rows or is not positive.
    """
    rows: Sequence[Any]
    if isinstance(pictures, Tensor):
        columns = len(pictures) if columns is None else columns
        if columns < 1:
            raise ValueError("a grid needs at least one picture and one column")
        rows = [pictures[i : i + columns] for i in range(0, len(pictures), columns)]
    elif columns is not None:
        raise ValueError("a list of rows has its own columns: leave `columns` out")
    else:
        rows = pictures
    return _lay_out([[to_image(p) for p in row] for row in rows], gap, row_labels, column_labels)


def contact_sheet(
    images: Sequence[np.ndarray],
    columns: int = 8,
    size: int = 128,
    gap: int = 2,
    labels: Sequence[str] = (),
) -> Image.Image:
    """Arrange H×W×3 uint8 pictures of any sizes in rows, each scaled to fit into a cell of `size` pixels.

    Args:
        labels: text under each picture, shortened to the cell's width.

    Raises:
        ValueError: there is no picture, or the numbers of labels and pictures differ.
    """
    if labels and len(labels) != len(images):
        raise ValueError(f"{len(labels)} labels for {len(images)} pictures")
    cells = []
    for i, pixels in enumerate(images):
        picture = Image.fromarray(np.ascontiguousarray(pixels))
        scale = size / max(picture.size)
        fitted = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(fitted, Image.Resampling.LANCZOS)
        text_height = _text_size("Ag")[1] if labels else 0
        cell = Image.new("RGB", (size, size + text_height), _PAPER)
        cell.paste(picture, ((size - picture.width) // 2, (size - picture.height) // 2))
        if labels:
            ImageDraw.Draw(cell).text((0, size), _shorten(labels[i], size), _INK, _font())
        cells.append(cell)
    return _lay_out([cells[i : i + columns] for i in range(0, len(cells), columns)], gap, (), ())


def _lay_out(
    rows: Sequence[Sequence[Image.Image]], gap: int, row_labels: Sequence[str], column_labels: Sequence[str]
) -> Image.Image:
    every = [picture for row in rows for picture in row]
    if not every:
        raise ValueError("a grid needs at least one picture")
    width, height = max(p.width for p in every), max(p.height for p in every)
    columns = max(len(row) for row in rows)
    left = max((_text_size(t)[0] for t in row_labels), default=0) + (2 * gap if row_labels else 0)
    top = _text_size("Ag")[1] + gap if column_labels else 0
    sheet_size = (left + columns * (width + gap) - gap, top + len(rows) * (height + gap) - gap)
    sheet = Image.new("RGB", sheet_size, _PAPER)
    draw = ImageDraw.Draw(sheet)
    for j, text in enumerate(column_labels[:columns]):
        draw.text((left + j * (width + gap), 0), _shorten(text, width), _INK, _font())
    for i, row in enumerate(rows):
        y = top + i * (height + gap)
        if i < len(row_labels):
            draw.text((0, y + height // 2), row_labels[i], _INK, _font(), anchor="lm")
        for j, picture in enumerate(row):
            x = left + j * (width + gap)
            sheet.paste(picture, (x + (width - picture.width) // 2, y + (height - picture.height) // 2))
    return sheet


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(_FONT_SIZE)


def _text_size(text: str) -> tuple[int, int]:
    box = _font().getbbox(text)
    return int(np.ceil(box[2])), int(np.ceil(box[3])) + 2


def _shorten(text: str, width: int) -> str:
    """Shorten text to `width` pixels; the end is kept, because file names differ there."""
    if _text_size(text)[0] <= width:
        return text
    while len(text) > 1 and _text_size("…" + text)[0] > width:
        text = text[1:]
    return "…" + text
