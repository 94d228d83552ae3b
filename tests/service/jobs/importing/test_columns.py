import pytest

from service.jobs.importing.columns import SYNONYMS, recognised_columns
from service.jobs.importing.reading import ImportRefused


def fields(*headings: str, mapping: dict[str, str] | None = None) -> dict[str, str]:
    found = recognised_columns(headings, mapping or {}, kind="sales", file="sales.csv")
    return {field: headings[place] for field, place in found.items()}


def test_online_retails_headings_are_recognised() -> None:
    assert fields(
        "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"
    ) == {
        "order_id": "InvoiceNo",
        "item": "StockCode",
        "title": "Description",
        "quantity": "Quantity",
        "at": "InvoiceDate",
        "price": "UnitPrice",
        "user": "CustomerID",
        "country": "Country",
    }


def test_indonesian_headings_are_recognised() -> None:
    assert fields(
        "Nomor Nota", "Tanggal", "Kode Barang", "Nama Barang", "Jumlah", "Harga Satuan", "Total Harga", "No. HP"
    ) == {
        "order_id": "Nomor Nota",
        "item": "Kode Barang",
        "title": "Nama Barang",
        "quantity": "Jumlah",
        "at": "Tanggal",
        "price": "Harga Satuan",
        "total": "Total Harga",
        "user": "No. HP",
    }


def test_jumlah_is_the_quantity_alone_and_the_total_beside_one() -> None:
    assert fields("Tanggal", "Produk", "Harga", "Jumlah")["quantity"] == "Jumlah"
    beside = fields("Tanggal", "Produk", "Qty", "Harga", "Jumlah")
    assert (beside["quantity"], beside["total"]) == ("Qty", "Jumlah")


def test_case_punctuation_and_spaces_do_not_matter() -> None:
    assert fields("ITEM_CODE", "order-date", "unit.price") == {
        "item": "ITEM_CODE",
        "at": "order-date",
        "price": "unit.price",
    }


def test_no_two_fields_share_a_heading_but_the_one_that_is_told_apart_by_its_company() -> None:
    plain = [
        "".join(letter for letter in name if letter.isalnum())
        for names in SYNONYMS["sales"].values()
        for name in {*names.split(", ")}
    ]
    assert {name for name in plain if plain.count(name) > 1} == {"jumlah"}


def test_the_owner_goes_before_every_guess() -> None:
    assert fields("SKU", "Barcode", "Date", "Price", mapping={"item": "Barcode"})["item"] == "Barcode"
    assert fields("SKU", "Date", "Price", mapping={"item": "sku"})["item"] == "SKU"


def test_a_column_the_owner_named_serves_no_other_field() -> None:
    found = fields("Product", "Date", "Price", "Customer", mapping={"item": "Product", "user": ""})
    assert found == {"item": "Product", "at": "Date", "price": "Price"}


@pytest.mark.parametrize(
    ("headings", "message"),
    [
        (
            ("Date", "Price", "Colour"),
            r"no column for what was sold.*Found: 'Date', 'Price', 'Colour'.*--map item=COLUMN",
        ),
        (("customer_id  date  dollar_value",), r"That is one column: put a comma"),
        (("SKU", "Price"), r"no column for the date.*--map at=COLUMN"),
        (("SKU", "Date"), r"no column for the money.*--map price=COLUMN"),
    ],
)
def test_a_missing_column_is_named_with_what_was_found_and_what_to_say(headings: tuple[str, ...], message: str) -> None:
    with pytest.raises(ImportRefused, match=message):
        fields(*headings)


def test_a_mapping_to_nowhere_is_refused() -> None:
    with pytest.raises(
        ImportRefused, match=r"--map colour=Rot: sales have no field 'colour'; their fields are order_id, item"
    ):
        fields("SKU", "Date", "Price", mapping={"colour": "Rot"})
    with pytest.raises(ImportRefused, match=r"--map item=Code: sales.csv has no column 'Code'. Found: 'SKU'"):
        fields("SKU", "Date", "Price", mapping={"item": "Code"})
    with pytest.raises(ImportRefused, match=r"--map title=sku: sales.csv has one column 'SKU'.*to 'item' already"):
        fields("SKU", "Date", "Price", mapping={"item": "SKU", "title": "sku"})
    with pytest.raises(ImportRefused, match=r"--map item=Code: sales.csv has 2 columns of that name"):
        fields("Code", "Code", "Date", "Price", mapping={"item": "Code"})
