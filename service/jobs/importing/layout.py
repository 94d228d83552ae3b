"""A table as every format gives it, and where in a sheet its headings are.

People put titles, dates and blank rows above their headings. So the headings are the row, of the first
``SEARCHED_ROWS`` filled ones, in which most cells are headings that some kind of file is known to have (or that the
owner named); the first of equals. If no row has two such cells, it is the first filled row.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.jobs.importing.cells import Cells
from service.jobs.importing.columns import KNOWN_HEADINGS, plain_heading

SEARCHED_ROWS = 40


class RowsRefused(Exception):
    """A file's content that is no table; the message goes on after the file's name."""


@dataclass(frozen=True, slots=True)
class MergedCells:
    """Cells of one column that a sheet shows as one, by their row numbers, the last included."""

    column: int
    first_row: int
    last_row: int


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A file's cells; wholly empty rows are left out."""

    headings: tuple[str, ...]
    columns: tuple[Cells, ...]
    """One per heading."""
    row_numbers: NDArray[np.int64]
    """As a spreadsheet shows them, shape ``(n_rows,)``."""
    is_overlong: NDArray[np.bool_]
    """Whether the row has more cells than there are headings, shape ``(n_rows,)``."""
    format: str
    """``text``, ``workbook``, ``jsonl`` or ``parquet``."""
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    title_rows: int = 0
    """Filled rows above the headings."""
    merged: tuple[MergedCells, ...] = ()


@dataclass(frozen=True, slots=True)
class Headings:
    """The row of headings among the first rows of a sheet."""

    row: int
    """Its place among all rows, from 0."""
    cells: tuple[str, ...]
    """Up to the last filled one."""
    n_known: int
    n_titles: int
    """Filled rows above."""


def found_headings(rows: Sequence[Sequence[str]], *, named: Collection[str]) -> Headings | None:
    """The row of headings by the rule of the module; None where all rows are empty.

    Args:
        rows: The first rows of the sheet, without surrounding blanks in the cells.
        named: Headings that the owner named.
    """
    known = KNOWN_HEADINGS | {plain_heading(name) for name in named}
    filled = [place for place, row in enumerate(rows) if any(row)][:SEARCHED_ROWS]
    if not filled:
        return None
    counts = [len({plain_heading(cell) for cell in rows[place]} & known) for place in filled]
    best = counts.index(max(counts)) if max(counts) > 1 else 0
    row = rows[filled[best]]
    width = max(place for place, cell in enumerate(row, start=1) if cell)
    return Headings(row=filled[best], cells=tuple(row[:width]), n_known=counts[best], n_titles=best)


def filled_rows(columns: Sequence[Cells]) -> NDArray[np.bool_]:
    """Whether each row has any cell that is not empty."""
    filled = np.zeros(len(columns[0].texts.codes), dtype=bool)
    for column in columns:
        filled |= ~column.texts.is_empty
    return filled


def refuse_nothing_below(n_rows: int) -> None:
    """Stops where there is no row.

    Raises:
        RowsRefused: If ``n_rows`` is 0.
    """
    if n_rows == 0:
        raise RowsRefused("holds a row of headings and no rows below it: nothing to import")


def holds_null_character(table: Table) -> NDArray[np.bool_]:
    """Whether a cell of the row holds U+0000, which not every database keeps."""
    found = np.zeros(len(table.row_numbers), dtype=bool)
    for column in table.columns:
        facts = np.array(["\x00" in text for text in column.texts.distinct], dtype=bool)
        if facts.any():
            found |= column.texts.spread(facts)
    return found
