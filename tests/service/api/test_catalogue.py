"""Promises of PUT /v1/items and PUT /v1/users."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from service.log.frames import SEGMENT_ATTRIBUTE
from service.log.tables import dead_letters, items, users

SERUM = {"id": "serum", "kind": "product", "title": "Serum"}


def put(shop: Any, what: str, *entries: dict[str, Any]) -> list[dict[str, Any]]:
    answer = shop.ask("PUT", f"/v1/{what}", json={what: list(entries)})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"title": "   "}, "title must not be blank"),
        ({"title": ""}, "title"),
        ({"title": "a\0b"}, "U+0000"),
        ({"tags": ["a\0b"]}, "U+0000"),
        ({"attributes": {"a\0b": 1}}, "U+0000"),
        ({"currency": "ABC\n"}, "currency"),
        ({"price": "-1"}, "price must be from 0"),
        ({"id": " serum"}, "id must be 1 to 256"),
        ({"id": "x" * 257}, "id must be 1 to 256"),
    ],
)
def test_a_refused_item_costs_only_itself_and_is_kept_with_its_reason(
    either_shop: Any, changes: dict[str, Any], reason: str
) -> None:
    sent = {**SERUM, **changes}
    bad, good = put(either_shop, "items", sent, {**SERUM, "id": "toner"})
    assert (bad["id"], bad["result"]) == (sent["id"][:256], "rejected")
    assert reason in bad["reason"]
    assert good == {"id": "toner", "result": "accepted"}
    with either_shop.services.database.reader.connect() as connection:
        letter = connection.execute(select(dead_letters)).one()
        stored = set(connection.execute(select(items.c.external_id)).scalars())
    assert (letter.origin, letter.event_id, letter.reason) == ("http", None, bad["reason"])
    assert json.loads(letter.payload) == sent
    assert stored >= {"toner"}
    assert not stored & {"serum", sent["id"]}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"attributes": {"note": "a\0b"}}, "U+0000"),
        ({"attributes": {"a\0b": "note"}}, "U+0000"),
        ({"attributes": {"country": ["ID"]}}, "attributes"),
        ({"id": "a/b"}, "id must not hold '/'"),
        ({"id": "x" * 300}, "id must be 1 to 256"),
    ],
)
def test_a_refused_user_costs_only_herself_and_is_kept_with_the_reason(
    either_shop: Any, changes: dict[str, Any], reason: str
) -> None:
    sent = {"id": "anna", "attributes": {}, **changes}
    bad, good = put(either_shop, "users", sent, {"id": "ben", "attributes": {"country": "ID"}})
    assert (bad["id"], bad["result"]) == (sent["id"][:256], "rejected")
    assert reason in bad["reason"]
    assert good == {"id": "ben", "result": "accepted"}
    with either_shop.services.database.reader.connect() as connection:
        letter = connection.execute(select(dead_letters)).one()
        # PostgreSQL reads the whole object to find one attribute, and fails on what it can't keep.
        country = users.c.attributes[SEGMENT_ATTRIBUTE].as_string()
        stored = {row.external_id: row.country for row in connection.execute(select(users, country.label("country")))}
    assert json.loads(letter.payload) == sent
    assert letter.reason == bad["reason"]
    assert stored == {"ben": "ID"}


def test_items_and_users_are_counted_by_result(shop: Any) -> None:
    put(shop, "items", SERUM, {"id": "bad"}, {"id": "worse"})
    put(shop, "users", {"id": "anna", "attributes": {}}, {"id": "bad"})
    page = shop.ask("GET", "/metrics").text
    # Six items made the shop.
    assert 'kembang_entries_total{result="accepted",what="item"} 7.0' in page
    assert 'kembang_entries_total{result="rejected",what="item"} 2.0' in page
    assert 'kembang_entries_total{result="accepted",what="user"} 1.0' in page
    assert 'kembang_entries_total{result="rejected",what="user"} 1.0' in page


def test_an_item_whose_number_holds_a_slash_is_sold_like_any_other(shop: Any) -> None:
    put(shop, "items", {**SERUM, "id": "1/2"})
    shop.tell({"id": "e", "kind": "view", "user_id": "anna", "item_id": "1/2", "at": "2026-11-20T11:00:00Z"})
    assert "1/2" in {item["item_id"] for item in shop.feed()["items"]}
