"""Make the report of a batch as a table that is safe to open in a spreadsheet."""

from collections.abc import Mapping, Sequence

import pandas as pd

# Spreadsheets read a cell that begins with one of these as a formula, and a formula can send data elsewhere.
_FORMULA = ("=", "+", "-", "@", "\t")


def batch_report(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> pd.DataFrame:
    """Return the rows as a table of text in which no cell is a formula.

    Other people choose file names. A cell that begins with = + - @ or a tab gets an apostrophe in front, which
    marks text in spreadsheets. Programs that read names from the table have to remove it.
    """
    table = pd.DataFrame(rows, columns=list(columns))
    return table.map(lambda cell: f"'{cell}" if str(cell).startswith(_FORMULA) else cell)
