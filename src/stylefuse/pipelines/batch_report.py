"""The report of a batch as a table that spreadsheets may open."""

from collections.abc import Mapping, Sequence

import pandas as pd

# A spreadsheet takes a cell that begins with one of these for a formula, and a formula may send data elsewhere.
_FORMULA = ("=", "+", "-", "@", "\t")


def batch_report(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> pd.DataFrame:
    """Return the rows as a table of text, in which no cell is a formula.

    Names of files come from others. A cell that begins with = + - @ or a tab gets an apostrophe before it, which
    spreadsheets take for the mark of text; programs that read names from the table remove it.
    """
    table = pd.DataFrame(rows, columns=list(columns))
    return table.map(lambda cell: f"'{cell}" if str(cell).startswith(_FORMULA) else cell)
