import json
from collections.abc import Callable

import pytest

from service.jobs.importing.expenses import REASONS
from service.jobs.importing.reading import ImportRefused, Sheet

Read = Callable[..., Sheet]
HEAD = "Tanggal;Keterangan;Kategori;Supplier;Jumlah\n"


def test_an_expense_is_read_as_it_stands(read: Read) -> None:
    """Rp 1.500.000 are 150,000,000 sen; midnight of 13 March in Jakarta is 17:00 UTC of the 12th."""
    sheet = read(HEAD + "13/03/2024;Sewa ruko;Sewa;Pak Budi;Rp 1.500.000\n", currency="IDR", timezone="Asia/Jakarta")
    assert sheet.kind == "expenses"
    expense = sheet.expenses.iloc[0].to_dict()
    assert expense.pop("id").startswith("import-")
    assert expense == {
        "at": 1_710_262_800_000_000,
        "category": "Sewa",
        "description": "Sewa ruko",
        "payee": "Pak Budi",
        "amount_minor": 150_000_000,
        "currency": "IDR",
        "row_number": 2,
    }
    assert len(sheet.events) == len(sheet.items) == len(sheet.users) == len(sheet.refused) == 0


def test_money_back_is_negative(read: Read) -> None:
    assert read(HEAD + "13/03/2024;Retur;Stok;;-25.50\n").expenses["amount_minor"].tolist() == [-2550]


REFUSALS = [
    ("13/13/2024;Sewa;;;5", "bad_date"),
    ("13/03/2111;Sewa;;;5", "future_date"),
    ("13/03/2024;Sewa;;;five", "bad_amount"),
    ("13/03/2024;Sewa;;;0", "zero_amount"),
    ("13/03/2024;;;;5", "missing_purpose"),
    (";Total;;;5", "total_row"),
    ("Tanggal;Keterangan;Kategori;Supplier;Jumlah", "repeated_headings"),
    ("13/03/2024;Sewa;;;5;6", "too_many_cells"),
]


@pytest.mark.parametrize(("row", "reason"), REFUSALS)
def test_a_row_that_makes_no_sense_is_refused_alone_with_its_reason(read: Read, row: str, reason: str) -> None:
    sheet = read(HEAD + row + "\n14/03/2024;Gas;;;7\n")
    assert sheet.expenses["description"].tolist() == ["Gas"]
    refused = sheet.refused.iloc[0]
    assert (refused["row_number"], refused["reason"]) == (2, reason)
    assert json.loads(refused["row"])["Tanggal"] == row.split(";")[0]
    assert sheet.rows_read == 2


def test_every_reason_to_refuse_is_tried(read: Read) -> None:
    head = "Date,Description,Category,Amount,Currency\n"
    sheet = read(head + "2024-03-13,Rent,,5,pounds\n2024-03-13,Rent,,900000000000,JPY\n2024-03-13,Gas,x,5,GBP\n")
    assert sheet.refused["reason"].tolist() == ["bad_currency"]
    assert {reason for _, reason in REFUSALS} | {"bad_currency", "bad_text", "too_large"} == set(REASONS)


def test_equal_rows_are_expenses_of_their_own_and_a_grown_file_adds_only_what_is_new(read: Read) -> None:
    row = "13/03/2024;Gas;;;7\n"
    old, new = read(HEAD + row * 2).expenses["id"], read(HEAD + row * 3).expenses["id"]
    assert new.nunique() == 3
    assert new.tolist()[:2] == old.tolist()


def test_the_id_that_an_export_wrote_is_kept(read: Read) -> None:
    text = "id,at,category,description,payee,amount,currency\n{},2024-03-13T00:00:00Z,a,b,c,5.00,GBP\n"
    assert read(text.format("import-" + "0" * 32)).expenses["id"].tolist() == ["import-" + "0" * 32]
    assert read(text.format("7")).expenses["id"].iloc[0].startswith("import-")


def test_the_owner_may_say_what_the_headings_leave_open(read: Read) -> None:
    text = "Date,Description,Amount\n2024-03-13,Coffee,5\n"
    with pytest.raises(ImportRefused, match="--as sales or --as expenses"):
        read(text)
    assert len(read(text, kind="expenses").expenses) == 1
    assert len(read(text, kind="sales").events) == 1
