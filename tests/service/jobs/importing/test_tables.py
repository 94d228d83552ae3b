import gzip
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.jobs.importing.layout import Table
from service.jobs.importing.reading import ImportRefused
from service.jobs.importing.tables import read_table

PLAIN = "Item,Title,Date,Price\nA1,Tea,2024-01-05,2.50\nA2,Cup,2024-01-06,4.00\n"


def written(folder: Path, content: bytes, *, name: str = "sales.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def table(folder: Path, content: bytes, *, name: str = "sales.csv") -> Table:
    return table_of(written(folder, content, name=name))


def table_of(path: Path) -> Table:
    return read_table(path, named=(), sheet=None, is_readable=lambda _headings: True)


def cells(table: Table) -> list[list[str]]:
    return [list(row) for row in zip(*(column.texts.rows() for column in table.columns), strict=True)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    read = table(tmp_path, PLAIN.replace(",", delimiter).encode())
    assert read.delimiter == delimiter
    assert read.headings == ("Item", "Title", "Date", "Price")
    assert cells(read) == [["A1", "Tea", "2024-01-05", "2.50"], ["A2", "Cup", "2024-01-06", "4.00"]]


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("cp1252", "cp1252")],
)
def test_accents_and_currency_signs_survive_each_encoding(tmp_path: Path, encoding: str, told: str) -> None:
    read = table(tmp_path, "Item,Title\nA1,Café £5\n".encode(encoding))
    assert cells(read) == [["A1", "Café £5"]]
    assert read.headings == ("Item", "Title")
    assert read.encoding == told


def test_bytes_that_windows_does_not_know_are_read_as_latin_1(tmp_path: Path) -> None:
    read = table(tmp_path, b"Item,Title\nA1,Caf\xe9 \x81\n")
    assert read.encoding == "latin-1"
    assert cells(read) == [["A1", "Caf\xe9 \x81"]]


def test_compression_is_told_by_the_content_not_by_the_name(tmp_path: Path) -> None:
    packed = gzip.compress(PLAIN.encode(), mtime=0)
    assert cells(table(tmp_path, packed, name="sales.csv")) == cells(table(tmp_path, packed, name="sales.csv.gz"))
    with pytest.raises(ImportRefused, match=r"plain\.csv\.gz is named \.gz but is not compressed"):
        table(tmp_path, PLAIN.encode(), name="plain.csv.gz")


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    """Row 1 is blank, 2 the headings, 3 a sale over two lines of text, 4 blank cells, 5 the second sale."""
    read = table(tmp_path, b'\nItem,Title\nA1,"Tea\nfor two"\n,\nA2,Cup\n')
    assert read.row_numbers.tolist() == [3, 5]
    assert cells(read) == [["A1", "Tea\nfor two"], ["A2", "Cup"]]


def test_a_row_of_another_length_costs_only_itself(tmp_path: Path) -> None:
    read = table(tmp_path, b"Item,Title,Price\nA1,Tea\nA2,Tea, green,2\nA3,Cup,4,,\n")
    assert cells(read) == [["A1", "Tea", ""], ["A2", "Tea", "green"], ["A3", "Cup", "4"]]
    assert read.is_overlong.tolist() == [False, True, False]


def test_nothing_is_taken_for_a_missing_value_or_a_number(tmp_path: Path) -> None:
    read = table(tmp_path, b"Item,Title\n007,NA\n1e5,null\n")
    assert cells(read) == [["007", "NA"], ["1e5", "null"]]


def test_quotation_marks_inside_a_cell_are_kept(tmp_path: Path) -> None:
    assert cells(table(tmp_path, b'Item,Title\nA1,"5"" pot"\nA2,6" pot\n')) == [["A1", '5" pot'], ["A2", '6" pot']]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("sales.csv", b"", "sales.csv is empty"),
        ("sales.csv", b" \n\n", "sales.csv is empty"),
        ("sales.csv", b",,\n,,\n", "sales.csv holds no text"),
        ("sales.csv", b"Item,Price\n", "no rows below it"),
        ("sales.xlsx", PLAIN.encode(), r"named \.xlsx but is a text table.*rename it to \.csv.*Supported: CSV or TSV"),
        ("sales.xlsx.gz", gzip.compress(PLAIN.encode(), mtime=0), r"named \.xlsx but is a text table"),
        ("sales.parquet", b"PAR1....PAR1", "a damaged Parquet file"),
        ("sales.csv", b'{"item": "A1"}\n', r"named \.csv but is JSON Lines.*rename it to \.jsonl"),
        ("sales.jsonl", b'{"item": "A1"}\nnothing', "holds no JSON object in line 2"),
        ("sales.jsonl", b'{"item": "A1"}\n[1]', "holds no JSON object in line 2"),
        ("sales.json", b'[{"item": "A1"}]', "one JSON array: write one object per line"),
        ("sales.xls", b"<html><table>", "HTML or XML"),
        ("sales.csv", b"Item\x00,Price\n1,2\n", "binary data"),
        ("sales.csv", bytes(range(1, 32)) * 9, "binary data"),
        ("sales.csv.gz", gzip.compress(PLAIN.encode(), mtime=0)[:-9], "cut off or damaged"),
        ("sales.csv", b'Item,Price\n1,"2\n3,4\n', "quotation mark left open"),
    ],
)
def test_what_is_no_table_is_refused_with_its_name_and_a_way_out(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(ImportRefused, match=f"(?s){message}") as refusal:
        table(tmp_path, content, name=name)
    assert name in str(refusal.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"nowhere\.csv can't be read: No such file"):
        table_of(tmp_path / "nowhere.csv")
    with pytest.raises(ImportRefused, match="can't be read: Is a directory"):
        table_of(tmp_path)


def test_a_heading_that_begins_with_a_bracket_is_not_taken_for_json(tmp_path: Path) -> None:
    assert table(tmp_path, b"[Item],[Price]\nA1,2\n").headings == ("[Item]", "[Price]")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary() | st.text().map(str.encode) | st.text(alphabet='ab,;\t"\n\r ').map(str.encode))
def test_no_content_brings_anything_but_a_table_or_a_refusal(tmp_path: Path, content: bytes) -> None:
    with suppress(ImportRefused):
        read = table(tmp_path, content)
        assert len(read.columns) == len(read.headings)
        assert len(read.row_numbers) == len(read.is_overlong) > 0
