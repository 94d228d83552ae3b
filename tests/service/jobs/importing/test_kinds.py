import pytest

from service.jobs.importing.kinds import sheet_kind
from service.jobs.importing.reading import ImportRefused


def kind(*headings: str, mapping: dict[str, str] | None = None) -> str:
    return sheet_kind(headings, mapping or {}, file="book.csv")


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (("Tanggal", "Nama Barang", "Jumlah", "Harga"), "sales"),
        (("Date", "SKU", "Price"), "sales"),
        (("Date", "Description", "Qty", "Unit price"), "sales"),
        (("Date", "Description", "Amount", "Customer"), "sales"),
        (("Date", "Product", "Category", "Qty", "Price"), "sales"),
        (("Order no", "Date", "Product", "Vendor", "Price"), "sales"),
        (("Tanggal", "Keterangan", "Kategori", "Jumlah"), "expenses"),
        (("Tanggal", "Keterangan", "Nominal"), "expenses"),
        (("Date", "Description", "Category", "Supplier", "Amount"), "expenses"),
        (("Date", "Payee", "Amount"), "expenses"),
        (("id", "kind", "user_id", "visitor_id", "item_id", "at", "amount"), "events"),
        (("id", "kind", "visitor_id", "item_id", "at"), "events"),
        (("id", "kind", "title", "price", "currency"), "items"),
        (("Colour", "Shape"), "sales"),
    ],
)
def test_the_headings_tell_what_a_file_holds(headings: tuple[str, ...], expected: str) -> None:
    assert kind(*headings) == expected


@pytest.mark.parametrize(
    "headings", [("Date", "Description", "Amount"), ("Tanggal", "Nama Barang", "Supplier", "Jumlah", "Harga")]
)
def test_what_may_be_either_is_asked_for(headings: tuple[str, ...]) -> None:
    with pytest.raises(ImportRefused, match=r"book.csv may hold sales or expenses.*--as sales or --as expenses"):
        kind(*headings)


def test_what_the_owner_names_counts() -> None:
    assert kind("Tgl", "Apa", "Uang", mapping={"description": "Apa", "amount": "Uang"}) == "expenses"
    assert kind("Tgl", "Apa", "Uang", mapping={"item": "Apa", "price": "Uang"}) == "sales"
