"""Excel and OpenDocument workbooks to a table: numbers and dates as the cells hold them, not as they look.

Of several sheets the one is read whose headings can be read as some kind of file; where that is true of several, or of
none, the owner says which: ``--map sheet=NAME``.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from service.jobs.importing.cells import Cells, Texts
from service.jobs.importing.layout import (
    SEARCHED_ROWS,
    Headings,
    MergedCells,
    RowsRefused,
    Table,
    filled_rows,
    found_headings,
    refuse_nothing_below,
)
from service.jobs.spreadsheet_guard import unguarded

_HALF_SECOND = timedelta(milliseconds=500)


def workbook_table(
    data: bytes, *, named: Collection[str], sheet: str | None, is_readable: Callable[[tuple[str, ...]], bool]
) -> Table:
    """The table on one sheet of a workbook.

    Args:
        data: The file's bytes.
        named: Headings that the owner named.
        sheet: The sheet to read; None takes the only one whose headings can be read.
        is_readable: Whether a sheet with these headings can be read.

    Raises:
        RowsRefused: If there is no such sheet, or no table on it.
    """
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        name, headings = _sheet_and_headings(book, named=named, sheet=sheet, is_readable=is_readable)
        opened = book.get_sheet_by_name(name)
        rows = opened.to_python(skip_empty_area=False)
    except CalamineError as error:
        raise RowsRefused(f"is a workbook that can't be read ({error}): save it again as .xlsx") from error
    width = len(headings.cells)
    below = rows[headings.row + 1 :]
    columns = [_column(row[place] for row in below) for place in range(min(width, len(rows[0])))]
    is_overlong = np.array([any(cell != "" for cell in row[width:]) for row in below], dtype=bool)
    is_row = filled_rows(columns) | is_overlong if below else np.zeros(0, dtype=bool)
    refuse_nothing_below(int(is_row.sum()))
    kept = np.flatnonzero(is_row)
    return Table(
        headings=headings.cells,
        columns=tuple(column.take(kept) for column in columns),
        row_numbers=kept + headings.row + 2,
        is_overlong=is_overlong[kept],
        format="workbook",
        sheet=name,
        title_rows=headings.n_titles,
        merged=_merged(opened),
    )


def _sheet_and_headings(
    book: CalamineWorkbook, *, named: Collection[str], sheet: str | None, is_readable: Callable[[tuple[str, ...]], bool]
) -> tuple[str, Headings]:
    found: dict[str, Headings] = {}
    for about in book.sheets_metadata:
        if about.typ == SheetTypeEnum.WorkSheet:
            headings = _headings(book.get_sheet_by_name(about.name), named)
            if headings is not None:
                found[about.name] = headings
    listed = ", ".join(repr(name) for name in found)
    if not found:
        raise RowsRefused("holds no filled sheet")
    if sheet is not None:
        if sheet not in found:
            raise RowsRefused(f"has no filled sheet {sheet!r}; it has {listed}")
        return sheet, found[sheet]
    readable = [name for name, headings in found.items() if is_readable(headings.cells)]
    if len(readable) > 1:
        listed = ", ".join(map(repr, readable))
        raise RowsRefused(f"has several sheets that can be read: {listed}. Say which one with --map sheet=NAME")
    if not readable and len(found) > 1:
        raise RowsRefused(f"has no sheet with the columns needed; it has {listed}. Say which with --map sheet=NAME")
    name = (readable or [*found])[0]
    return name, found[name]


def _headings(sheet: CalamineSheet, named: Collection[str]) -> Headings | None:
    # Blank rows between the titles must not hide the headings below them.
    rows = sheet.to_python(skip_empty_area=False, nrows=10 * SEARCHED_ROWS)
    return found_headings([[str(_value(cell)) for cell in row] for row in rows], named=named)


def _value(cell: Any) -> Any:
    """The cell's value; an instant to the second, for a fraction of a day has no exact milliseconds."""
    match cell:
        case str():
            return cell.strip()
        case datetime():
            return (cell + _HALF_SECOND).replace(microsecond=0)
        case date() | time() | bool() | int() | float():
            return cell
        case _:
            return str(cell)


def _column(values: Iterable[Any]) -> Cells:
    cells = Cells.of_values(map(_value, values))
    texts = unguarded(pd.Series(cells.texts.distinct, dtype=object)).to_numpy(dtype=object)
    return Cells(Texts(cells.texts.codes, texts), cells.is_number)


def _merged(sheet: CalamineSheet) -> tuple[MergedCells, ...]:
    return tuple(
        MergedCells(column=left, first_row=top + 1, last_row=bottom + 1)
        for (top, left), (bottom, _right) in sheet.merged_cell_ranges or ()
        if bottom > top
    )
