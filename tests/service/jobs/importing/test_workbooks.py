import gzip
from collections.abc import Callable
from datetime import datetime
from io import BytesIO

import pytest
from openpyxl import Workbook

from service.jobs.importing.reading import ImportRefused, Sheet

ReadBytes = Callable[..., Sheet]


def workbook(sheets: dict[str, list[list[object]]], *, merged: dict[str, list[str]] | None = None) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for cells in (merged or {}).get(name, []):
            sheet.merge_cells(cells)
    written = BytesIO()
    book.save(written)
    return written.getvalue()


HEAD = ["Invoice", "SKU", "Qty", "Date", "Price", "Customer"]
SALE = ["1", "A1", 3, datetime(2011, 6, 3, 10, 0), 2.5, "c7"]  # noqa: DTZ001  a wall clock's time


def test_dates_and_numbers_are_those_of_the_cells_and_mean_the_same_as_in_a_text_file(read_bytes: ReadBytes) -> None:
    """1.005 is a number here, whatever the decimal mark of the shop; and a file saved as another keeps its ids."""
    rows = [HEAD, SALE, ["2", "A2", 1, datetime(2011, 6, 13), 1.005, 17850.0]]  # noqa: DTZ001  as above
    sheet = read_bytes("sales.xlsx", workbook({"Sales": rows}), currency="KWD")
    assert sheet.events["amount_minor"].tolist() == [7500, 1005]
    assert sheet.events["user"].tolist() == ["c7", "17850"]
    assert (sheet.reading.format, sheet.reading.sheet) == ("workbook", "Sales")
    text = "Invoice,SKU,Qty,Date,Price,Customer\n1,A1,3,2011-06-03 10:00,2.50,c7\n2,A2,1,13/06/2011,1.0050,17850\n"
    assert read_bytes("sales.csv", text.encode(), currency="KWD").events["id"].tolist() == sheet.events["id"].tolist()


def test_a_number_in_a_column_of_dates_is_a_serial_date(read_bytes: ReadBytes) -> None:
    """Day 40697 is 3 June 2011, 0.5 is noon."""
    sheet = read_bytes("sales.xlsx", workbook({"Sales": [HEAD, [*SALE[:3], 40697.5, *SALE[4:]], SALE]}))
    assert sheet.events["at"].tolist() == [1_307_102_400_000_000, 1_307_095_200_000_000]


def test_of_several_sheets_the_one_with_the_columns_is_read(read_bytes: ReadBytes) -> None:
    data = workbook({"Notes": [["Hello", "there"], ["x", "y"]], "Juni": [HEAD, SALE], "Empty": []})
    sheet = read_bytes("sales.xlsx", data)
    assert (sheet.reading.sheet, len(sheet.events)) == ("Juni", 1)


def test_of_several_sheets_with_the_columns_the_owner_names_one(read_bytes: ReadBytes) -> None:
    data = workbook({"Mei": [HEAD, SALE], "Juni": [HEAD, SALE, SALE]})
    with pytest.raises(
        ImportRefused, match=r"sales.xlsx has several sheets that can be read: 'Mei', 'Juni'.*--map sheet=NAME"
    ):
        read_bytes("sales.xlsx", data)
    assert len(read_bytes("sales.xlsx", data, mapping={"sheet": "Juni"}).events) == 2
    with pytest.raises(ImportRefused, match=r"no filled sheet 'Juli'; it has 'Mei', 'Juni'"):
        read_bytes("sales.xlsx", data, mapping={"sheet": "Juli"})
    with pytest.raises(ImportRefused, match="has no sheets"):
        read_bytes("sales.csv", b"SKU,Date,Price\nA,2024-01-05,1\n", mapping={"sheet": "Juli"})


def test_title_rows_and_merged_cells_are_read_as_they_are_meant(read_bytes: ReadBytes) -> None:
    """One order over two lines: its number, date and customer are merged cells; so is its sum, which is no line's."""
    rows: list[list[object]] = [
        ["Laporan Penjualan"],
        [],
        ["No Nota", "Tanggal", "Pelanggan", "Barang", "Jumlah", "Harga"],
        ["N1", datetime(2024, 3, 5), "Sri", "Kopi", 2, 25_000],  # noqa: DTZ001  as above
        [None, None, None, "Teh", 1, 10_000],
        ["N2", datetime(2024, 3, 6), None, "Teh", 1, 10_000],  # noqa: DTZ001  as above
        [None, None, None, "TOTAL", 4, 70_000],
    ]
    data = workbook({"Maret": rows}, merged={"Maret": ["A1:F1", "A4:A5", "B4:B5", "C4:C5"]})
    sheet = read_bytes("laporan.xlsx", data, currency="IDR")
    assert sheet.events["order_id"].tolist() == ["N1", "N1", "N2"]
    assert sheet.events["row_number"].tolist() == [4, 5, 6]
    assert sheet.events["anonymous"].tolist() == [False, False, True]
    assert sheet.refused[["row_number", "reason"]].to_numpy().tolist() == [[7, "total_row"]]
    assert sheet.reading.title_rows == 1


def test_a_merged_price_is_not_the_price_of_each_line(read_bytes: ReadBytes) -> None:
    rows = [HEAD, SALE, [None, "A2", 1, None, None, None]]
    sheet = read_bytes("sales.xlsx", workbook({"S": rows}, merged={"S": ["A2:A3", "D2:D3", "E2:E3", "F2:F3"]}))
    assert sheet.refused["reason"].tolist() == ["bad_price"]


def test_a_guard_against_formulas_is_taken_off_text_cells(read_bytes: ReadBytes) -> None:
    sheet = read_bytes("sales.xlsx", workbook({"S": [HEAD, ["1", "'=A1", *SALE[2:]]]}))
    assert sheet.events["item"].tolist() == ["=A1"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("sales.xlsx", b"PK\x03\x04rest of a zip", "sales.xlsx is cut off or damaged"),
        ("sales.csv", workbook({"S": [HEAD, SALE]}), r"named \.csv but is a workbook.*rename it to \.xlsx"),
        ("sales.xlsx", workbook({"S": [HEAD]}), "a row of headings and no rows below it"),
        ("sales.xlsx", workbook({"S": []}), "holds no filled sheet"),
        ("sales.xls", b"\xd0\xcf\x11\xe0 no workbook", "a workbook that can't be read"),
    ],
)
def test_what_is_no_readable_workbook_is_refused(read_bytes: ReadBytes, name: str, data: bytes, message: str) -> None:
    with pytest.raises(ImportRefused, match=f"(?s){message}"):
        read_bytes(name, data)


def test_a_workbook_may_be_compressed_once_more(read_bytes: ReadBytes) -> None:
    assert len(read_bytes("sales.xlsx.gz", gzip.compress(workbook({"S": [HEAD, SALE]}), mtime=0)).events) == 1
