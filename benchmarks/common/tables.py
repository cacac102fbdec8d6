"""Tables as Markdown to read and CSV to compute with."""

import csv
import io
from collections.abc import Mapping, Sequence

import numpy as np


def to_markdown(rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table; the first row is its head."""
    head, *body = [[str(cell) for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def records_to_markdown(records: Sequence[Mapping[str, object]]) -> str:
    """Return a Markdown table of mappings with the same keys, which are its head; None is an empty cell."""
    names = list(records[0])
    rows = [["" if record[name] is None else record[name] for name in names] for record in records]
    return to_markdown([names, *rows])


def to_csv(rows: Sequence[Sequence[object]]) -> str:
    """Return rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and its standard error, which is 0 for a single value."""
    spread = np.std(values, ddof=1) if len(values) > 1 else 0.0
    return float(np.mean(values)), float(spread / np.sqrt(len(values)))


def readable(name: str) -> str:
    """Return a name with spaces in place of underscores."""
    return name.replace("_", " ")
