"""Promises of the catalogue in the log: what was said last holds, a sale never overrules it, changes come in order."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select

from service.log.catalogue import (
    CatalogueItem,
    add_user_attributes,
    items_changed_since,
    put_items,
    put_user_attributes,
)
from service.log.database import Database
from service.log.dictionaries import ensured_item_ids, item_ids
from service.log.names import UserKey
from service.log.tables import users
from service.log.writer import Writer

ANNA, BEN = UserKey(False, "anna"), UserKey(False, "ben")

TEA = CatalogueItem(
    external_id="tea",
    kind="product",
    title="Green tea",
    url="https://shop.example/tea",
    image_url="https://shop.example/tea.jpg",
    categories=("drinks", "hot"),
    tags=("organic",),
    creator="ibu",
    price_minor=250,
    currency="GBP",
    available=True,
    published_at=7_000,
    attributes={"grams": 100},
)


def put(writer: Writer, *new: CatalogueItem, now: int = 10_000) -> None:
    writer.run(lambda connection: put_items(connection, new, now=now))


def catalogue(database: Database, *, since: int = 0) -> tuple[dict[str, CatalogueItem], int]:
    with database.reader.connect() as connection:
        changed, last = items_changed_since(connection, since)
    return {item.external_id: item for item in changed.values()}, last


def attributes(database: Database) -> dict[str, Mapping[str, Any]]:
    with database.reader.connect() as connection:
        rows = connection.execute(select(users.c.external_id, users.c.attributes))
        return {row.external_id: row.attributes for row in rows}


def test_an_item_comes_back_as_it_was_put(database: Database, writer: Writer) -> None:
    put(writer, TEA)
    assert catalogue(database)[0] == {"tea": TEA}


def test_putting_an_item_again_replaces_all_that_is_said_of_it(database: Database, writer: Writer) -> None:
    put(writer, TEA)
    short = CatalogueItem(external_id="tea", kind="content", title="A film about tea", published_at=8_000)
    put(writer, short)
    assert catalogue(database)[0] == {"tea": short}


def test_an_item_named_twice_in_one_batch_ends_as_its_last_mention(database: Database, writer: Writer) -> None:
    later = CatalogueItem(external_id="tea", kind="product", title="Later", published_at=1)
    put(writer, TEA, later)
    assert catalogue(database)[0] == {"tea": later}


def test_an_item_without_a_date_came_out_when_it_was_first_put(database: Database, writer: Writer) -> None:
    undated = CatalogueItem(external_id="cup", kind="product", title="Cup")
    put(writer, undated, now=10_000)
    put(writer, undated, now=20_000)
    assert catalogue(database)[0]["cup"].published_at == 10_000


def test_the_first_instant_of_1970_is_a_date_like_any_other(database: Database, writer: Writer) -> None:
    put(writer, CatalogueItem(external_id="cup", kind="product", title="Cup", published_at=0))
    assert catalogue(database)[0]["cup"].published_at == 0


def test_sales_know_less_than_a_catalogue_and_never_overrule_it(database: Database, writer: Writer) -> None:
    sold = CatalogueItem(external_id="tea", kind="product", title="TEA GRN 100G", published_at=1, known_from="sales")
    put(writer, sold)
    assert catalogue(database)[0] == {"tea": sold}
    put(writer, TEA)
    put(writer, sold)
    assert catalogue(database)[0] == {"tea": TEA}


def test_an_item_met_in_an_event_is_no_part_of_the_catalogue_until_it_is_put(
    database: Database, writer: Writer
) -> None:
    before = writer.run(lambda connection: ensured_item_ids(connection, ["tea"], now=1))
    assert catalogue(database) == ({}, 0)
    put(writer, TEA)
    assert set(catalogue(database)[0]) == {"tea"}
    with database.reader.connect() as connection:
        assert item_ids(connection, ["tea"]) == before, "its integer id stays, and so do the events that name it"


def test_whoever_asks_again_hears_only_what_changed_since(database: Database, writer: Writer) -> None:
    cup = CatalogueItem(external_id="cup", kind="product", title="Cup", published_at=1)
    put(writer, TEA, cup)
    first, seen = catalogue(database)
    assert set(first) == {"tea", "cup"}
    assert catalogue(database, since=seen) == ({}, seen)
    put(writer, CatalogueItem(external_id="cup", kind="product", title="Cup", available=False, published_at=1))
    second, seen_next = catalogue(database, since=seen)
    assert [(name, item.available) for name, item in second.items()] == [("cup", False)]
    assert seen_next > seen


def test_a_change_that_fails_takes_no_number_that_would_hide_the_next(database: Database, writer: Writer) -> None:
    put(writer, TEA)
    _, seen = catalogue(database)
    broken = CatalogueItem(external_id="bad", kind="product", title="Bad", attributes={"no": object()})
    with pytest.raises(Exception, match="not JSON serializable"):
        put(writer, broken)
    put(writer, CatalogueItem(external_id="cup", kind="product", title="Cup", published_at=1))
    assert set(catalogue(database, since=seen)[0]) == {"cup"}


def test_nothing_put_changes_nothing(database: Database, writer: Writer) -> None:
    put(writer)
    assert catalogue(database) == ({}, 0)


def test_a_users_attributes_are_replaced_by_the_shop_and_only_filled_in_by_sales(
    database: Database, writer: Writer
) -> None:
    writer.run(lambda c: put_user_attributes(c, {ANNA: {"country": "Indonesia", "plan": "gold"}}, now=1))
    writer.run(lambda c: add_user_attributes(c, {ANNA: {"country": "France"}, BEN: {"country": "France"}}, now=2))
    assert attributes(database) == {"anna": {"country": "Indonesia", "plan": "gold"}, "ben": {"country": "France"}}
    writer.run(lambda c: put_user_attributes(c, {ANNA: {"plan": "silver"}}, now=3))
    assert attributes(database)["anna"] == {"plan": "silver"}


def test_attributes_of_a_user_and_of_a_visitor_of_the_same_name_are_apart(database: Database, writer: Writer) -> None:
    writer.run(lambda c: put_user_attributes(c, {ANNA: {"n": 1}, UserKey(True, "anna"): {"n": 2}}, now=1))
    with database.reader.connect() as connection:
        said = connection.execute(select(users.c.is_visitor, users.c.attributes)).all()
    assert {is_visitor: attributes_["n"] for is_visitor, attributes_ in said} == {False: 1, True: 2}
