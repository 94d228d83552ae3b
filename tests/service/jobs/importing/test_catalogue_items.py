import json
from collections.abc import Callable
from typing import Any

import pytest

from service.jobs.importing.catalogue_items import REASONS
from service.jobs.importing.reading import Sheet

ReadBytes = Callable[..., Sheet]
GOOD = {"id": "tea", "kind": "product", "title": "Green tea"}
FIELDS = ("url", "image_url", "categories", "tags", "creator", "price", "currency", "available", "published_at")


def items(read_bytes: ReadBytes, *rows: dict[str, Any]) -> Sheet:
    """As JSON Lines, whose first line names every field."""
    every: dict[str, Any] = {**dict.fromkeys([*GOOD, *FIELDS, "attributes"]), **rows[0]}
    return read_bytes("items.jsonl", "\n".join(json.dumps(row) for row in (every, *rows[1:])).encode())


def test_an_item_is_read_as_the_catalogue_keeps_it(read_bytes: ReadBytes) -> None:
    row = {
        **GOOD,
        "url": "https://shop.example/tea",
        "categories": "Tea | Green",
        "tags": ["a", "b|c"],
        "price": "2.50",
        "available": False,
        "published_at": "2024-03-05T10:00:00Z",
        "attributes": {"grams": 250, "organic": True},
    }
    sheet = items(read_bytes, row, GOOD)
    first, second = sheet.items.astype(object).to_dict("records")
    assert (first["item"], first["kind"], first["title"], first["url"]) == (*GOOD.values(), "https://shop.example/tea")
    assert (first["categories"], first["tags"]) == (("Tea", "Green"), ("a", "b|c"))
    assert (first["price_minor"], first["currency"], first["available"]) == (250, "GBP", False)
    assert first["published_at"] == 1_709_632_800_000_000
    assert first["attributes"] == {"grams": 250, "organic": True}
    assert second["available"] is True
    assert second["url"] is None
    assert sheet.items[["price_minor", "currency", "published_at"]].iloc[1].isna().all()
    assert (second["categories"], second["attributes"]) == ((), {})
    assert sheet.kind == "items"


def test_a_spreadsheet_of_items_may_write_money_as_the_shop_does(read_bytes: ReadBytes) -> None:
    text = "id;kind;title;price;available;tags\nkopi;product;Kopi;Rp 65.000;ya;a|b\nteh;product;Teh;;habis;\n"
    sheet = read_bytes("items.csv", text.encode(), currency="IDR")
    assert sheet.items["price_minor"].tolist()[0] == 6_500_000
    assert sheet.items["available"].tolist() == [True, False]
    assert sheet.items["tags"].tolist() == [("a", "b"), ()]


REFUSALS = [
    ({"id": ""}, "bad_id"),
    ({"kind": "thing"}, "bad_kind"),
    ({"title": " "}, "bad_title"),
    ({"url": "u" * 2001}, "bad_url"),
    ({"image_url": "u" * 2001}, "bad_image_url"),
    ({"categories": ["x" * 257]}, "bad_categories"),
    ({"tags": "|".join(map(str, range(65)))}, "bad_tags"),
    ({"creator": "c" * 257}, "bad_creator"),
    ({"price": "-1"}, "bad_price"),
    ({"price": "free"}, "bad_price"),
    ({"price": "1", "currency": "pounds"}, "bad_currency"),
    ({"available": "perhaps"}, "bad_available"),
    ({"published_at": "2024-03-05"}, "bad_published_at"),
    ({"attributes": {"a": [1]}}, "bad_attributes"),
    ({"title": "a\x00b"}, "bad_text"),
]


@pytest.mark.parametrize(("wrong", "reason"), REFUSALS)
def test_an_item_that_makes_no_sense_costs_only_itself(
    read_bytes: ReadBytes, wrong: dict[str, Any], reason: str
) -> None:
    sheet = items(read_bytes, GOOD, {**GOOD, **wrong})
    assert sheet.refused[["row_number", "reason"]].to_numpy().tolist() == [[2, reason]]
    assert sheet.items["item"].tolist() == ["tea"]


def test_every_reason_to_refuse_is_tried() -> None:
    assert {reason for _, reason in REFUSALS} | {"too_many_cells"} == set(REASONS)
