from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.jobs.importing.customer_ids import canonical_customer, is_phone_column, shop_region
from service.jobs.importing.reading import Sheet

SPELLINGS = ("0812-3456-789", "+62 812 3456 789", "628123456789", "8123456789", "(0812) 3456 789", "+62-812-3456-789")
HEAD = "Tanggal,Barang,Harga,{}\n"
LINE = "2024-03-{:02},Kopi,25000,{}\n"


def sales(read: Callable[..., Sheet], heading: str, *customers: str) -> Sheet:
    lines = "".join(LINE.format(day, customer) for day, customer in enumerate(customers, start=1))
    return read(HEAD.format(heading) + lines, currency="IDR", timezone="Asia/Jakarta")


@pytest.mark.parametrize("text", SPELLINGS)
def test_one_number_in_many_spellings_is_one_customer(text: str) -> None:
    assert canonical_customer(text, region="ID") == "+628123456789"


def test_the_one_form_is_its_own() -> None:
    assert canonical_customer("+628123456789", region="ID") == "+628123456789"
    assert canonical_customer("+628123456789", region=None) == "+628123456789"
    assert canonical_customer("628123456789", region=None) == "+628123456789"


@pytest.mark.parametrize(
    "text", ["Ibu Sri", "", "12", "0812", "081234567890123456", "c7", "sri@toko.id", "+99912345678"]
)
def test_what_is_no_number_stays_as_it_is(text: str) -> None:
    assert canonical_customer(text, region="ID") == text


@given(st.text(max_size=30), st.sampled_from(["ID", "GB", "US", None]))
def test_every_text_has_a_form_that_is_final(text: str, region: str | None) -> None:
    once = canonical_customer(text, region=region)
    assert canonical_customer(once, region=region) == once


def test_the_shops_country_is_that_of_its_time_zone_else_of_its_currency() -> None:
    assert shop_region(timezone="Asia/Jakarta", currency="USD") == "ID"
    assert shop_region(timezone="UTC", currency="IDR") == "ID"
    assert shop_region(timezone="UTC", currency="EUR") is None
    assert shop_region(timezone="UTC", currency="XOF") is None


@pytest.mark.parametrize(
    ("heading", "ids", "expected"),
    [
        ("No. HP", ["Sri", "0812-3456-789"], True),
        ("WhatsApp", [], True),
        ("Customer phone", ["x"], True),
        ("Pelanggan", ["0812-3456-789", "+62 813 3456 789"], True),
        ("Pelanggan", ["0812-3456-789", "Sri"], False),
        ("CustomerID", ["17850", "13047", "12583"], False),
        ("CustomerID", ["8123456789", "8133456789"], False),
        ("Pelanggan", [], False),
    ],
)
def test_a_column_holds_phone_numbers_by_its_heading_or_by_nearly_all_its_values(
    heading: str, ids: list[str], expected: bool
) -> None:
    assert is_phone_column(heading, ids, region="ID") is expected


def test_a_customer_is_one_whatever_the_spelling_in_the_file(read: Callable[..., Sheet]) -> None:
    sheet = sales(read, "No HP", *SPELLINGS, "Ibu Sri", "")
    assert sheet.users["user"].tolist() == ["+628123456789", "Ibu Sri"]
    assert sheet.events["anonymous"].sum() == 1
    told = "5 other spellings of the same numbers were brought together, 2 customers remain."
    assert any("phone number" in note and told in note for note in sheet.reading.notes)


def test_the_heading_and_the_titles_above_are_no_customers(read: Callable[..., Sheet]) -> None:
    sheet = read(
        "Laporan,Maret,Toko Sri\nTanggal,Pelanggan,Barang,Harga\n2024-03-01,0812-3456-789,Kopi,5\n",
        timezone="Asia/Jakarta",
    )
    assert sheet.users["user"].tolist() == ["+628123456789"]


def test_ids_that_are_no_phone_numbers_are_left_alone(read: Callable[..., Sheet]) -> None:
    sheet = sales(read, "Pelanggan", "8123456789", "08123456789", "Sri")
    assert sheet.users["user"].tolist() == ["8123456789", "08123456789", "Sri"]
    assert not any("phone" in note for note in sheet.reading.notes)
