"""Tables as files that leave the house: CSV, also gzipped, and Parquet, written piece by piece.

A file is written under a temporary name, synced, and renamed when it is whole; only its owner may read it. Both formats
say the same: text as it is, instants in UTC, money exactly. CSV is for spreadsheets, so there every text that one would
run as a formula is guarded, and money has its currency's decimals. In Parquet a column has one number of decimals for
all rows: four, the most that a currency of ISO 4217 has.
"""

import gzip
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Literal, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.csv import CSVWriter, WriteOptions
from pyarrow.parquet import ParquetWriter

from service.jobs.spreadsheet_guard import guarded
from service.log.extracts import Columns
from service.money import currency_exponent

Content = Literal["text", "integer", "number", "flag", "instant", "day", "money", "digest"]
"""What a column holds: instants are microseconds UTC, days count from 1970-01-01, money is minor units of the row's
``currency``, digests are 16 bytes, written as hexadecimal text."""

Format = Literal["csv", "csv.gz", "parquet"]

FORMATS: tuple[Format, ...] = ("csv", "csv.gz", "parquet")

Write = Callable[[Columns], None]

_MOST_DECIMALS = 4
_MONEY = pa.decimal128(23, _MOST_DECIMALS)
_INSTANT = pa.timestamp("us", "UTC")
_PARQUET_TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "instant": _INSTANT,
    "day": pa.date32(),
    "money": _MONEY,
    "digest": pa.string(),
}


class FormatRefused(ValueError):
    """A file's ending names no format that can be written."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"FILE must end in .csv, .csv.gz or .parquet, got {file.name!r}")


def file_format(file: Path) -> Format:
    """The format that the file's ending names.

    Raises:
        FormatRefused: If it names none.
    """
    for format_ in FORMATS:
        if file.name.lower().endswith(f".{format_}"):
            return format_
    raise FormatRefused(file)


@contextmanager
def private_file(file: Path) -> Iterator[BinaryIO]:
    """A file to write that appears under its name, in place of what was there, once it is whole and on the disk.

    Only its owner may read it. If writing fails, nothing is left and what was there stays.
    """
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def table_writer(stream: BinaryIO, format_: Format, contents: Mapping[str, Content]) -> Iterator[Write]:
    """Writes a table to the stream, headings first; the table is whole once the context is left.

    Args:
        stream: Where to.
        format_: What the bytes are to be.
        contents: What each column holds, in the order of the file.

    Yields:
        A function that takes the next rows: every column by its name, all equally long.
    """
    if format_ == "parquet":
        schema = pa.schema([(name, _PARQUET_TYPES[content]) for name, content in contents.items()])
        with ParquetWriter(stream, schema, compression="zstd") as parquet:
            yield lambda rows: parquet.write_table(pa.table(_typed(rows, contents), schema=schema))
        return
    with _compressed(stream, format_) as text, CSVWriter(text, _csv_schema(contents), write_options=_QUOTED) as csv:
        yield lambda rows: csv.write_table(pa.table(_texts(rows, contents), schema=_csv_schema(contents)))


# Text is quoted wherever there is one, so that an empty text and no text stay two things.
_QUOTED = WriteOptions(quoting_style="needed")


@contextmanager
def _compressed(stream: BinaryIO, format_: Format) -> Iterator[BinaryIO]:
    if format_ == "csv":
        yield stream
        return
    # Without its time of writing, equal rows give equal files.
    with gzip.GzipFile(fileobj=stream, mode="wb", filename="", mtime=0, compresslevel=6) as packed:
        yield cast(BinaryIO, packed)


def _csv_schema(contents: Mapping[str, Content]) -> pa.Schema:
    native = ("integer", "number", "flag")
    return pa.schema(
        [(name, _PARQUET_TYPES[content] if content in native else pa.string()) for name, content in contents.items()]
    )


def _typed(rows: Columns, contents: Mapping[str, Content]) -> dict[str, pa.Array]:
    return {name: _array(rows, name, content, money=_decimals) for name, content in contents.items()}


def _texts(rows: Columns, contents: Mapping[str, Content]) -> dict[str, pa.Array]:
    return {name: _text(_array(rows, name, content, money=_money_texts), content) for name, content in contents.items()}


def _array(rows: Columns, name: str, content: Content, *, money: Callable[[pa.Array, Columns], pa.Array]) -> pa.Array:
    if content == "money":
        return money(pa.array(rows[name], pa.int64()), rows)
    if content == "digest":
        return _hexadecimal(rows[name])
    if content == "instant":
        return pa.array(rows[name], pa.int64()).cast(_INSTANT)
    if content == "day":
        return pa.array(rows[name], pa.int32()).cast(pa.date32())
    return pa.array(rows[name], _PARQUET_TYPES[content])


def _text(values: pa.Array, content: Content) -> pa.Array:
    if content == "text":
        return pa.array(guarded(pd.Series(values.to_pandas(), dtype="str")), pa.string(), from_pandas=True)
    if content == "instant":
        return pc.strftime(values, format="%Y-%m-%dT%H:%M:%SZ")
    return values.cast(pa.string()) if content == "day" else values


def _hexadecimal(digests: object) -> pa.Array:
    """Each 16 bytes as 32 characters, by one pass over all of them put together."""
    together = b"".join(cast("list[bytes]", digests)).hex().encode()
    return pa.array(np.frombuffer(together, dtype="S32"), pa.binary()).cast(pa.string())


def _decimals(minor: pa.Array, rows: Columns) -> pa.Array:
    parts = _by_exponent(minor, rows)
    return _whole(minor, [(of_these, amounts.cast(_MONEY)) for of_these, amounts in parts], _MONEY)


def _money_texts(minor: pa.Array, rows: Columns) -> pa.Array:
    parts = _by_exponent(minor, rows)
    return _whole(minor, [(of_these, amounts.cast(pa.string())) for of_these, amounts in parts], pa.string())


def _by_exponent(minor: pa.Array, rows: Columns) -> Iterator[tuple[pa.Array, pa.Array]]:
    """For each number of decimals that the rows' currencies have: which rows, and every amount as if it had as many."""
    currencies = pa.array(rows["currency"], pa.string()).dictionary_encode()
    exponents = [currency_exponent(currency) for currency in currencies.dictionary.to_pylist()]
    by_row = pa.array(exponents, pa.int8()).take(currencies.indices)
    whole = minor.cast(pa.decimal128(19, 0))
    for exponent in sorted(set(exponents)):
        yield pc.equal(by_row, exponent), pc.multiply(whole, pa.scalar(Decimal(1).scaleb(-exponent)))


def _whole(minor: pa.Array, parts: list[tuple[pa.Array, pa.Array]], type_: pa.DataType) -> pa.Array:
    """One array out of the parts; null where a row has no currency, since an amount without one is none."""
    whole = pa.nulls(len(minor), type_)
    for of_these, amounts in parts:
        whole = pc.if_else(pc.fill_null(of_these, fill_value=False), amounts, whole)
    return whole
