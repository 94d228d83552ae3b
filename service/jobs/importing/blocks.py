"""The rows of a sheet that people lay out for the eye: totals, repeated headings, and orders written once.

- *Total row*: a cell says, as a whole, "Total", "Jumlah", "Grand total" or the like, in place of the date or the item,
  or in a row without a date or without an item. It is the sum of other rows and never money of its own.
- *Repeated headings*: every recognised column holds its own heading again, as where two months stand one below the
  other.
- *Merged orders*: a row without a date that names an item (or an expense), directly below a row with one, belongs to
  that row's order if it names no order and no customer of its own, or the very same. It takes date, order, customer and
  country from there. A row with a date of its own takes nothing: without a customer it is an anonymous sale.
- *Merged cells* of a workbook in one of these columns, in which the file itself says what belongs together, are filled
  likewise. Amounts never are: a sum across the lines of an order is not the money of each.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.jobs.importing.cells import Cells, Texts
from service.jobs.importing.columns import plain_heading
from service.jobs.importing.layout import Table, holds_null_character

TOTAL_ROW = "total_row"
REPEATED_HEADINGS = "repeated_headings"
BAD_TEXT = "bad_text"
_SHARED = ("order_id", "at", "user", "country")
"""Fields that the lines of one order have in common."""
_TOTAL = (
    r"(?:(?:grand|sub|sum|running|net|monthly|daily) ?)?totals?(?: (?:sales|amount|revenue|due|expenses?|cost))?"
    r"|total (?:keseluruhan|akhir|semua|seluruhnya|penjualan|pendapatan|omzet|pengeluaran|biaya|belanja|bulan ini)"
    r"|jumlah(?: (?:total|semua|keseluruhan|seluruhnya|penjualan|pengeluaran|biaya|akhir))?"
)
_MAY_BE_TOTAL = re.compile(r"(?i)total|jumlah")
_TOTAL_OF = rf"(?:{_TOTAL})(?: .*)?"


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """What a sheet's layout says of its rows."""

    table: Table
    """With the cells filled that an order's lines share."""
    reasons: NDArray[np.object_]
    """``TOTAL_ROW``, ``REPEATED_HEADINGS``, ``BAD_TEXT`` or empty, shape ``(n_rows,)``."""
    n_filled: int
    """Rows that took something from a row above."""

    @property
    def notes(self) -> list[str]:
        """What the owner should check of it."""
        if self.n_filled == 0:
            return []
        said = "they took its date, and its order and customer where they have none"
        return [f"{self.n_filled:,} rows have no date of their own and belong to the row above them; {said}."]


def laid_out(table: Table, columns: Mapping[str, int]) -> Layout:
    """The table as its layout means it, by the rules of the module.

    Args:
        table: The file's cells.
        columns: Column number by field.
    """
    reasons: NDArray[np.object_] = np.full(len(table.row_numbers), "", dtype=object)
    reasons[_are_totals(table, columns)] = TOTAL_ROW
    reasons[_are_headings(table, columns)] = REPEATED_HEADINGS
    source = _merged_sources(table, columns)
    shared = {columns[field] for field in _SHARED if field in columns}
    cells = [
        _filled(column, source[place]) if place in source else column for place, column in enumerate(table.columns)
    ]
    heads = _heads(cells, columns, is_odd=reasons != "", row_numbers=table.row_numbers)
    is_filled = heads != np.arange(len(heads))
    if is_filled.any():
        cells = [_filled(column, heads) if place in shared else column for place, column in enumerate(cells)]
    for place in source:
        is_filled |= source[place] != np.arange(len(heads))
    reasons[holds_null_character(table)] = BAD_TEXT
    return Layout(table=replace(table, columns=tuple(cells)), reasons=reasons, n_filled=int(is_filled.sum()))


def _are_totals(table: Table, columns: Mapping[str, int]) -> NDArray[np.bool_]:
    n_rows = len(table.row_numbers)
    labelled = np.zeros(n_rows, dtype=bool)
    labels: dict[int, NDArray[np.bool_]] = {}
    for place, column in enumerate(table.columns):
        labels[place] = np.zeros(n_rows, dtype=bool)
        if not _MAY_BE_TOTAL.search("\n".join(column.texts.distinct)):
            continue
        plain = pd.Series(column.texts.distinct, dtype=object).str.lower()
        plain = plain.str.replace(r"[\W_]+", " ", regex=True).str.strip()
        labels[place] = column.texts.spread(plain.str.fullmatch(_TOTAL).to_numpy(dtype=bool))
        labelled |= column.texts.spread(plain.str.fullmatch(_TOTAL_OF).to_numpy(dtype=bool))
    if not labelled.any():
        return labelled
    what = next((columns[field] for field in ("item", "title", "description") if field in columns), columns["at"])
    says_so = labels[columns["at"]] | labels[what]
    lacks = table.columns[columns["at"]].texts.is_empty | table.columns[what].texts.is_empty
    are_totals: NDArray[np.bool_] = says_so | (labelled & lacks)
    return are_totals


def _are_headings(table: Table, columns: Mapping[str, int]) -> NDArray[np.bool_]:
    repeated = np.ones(len(table.row_numbers), dtype=bool)
    # Those with the fewest different cells first: one of them tells, and plain texts are dear to make.
    for place in sorted(columns.values(), key=lambda place: len(table.columns[place].texts.distinct)):
        own = plain_heading(table.headings[place])
        texts = table.columns[place].texts
        repeated &= texts.spread(np.array([plain_heading(text) == own for text in texts.distinct], dtype=bool))
        if not repeated.any():
            break
    return repeated


def _merged_sources(table: Table, columns: Mapping[str, int]) -> dict[int, NDArray[np.intp]]:
    """For each shared column with merged cells the row from which each row takes its cell."""
    sources: dict[int, NDArray[np.intp]] = {}
    shared = {columns[field] for field in _SHARED if field in columns}
    for merged in table.merged:
        if merged.column in shared:
            source = sources.setdefault(merged.column, np.arange(len(table.row_numbers)))
            first, last = np.searchsorted(table.row_numbers, [merged.first_row, merged.last_row + 1])
            if first < last and table.row_numbers[first] == merged.first_row:
                source[first:last] = first
    return sources


def _heads(
    cells: list[Cells], columns: Mapping[str, int], *, is_odd: NDArray[np.bool_], row_numbers: NDArray[np.int64]
) -> NDArray[np.intp]:
    """The first row of the order to which each row belongs; its own place where it takes nothing."""
    own = np.arange(len(row_numbers))
    goods = [cells[columns[field]].texts for field in ("item", "title", "description") if field in columns]
    undated = cells[columns["at"]].texts.is_empty
    if not goods or not undated.any():
        return own
    is_line = undated & ~is_odd & np.logical_or.reduce([~texts.is_empty for texts in goods])
    heads: NDArray[np.intp] = np.maximum.accumulate(np.where(is_line, -1, own))
    # Only rows that stand together: a blank row, a total or headings between end the order.
    follows = (heads >= 0) & (row_numbers - row_numbers[heads] == own - heads) & ~is_odd[heads]
    follows &= ~undated[heads]
    for field in ("order_id", "user"):
        if field in columns:
            texts = cells[columns[field]].texts
            follows &= texts.is_empty | (texts.codes == texts.codes[heads])
    return np.where(is_line & follows, heads, own)


def _filled(column: Cells, source: NDArray[np.intp]) -> Cells:
    """The column with each empty cell that has another source taken from there."""
    texts = column.texts
    codes = np.where(texts.is_empty, texts.codes[source], texts.codes).astype(np.int32)
    return Cells(Texts(codes, texts.distinct), column.is_number)
