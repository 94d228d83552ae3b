"""JSON Lines and Parquet to a table: values as the file types them, headings as it names them.

Lists and objects in a cell become JSON text. A row's number is that of its line, or its place in a Parquet file.
"""

from decimal import Decimal
from io import BytesIO
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from service.jobs.importing.cells import Cells, Texts
from service.jobs.importing.layout import RowsRefused, Table, filled_rows, refuse_nothing_below


def json_lines_table(data: bytes) -> Table:
    """The table that one JSON object per line makes; its headings are the names, in order of first mention.

    A loop over the rows, since each must be decoded on its own for its decimals to stay exact.

    Raises:
        RowsRefused: If the bytes are not UTF-8, or a line is no object.
    """
    decoder = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
    values: dict[str, list[Any]] = {}
    numbers: list[int] = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise RowsRefused(f"holds no JSON object in line {number}: {error}") from error
        for name, value in record.items():
            column = values.setdefault(name, [])
            column.extend([None] * (len(numbers) - len(column)))
            column.append(_plain(value))
        numbers.append(number)
    columns = [Cells.of_values(column + [None] * (len(numbers) - len(column))) for column in values.values()]
    return _table([*values], columns, np.array(numbers, dtype=np.int64), form="jsonl")


def parquet_table(data: bytes) -> Table:
    """The table of a Parquet file.

    Raises:
        RowsRefused: If the file is damaged.
    """
    try:
        table = parquet.read_table(BytesIO(data), memory_map=False)
    except (pa.ArrowException, OSError) as error:
        raise RowsRefused(f"is a damaged Parquet file ({error}): fetch it again") from error
    del data
    columns = [_cells(table.column(place)) for place in range(table.num_columns)]
    numbers = np.arange(1, table.num_rows + 1, dtype=np.int64)
    return _table(table.column_names, columns, numbers, form="parquet")


def _table(headings: list[str], columns: list[Cells], numbers: np.ndarray[Any, Any], *, form: str) -> Table:
    if not columns:
        raise RowsRefused("names no columns: nothing to import")
    rows = np.flatnonzero(filled_rows(columns))
    refuse_nothing_below(len(rows))
    return Table(
        headings=tuple(headings),
        columns=tuple(column.take(rows) for column in columns),
        row_numbers=numbers[rows],
        is_overlong=np.zeros(len(rows), dtype=bool),
        format=form,
    )


def _cells(column: pa.ChunkedArray) -> Cells:
    """One loop over the distinct values; over the rows only where values are lists or objects."""
    kind = column.type
    if pa.types.is_nested(kind):
        return Cells.of_values(_plain(value) for value in column.to_pylist())
    encoded = column if pa.types.is_dictionary(kind) else pc.dictionary_encode(column, null_encoding="encode")
    merged = encoded.combine_chunks()
    merged = merged.chunk(0) if isinstance(merged, pa.ChunkedArray) else merged
    distinct = Cells.of_values([*merged.dictionary.to_pylist(), None])
    missing = len(merged.dictionary)
    places = pc.fill_null(merged.indices.cast(pa.int32()), missing).to_numpy(zero_copy_only=False)
    return Cells(Texts(distinct.texts.codes[places], distinct.texts.distinct), distinct.is_number)


def _plain(value: Any) -> Any:
    """The value, or its JSON where a cell holds a list or an object."""
    if isinstance(value, (list, dict, tuple)):
        return msgspec.json.encode(value, enc_hook=str).decode()
    return value
