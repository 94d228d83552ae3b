from typing import Any

import pandas as pd
import pytest

from service.jobs.importing.catalogue import SERVICES, Service, items, users


def lines(*rows: dict[str, Any]) -> pd.DataFrame:
    usual = {"item": "A1", "title": "Tea", "at": 0, "has_money": True, "unit_minor": 250, "currency": "GBP"}
    return pd.DataFrame([{**usual, "user": "u", "country": "", **row} for row in rows])


def is_service(title: str, code: str = "A1") -> bool:
    return bool(items(lines({"item": code, "title": title}))["is_service"].iloc[0])


def test_the_latest_title_of_a_line_with_money_is_the_items() -> None:
    found = items(
        lines(
            {"title": "Old tea", "at": 1},
            {"title": "New tea", "at": 3},
            {"title": "Mid tea", "at": 2},
            {"title": "", "at": 4},
            {"title": "damaged", "at": 5, "has_money": False},
        )
    )
    assert found["title"].tolist() == ["New tea"]


def test_an_item_without_money_takes_what_title_there_is() -> None:
    found = items(lines({"title": "gift", "has_money": False}, {"item": "A2", "title": "", "has_money": False}))
    assert found["title"].tolist() == ["gift", None]


def test_the_price_is_that_of_the_latest_sale_and_unknown_without_one() -> None:
    found = items(
        lines(
            {"at": 2, "unit_minor": 275, "currency": "EUR"},
            {"at": 1, "unit_minor": 250},
            {"at": 3, "unit_minor": 0},
            {"item": "A2", "unit_minor": 0},
        )
    )
    assert found["price_minor"].iloc[0] == 275
    assert found["price_minor"].isna().tolist() == [False, True]
    assert found["currency"].tolist() == ["EUR", None]


def test_an_item_is_dated_by_its_first_line() -> None:
    assert items(lines({"at": 7}, {"at": 5}, {"item": "A2", "at": 9}))["first_at"].tolist() == [5, 9]


@pytest.mark.parametrize(
    "title",
    [
        *("POSTAGE", "DOTCOM POSTAGE", "CARRIAGE", "Delivery charge", "Next-day shipping", "Ongkir", "Ongkos kirim"),
        *(
            "Bank Charges",
            "AMAZON FEE",
            "CRUK Commission",
            "Biaya admin",
            "Biaya layanan",
            "PPN",
            "Discount",
            "Diskon 10%",
        ),
        *("Potongan harga", "Manual", "Adjust bad debt", "Gift Voucher £40.00", "Dotcomgiftshop Gift Voucher £40.00"),
        *("SAMPLES", "Contoh", "Packing charge"),
    ],
)
def test_money_that_is_no_goods_is_a_service(title: str) -> None:
    assert is_service(title)


@pytest.mark.parametrize(
    "title",
    [
        *(
            "VINTAGE POST OFFICE SIGN",
            "CAT SCRATCHING POST",
            "COFFEE",
            "PHONE CHARGER",
            "PACKING TAPE",
            "GIFT CARD HOLDER",
        ),
        *("MANUAL COFFEE GRINDER", "SAMPLE BOOK OF WALLPAPER", "DISCOUNT SHOP TOY TILL", "Kirimi Aku Surat", ""),
    ],
)
def test_goods_whose_names_sound_like_it_are_not(title: str) -> None:
    assert not is_service(title)


def test_a_code_tells_a_service_where_the_file_has_no_titles() -> None:
    assert is_service("", "POST")
    assert is_service("", "BANK CHARGES")
    assert not is_service("", "85123A")


def test_a_shop_may_say_itself_what_its_services_are() -> None:
    own = (*SERVICES, Service("wrapping is done at the till", r"gift wrapping"))
    named = lines({"title": "Gift wrapping"})
    assert items(named, services=own)["is_service"].tolist() == [True]
    assert items(named)["is_service"].tolist() == [False]


def test_every_sort_of_service_gives_its_reason() -> None:
    assert all(service.reason for service in SERVICES)


def test_a_customer_lives_where_the_latest_line_says() -> None:
    found = users(
        lines(
            {"user": "u1", "country": "France", "at": 2},
            {"user": "u1", "country": "Spain", "at": 1},
            {"user": "u1", "country": "", "at": 3},
            {"user": "", "country": "Malta"},
            {"user": "u2"},
        )
    )
    assert found["user"].tolist() == ["u1", "u2"]
    assert found["country"].tolist() == ["France", None]


def test_no_lines_make_no_catalogue() -> None:
    nothing = lines({}).iloc[:0]
    assert len(items(nothing)) == len(users(nothing)) == 0
