import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

import pyarrow as pa
import pytest
from pyarrow import parquet

from service.jobs.importing.reading import ImportRefused, Sheet

ReadBytes = Callable[..., Sheet]
SALES = (
    b'{"sku": "A1", "date": "2011-06-03T10:00:00Z", "price": 2.555, "qty": 3, "customer": 7}\n\n'
    b'{"sku": "A2", "date": "2011-06-13", "price": "4.00", "customer": null}\n'
)


def packed(table: pa.Table) -> bytes:
    written = BytesIO()
    parquet.write_table(table, written)
    return written.getvalue()


def test_json_lines_are_read_exactly_and_by_name(read_bytes: ReadBytes) -> None:
    """3 x 2.555 is 7.665, 766.5 pence, half to even; a field that a line leaves out is empty there."""
    sheet = read_bytes("sales.jsonl", SALES)
    assert sheet.events["amount_minor"].tolist() == [766]
    assert sheet.events["user"].tolist() == ["7"]
    assert sheet.refused[["row_number", "reason"]].to_numpy().tolist() == [[3, "bad_quantity"]]
    assert (sheet.reading.format, sheet.headings) == ("jsonl", ("sku", "date", "price", "qty", "customer"))


def test_parquet_is_read_with_its_types(read_bytes: ReadBytes) -> None:
    table = pa.table(
        {
            "sku": pa.array(["A1", "A2", None]).dictionary_encode(),
            "qty": pa.array([3, 1, 1], type=pa.int16()),
            "date": pa.array([datetime(2011, 6, 3, 10, tzinfo=UTC)] * 3, type=pa.timestamp("us", tz="UTC")),
            "price": pa.array([Decimal("2.50"), Decimal("0.10"), None], type=pa.decimal128(12, 2)),
            "customer": pa.array([7, None, None]),
        }
    )
    for name, data in (("sales.parquet", packed(table)), ("sales.parquet.gz", gzip.compress(packed(table), mtime=0))):
        sheet = read_bytes(name, data)
        assert sheet.events["amount_minor"].tolist() == [750, 10]
        assert sheet.events["at"].tolist() == [1_307_095_200_000_000] * 2
        assert sheet.events["anonymous"].tolist() == [False, True]
        assert sheet.refused[["row_number", "reason"]].to_numpy().tolist() == [[3, "missing_item"]]


def test_dates_and_floats_of_parquet_mean_what_they_say(read_bytes: ReadBytes) -> None:
    table = pa.table({"sku": ["A", "B"], "date": [date(2011, 6, 3)] * 2, "price": [1e6, 0.005], "note": [[1], []]})
    sheet = read_bytes("sales.parquet", packed(table))
    assert sheet.events["amount_minor"].tolist() == [100_000_000, 0]


def test_no_guard_is_taken_off_where_no_spreadsheet_wrote(read_bytes: ReadBytes) -> None:
    line = b'{"sku": "\'=A1", "date": "2011-06-03", "price": 1}\n'
    assert read_bytes("sales.jsonl", line).events["item"].tolist() == ["'=A1"]
    assert read_bytes("sales.csv", b"sku,date,price\n'=A1,2011-06-03,1\n").events["item"].tolist() == ["=A1"]


def test_a_file_without_columns_or_rows_is_refused(read_bytes: ReadBytes) -> None:
    for data, name in ((b"{}\n", "a.jsonl"), (packed(pa.table({"sku": pa.array([], pa.string())})), "a.parquet")):
        with pytest.raises(ImportRefused, match="nothing to import"):
            read_bytes(name, data)
