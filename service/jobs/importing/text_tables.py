"""CSV and TSV to a table, in whatever encoding and with whatever delimiter."""

import codecs
import csv
import io
from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd

from service.jobs.importing.cells import Cells, Texts
from service.jobs.importing.layout import (
    Headings,
    RowsRefused,
    Table,
    filled_rows,
    found_headings,
    refuse_nothing_below,
)
from service.jobs.spreadsheet_guard import unguarded

DELIMITERS = (",", ";", "\t", "|")
_PEEK_BYTES = 65_536


def text_table(data: bytes, *, named: Collection[str]) -> Table:
    """The table a text holds.

    Text is UTF-8 (with or without byte order mark) or UTF-16 with a byte order mark; failing both Windows-1252, then
    Latin-1, in which every byte is a letter. The delimiter is the one that cuts a row into most known headings, and
    among equals into most cells. A row shorter than the headings is filled up with empty cells; an overlong one is
    marked, and keeps only its first cells. The guard that our exports put before formulas is taken off.

    Args:
        data: The file's bytes.
        named: Headings that the owner named.

    Raises:
        RowsRefused: If the bytes are no table.
    """
    data, encoding = _as_utf8(data)
    delimiter, headings = _delimiter_and_headings(data, named)
    columns = _columns(data, delimiter, width=len(headings.cells))
    del data
    is_row = filled_rows(columns)
    is_row[: headings.row + 1] = False
    refuse_nothing_below(int(is_row.sum()))
    rows = np.flatnonzero(is_row)
    *own, beyond = (column.take(rows) for column in columns)
    return Table(
        headings=headings.cells,
        columns=tuple(own),
        row_numbers=rows + 1,
        is_overlong=~beyond.texts.is_empty,
        format="text",
        encoding=encoding,
        delimiter=delimiter,
        title_rows=headings.n_titles,
    )


def _as_utf8(data: bytes) -> tuple[bytes, str]:
    data = data.removeprefix(codecs.BOM_UTF8)
    encodings = ["utf-8", "cp1252", "latin-1"]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings.insert(0, "utf-16")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return (data if encoding == "utf-8" else text.encode()), encoding
    raise AssertionError("latin-1 decodes every byte")


def _delimiter_and_headings(data: bytes, named: Collection[str]) -> tuple[str, Headings]:
    """The delimiter, the first of ``DELIMITERS`` among equals, and the headings that it cuts out."""
    start = data[:_PEEK_BYTES].decode("utf-8", errors="ignore")
    try:
        found = {mark: found_headings([*_first_rows(start, mark)], named=named) for mark in DELIMITERS}
    except csv.Error as error:
        raise RowsRefused(f"is no table of cells ({error})") from error
    by_mark = {mark: headings for mark, headings in found.items() if headings is not None}
    if len(by_mark) < len(found):  # nothing but blanks and one of the delimiters
        raise RowsRefused("holds no text: export it again, with a row of headings first")
    delimiter = max(by_mark, key=lambda mark: (by_mark[mark].n_known > 1, len(by_mark[mark].cells)))
    return delimiter, by_mark[delimiter]


def _first_rows(start: str, delimiter: str) -> Iterator[list[str]]:
    for cells in csv.reader(io.StringIO(start, newline=""), delimiter=delimiter):
        yield [cell.strip() for cell in cells]


def _columns(data: bytes, delimiter: str, *, width: int) -> list[Cells]:
    """All rows, ``width`` columns and one more that shows whether a row goes on beyond them.

    pandas insists that some row has as many cells as columns are asked for, and otherwise stops at the first overlong
    row; a made row of ``width + 1`` empty cells above the text settles both, and is left out of what is given back.
    """
    places = list(range(width + 1))
    try:
        frame = pd.read_csv(
            io.BytesIO((delimiter * width + "\n").encode() + data),
            sep=delimiter,
            header=None,
            names=places,
            usecols=places,
            dtype="category",
            na_filter=False,
            skip_blank_lines=False,
            index_col=False,
            low_memory=False,
            encoding="utf-8",
        )
    except pd.errors.ParserError as error:
        raise RowsRefused(f"can't be cut into cells ({error}): look for a quotation mark left open") from error
    return [_cells(frame.pop(place)) for place in places]  # type: ignore[arg-type]  # its columns are numbered


def _cells(column: pd.Series) -> Cells:
    texts = unguarded(pd.Series(column.cat.categories, dtype="str").str.strip())
    return Cells.of_texts(Texts.of(column.cat.codes.to_numpy()[1:], texts.to_numpy(dtype=object)))
