"""Promises of exported files: exact, safe to open in a spreadsheet, whole or not there, and only their owner's."""

import csv
import gzip
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.jobs.export_files import Content, Format, FormatRefused, file_format, private_file, table_writer
from service.jobs.spreadsheet_guard import unguarded
from service.money import decimal_amount

CONTENTS: dict[str, Content] = {
    "name": "text",
    "count": "integer",
    "share": "number",
    "open": "flag",
    "at": "instant",
    "day": "day",
    "amount": "money",
    "currency": "text",
    "hash": "digest",
}
# 2026-03-01 is day 20,513: 56 years of 365 days, 14 leap days, 31 + 28 days of the year.
ROWS: dict[str, Any] = {
    "name": ["=1+2", "plain", None],
    "count": [-3, None, 2**53 + 1],
    "share": [0.1, None, 2.0],
    "open": [True, False, None],
    "at": [20_513 * 86_400_000_000 + 1, None, 0],
    "day": [20_513, 0, None],
    "amount": [-250, 1_234, 5],
    "currency": ["GBP", "KWD", None],
    "hash": [b"\0" * 16, bytes(range(16)), b"\xff" * 16],
}


def written(format_: Format, *pieces: dict[str, Any], contents: dict[str, Content] = CONTENTS) -> bytes:
    stream = io.BytesIO()
    with table_writer(stream, format_, contents) as write:
        for piece in pieces:
            write(piece)
    return stream.getvalue()


def cells(said: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(said.decode(), newline="")))


def test_csv_says_money_with_its_currencys_decimals_and_instants_as_rfc_3339() -> None:
    first, second, third = cells(written("csv", ROWS))
    assert first == {
        "name": "'=1+2",
        "count": "-3",
        "share": "0.1",
        "open": "true",
        "at": "2026-03-01T00:00:00.000001Z",
        "day": "2026-03-01",
        "amount": "-2.50",
        "currency": "GBP",
        "hash": "00" * 16,
    }
    assert (second["amount"], second["hash"]) == ("1.234", "000102030405060708090a0b0c0d0e0f")
    assert (second["count"], second["share"], second["at"]) == ("", "", "")
    assert (third["count"], third["amount"], third["currency"]) == ("9007199254740993", "", "")


def test_parquet_says_the_same_in_types_of_its_own_and_guards_nothing() -> None:
    first, second, third = pq.read_table(io.BytesIO(written("parquet", ROWS))).to_pylist()
    assert first == {
        "name": "=1+2",
        "count": -3,
        "share": 0.1,
        "open": True,
        "at": datetime(2026, 3, 1, microsecond=1, tzinfo=UTC),
        "day": date(2026, 3, 1),
        "amount": Decimal("-2.5000"),
        "currency": "GBP",
        "hash": "00" * 16,
    }
    assert second["amount"] == Decimal("1.2340")
    assert (third["count"], third["amount"]) == (2**53 + 1, None)


def test_a_gzipped_file_holds_the_plain_one_and_equal_rows_give_equal_files() -> None:
    packed = written("csv.gz", ROWS)
    assert gzip.decompress(packed) == written("csv", ROWS)
    assert packed == written("csv.gz", ROWS)


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_a_table_without_rows_still_has_its_headings(format_: Format) -> None:
    said = written(format_)
    headings = next(csv.reader([said.decode()])) if format_ == "csv" else pq.read_schema(io.BytesIO(said)).names
    assert headings == list(CONTENTS)


# Surrogates are no text that a log holds, nor is U+0000 (see service.api.text).
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")) | st.text("'=+-@\t\r\n\",a1 ")


@given(st.lists(st.none() | TEXTS, min_size=1), st.integers(1, 4))
def test_any_text_comes_back_from_csv_as_it_was_once_its_guard_is_off(texts: list[str | None], size: int) -> None:
    pieces = [{"n": range(len(part)), "t": part} for part in (texts[i : i + size] for i in range(0, len(texts), size))]
    said = written("csv", *pieces, contents={"n": "integer", "t": "text"})
    rows = cells(said)
    assert not any(row["t"].startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows)
    assert unguarded(pd.Series([row["t"] for row in rows], dtype="str")).tolist() == [text or "" for text in texts]


@given(
    st.lists(
        st.tuples(st.integers(-(10**18), 10**18), st.sampled_from(["GBP", "IDR", "JPY", "KWD", "CLF"])), min_size=1
    )
)
def test_any_sum_of_money_is_the_exact_decimal_in_both_formats(sums: list[tuple[int, str]]) -> None:
    minor, currencies = zip(*sums, strict=True)
    rows, contents = {"m": minor, "currency": currencies}, {"m": "money", "currency": "text"}
    expected = [decimal_amount(*one) for one in sums]
    assert [row["m"] for row in cells(written("csv", rows, contents=contents))] == [f"{one:f}" for one in expected]  # type: ignore[arg-type]  # literals
    parquet = pq.read_table(io.BytesIO(written("parquet", rows, contents=contents)))  # type: ignore[arg-type]  # literals
    assert parquet["m"].to_pylist() == expected


@pytest.mark.parametrize(
    ("name", "format_"),
    [("a.csv", "csv"), ("A.CSV", "csv"), ("a.csv.gz", "csv.gz"), ("a.b.parquet", "parquet")],
)
def test_the_ending_chooses_the_format(name: str, format_: str) -> None:
    assert file_format(Path(name)) == format_


@pytest.mark.parametrize("name", ["a.xlsx", "a", "a.gz", "csv", "a.csv.zip", "a.parquet.gz"])
def test_another_ending_is_refused_with_those_that_can_be_written(name: str) -> None:
    with pytest.raises(FormatRefused, match=r"\.csv, \.csv\.gz or \.parquet, got"):
        file_format(Path(name))


def test_a_file_appears_whole_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("before")
    with private_file(file) as stream:
        stream.write(b"after")
        assert file.read_text() == "before"
    assert file.read_text() == "after"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_fails_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("before")
    with pytest.raises(ValueError, match="closed file"), private_file(file) as stream:
        stream.close()
    assert [(found, found.read_text()) for found in tmp_path.iterdir()] == [(file, "before")]
