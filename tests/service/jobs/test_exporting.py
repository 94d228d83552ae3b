"""Promises of exports: everything the log holds, by outside names, on record where it names people."""

import csv
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from msgspec.structs import replace
from sqlalchemy import insert, update

from recommender.events import Kind
from service.jobs.exporting import REGISTER, SUBJECTS, ForgottenMeanwhile, exported
from service.jobs.valuing import value_and_publish
from service.log.append import NewEvent, NewExposure, append_events, append_exposure
from service.log.bulk import append_event_frame
from service.log.catalogue import CatalogueItem, put_items, put_user_attributes
from service.log.database import Connection, Database
from service.log.dictionaries import user_ids
from service.log.extracts import Period
from service.log.home import ensure_log_id
from service.log.imports import begin_import
from service.log.names import UserKey
from service.log.tables import expenses, suppressions, users
from service.log.writer import Writer

ANNA, BEN, BROWSER = UserKey(False, "anna"), UserKey(False, "+62812"), UserKey(True, "browser")
DAY = 86_400_000_000
TEA = NewEvent(
    id="e1", kind=Kind.PURCHASE, user=ANNA, item="tea", at=10 * DAY, order_id="o1", amount_minor=250, currency="GBP"
)

Export = Callable[..., list[dict[str, str]]]


def event(id_: str, **changes: Any) -> NewEvent:
    return replace(TEA, id=id_, **changes)


def append(writer: Writer, *new: NewEvent, received_at: int = 100 * DAY) -> None:
    results = writer.run(lambda connection: append_events(connection, new, received_at=received_at))
    assert {one.result for one in results} == {"accepted"}


def anonymous(connection: Connection, *lines: dict[str, Any]) -> None:
    plain = {"payload_hash": b"\1" * 16, "kind": "purchase", "user": None, "item": "tea", "currency": "GBP"}
    frame = pd.DataFrame([{**plain, **line} for line in lines])
    append_event_frame(connection, frame, received_at=100 * DAY, on_progress=lambda _rows: None)


@pytest.fixture
def export(database: Database, tmp_path: Path) -> Export:
    """Exports to CSV and reads the file."""

    def rows(what: str, *, timezone: str = "UTC", **period: int) -> list[dict[str, str]]:
        file = tmp_path / f"{what}.csv"
        account = exported(
            database.reader,
            what,
            file,
            home=tmp_path,
            period=Period(**period),
            timezone=timezone,
            now=0,
            on_progress=lambda _doing, _share: None,
        )
        with file.open(newline="") as said:
            found = list(csv.DictReader(said))
        assert account["rows"] == len(found)
        return found

    return rows


def test_an_event_is_exported_as_it_was_sent(writer: Writer, export: Export) -> None:
    said = event(
        "e2",
        quantity=3,
        feed_id="f",
        sent_at=11 * DAY,
        seconds_watched=1.5,
        seconds_total=60.0,
        cost_minor=120,
        fee_minor=5,
    )
    bare = event("=e3", user=BROWSER, kind=Kind.VIEW, order_id=None, amount_minor=None, currency=None)
    append(writer, said, bare)
    first, second = export("events")
    assert first == {
        "id": "e2",
        "kind": "purchase",
        "user_id": "anna",
        "visitor_id": "",
        "item_id": "tea",
        "at": "1970-01-11T00:00:00.000000Z",
        "sent_at": "1970-01-12T00:00:00.000000Z",
        "received_at": "1970-04-11T00:00:00.000000Z",
        "feed_id": "f",
        "order_id": "o1",
        "quantity": "3",
        "amount": "2.50",
        "cost": "1.20",
        "fee": "0.05",
        "currency": "GBP",
        "seconds_watched": "1.5",
        "seconds_total": "60",
        "payload_hash": said.payload_hash().hex(),
    }
    assert (second["id"], second["kind"]) == ("'=e3", "view")
    assert (second["user_id"], second["visitor_id"], second["amount"]) == ("", "browser", "")


def test_a_merged_visitor_is_exported_as_the_user_she_is(writer: Writer, export: Export) -> None:
    append(writer, event("e2", user=BROWSER), event("e3"))

    def merge(connection: Connection) -> None:
        id_of = user_ids(connection, [ANNA, BROWSER])
        connection.execute(update(users).where(users.c.id == id_of[BROWSER]).values(merged_into=id_of[ANNA]))

    writer.run(merge)
    assert {(row["user_id"], row["visitor_id"]) for row in export("events")} == {("anna", "")}
    assert {(row["user_id"], row["visitor_id"]) for row in export("orders")} == {("anna", "")}


def test_a_period_takes_what_happened_from_its_start_and_before_its_end(writer: Writer, export: Export) -> None:
    append(writer, *(event(f"e{day}", at=day * DAY, order_id=None) for day in (3, 4, 5, 6)))
    ids = [row["id"] for row in export("events", since=4 * DAY, until=6 * DAY)]
    assert ids == ["e4", "e5"]
    assert [row["order_id"] for row in export("orders", since=4 * DAY, until=6 * DAY)] == ["e4", "e5"]


def test_an_order_is_one_row_per_currency_with_all_its_lines_whenever_they_came(writer: Writer, export: Export) -> None:
    append(
        writer,
        event("1", quantity=2, amount_minor=500),
        event("2", item="cup", at=11 * DAY, amount_minor=400, quantity=1),
        event("3", kind=Kind.REFUND, at=9 * DAY, amount_minor=250),
        event("4", currency="JPY", amount_minor=99),
        event("5", user=BEN, quantity=1),
        event("6", order_id=None, at=12 * DAY),
        event("7", order_id="back", kind=Kind.REFUND, at=13 * DAY, amount_minor=100),
    )
    found = {
        (row["user_id"], row["order_id"], row["currency"]): row for row in export("orders", timezone="Asia/Jakarta")
    }
    assert len(found) == 5
    in_pounds, in_yen = (found["anna", "o1", currency] for currency in ("GBP", "JPY"))
    by_ben, own, back = found["'+62812", "o1", "GBP"], found["anna", "6", "GBP"], found["anna", "back", "GBP"]
    # Bought for 5.00 and 4.00, 2.50 back; of its first purchase, not of the refund that says it was earlier.
    assert in_pounds == {
        "order_id": "o1",
        "user_id": "anna",
        "visitor_id": "",
        "at": "1970-01-11T00:00:00.000000Z",
        "day": "1970-01-11",
        "items": "2",
        "quantity": "3",
        "amount": "9.00",
        "refunded": "2.50",
        "net": "6.50",
        "currency": "GBP",
    }
    assert (in_yen["amount"], in_yen["net"], in_yen["quantity"]) == ("99", "99", "")
    assert (by_ben["amount"], by_ben["quantity"], own["amount"]) == ("2.50", "1", "2.50")
    assert (back["amount"], back["net"], back["items"]) == ("0.00", "-1.00", "0")


def test_sales_of_nobody_known_are_orders_too(writer: Writer, export: Export) -> None:
    lines = [
        {"id": "a", "order_id": "n1", "at": 1, "amount_minor": 100},
        {"id": "b", "order_id": "n1", "at": 2, "amount_minor": 50},
        {"id": "c", "order_id": None, "at": 3, "amount_minor": 5},
    ]
    writer.run(lambda connection: anonymous(connection, *lines))
    rows = {row["order_id"]: row for row in export("orders")}
    assert {key: (row["user_id"], row["amount"]) for key, row in rows.items()} == {
        "n1": ("", "1.50"),
        "c": ("", "0.05"),
    }


def test_an_exposure_is_one_row_per_item_shown(writer: Writer, export: Export) -> None:
    put = [CatalogueItem(external_id=name, kind="product", title=name) for name in ("tea", "cup")]
    writer.run(lambda connection: put_items(connection, put, now=1))
    append(writer, event("e2"), event("e3", item="cup"))
    shown = NewExposure(
        feed_id="f2",
        first_feed_id="f1",
        user=BROWSER,
        at=7 * DAY,
        surface="feed",
        items=[(2, "als", 1.0), (1, "popularity", 0.5)],
        model_version="m",
        fallback=None,
        arms={"x": "personal"},
        assigned={},
        is_preview=False,
    )
    empty = dataclasses.replace(shown, feed_id="f3", items=[])
    for one in (shown, empty):
        writer.run(lambda connection, one=one: append_exposure(connection, one))
    first, second = export("exposures")
    assert first == {
        "feed_id": "f2",
        "first_feed_id": "f1",
        "user_id": "",
        "visitor_id": "browser",
        "at": "1970-01-08T00:00:00.000000Z",
        "surface": "feed",
        "position": "1",
        "item_id": "cup",
        "source": "als",
        "probability": "1",
        "model_version": "m",
        "fallback": "",
        "arms": '{"x": "personal"}',
        "is_preview": "false",
    }
    assert (second["position"], second["item_id"], second["probability"]) == ("2", "tea", "0.5")


def test_items_are_those_that_somebody_described_and_may_be_put_again(writer: Writer, export: Export) -> None:
    described = CatalogueItem(
        external_id="tea",
        kind="product",
        title="@Tea",
        categories=("hot", "a|b"),
        price_minor=250,
        currency="GBP",
        published_at=5,
        attributes={"size": 2},
    )
    postage = CatalogueItem(external_id="post", kind="product", title="Postage", is_service=True)
    writer.run(lambda connection: put_items(connection, [described, postage], now=1))
    append(writer, event("e2", item="never described"))
    (row,) = export("items")
    assert (row["id"], row["title"], row["price"], row["available"]) == ("tea", "'@Tea", "2.50", "true")
    assert json.loads(row["categories"]) == ["hot", "a|b"]
    assert json.loads(row["tags"]) == []
    assert json.loads(row["attributes"]) == {"size": 2}
    assert row["published_at"] == "1970-01-01T00:00:00.000005Z"


def test_segments_are_those_that_popularity_counts_in(writer: Writer, export: Export) -> None:
    said = {ANNA: {"country": "Indonesia"}, BEN: {"plan": "gold"}}
    writer.run(lambda connection: put_user_attributes(connection, said, now=1))
    assert export("segments") == [{"user_id": "anna", "segment": "Indonesia", "value_segment": ""}]


def test_segments_by_value_are_those_of_the_published_snapshot(
    database: Database, writer: Writer, export: Export, tmp_path: Path
) -> None:
    """Ben has ordered once and lately, so that he is new; Anna lives somewhere and has ordered nothing."""
    writer.run(ensure_log_id)
    writer.run(lambda connection: put_user_attributes(connection, {ANNA: {"country": "Indonesia"}}, now=1))
    append(writer, event("e2", user=BEN, at=90 * DAY))
    value_and_publish(
        database.reader,
        tmp_path / "values",
        currency="GBP",
        timezone="UTC",
        margin_rate=None,
        until=91 * DAY,
        seed=1,
        on_progress=lambda *_: None,
    )
    found = {row["user_id"]: (row["segment"], row["value_segment"]) for row in export("segments")}
    assert found == {"anna": ("Indonesia", ""), "'+62812": ("", "new")}


def test_expenses_say_what_was_paid_to_whom(writer: Writer, export: Export) -> None:
    def spend(connection: Connection) -> None:
        import_id = begin_import(connection, file_name="f", kind="expenses", now=1)
        paid = {"id": "x", "at": 0, "category": "rent", "description": "=May", "payee": "", "amount_minor": 5}
        connection.execute(insert(expenses).values(**paid, currency="JPY", received_at=1, import_id=import_id))

    writer.run(spend)
    (row,) = export("expenses")
    assert (row["amount"], row["currency"], row["description"], row["payee"]) == ("5", "JPY", "'=May", "")


def test_an_export_that_names_people_is_on_record_and_others_are_not(
    writer: Writer, export: Export, tmp_path: Path
) -> None:
    append(writer, event("e2"))
    for what in SUBJECTS:
        export(what)
    recorded = [json.loads(line) for line in (tmp_path / REGISTER).read_text().splitlines()]
    assert recorded == [
        {"at": "1970-01-01T00:00:00Z", "what": what, "file": str(tmp_path / f"{what}.csv"), "rows": rows}
        for what, rows in (("events", 1), ("orders", 1), ("exposures", 0), ("segments", 0))
    ]
    assert (tmp_path / REGISTER).stat().st_mode & 0o777 == 0o600


def test_no_file_is_kept_from_which_somebody_was_forgotten_while_it_was_written(
    database: Database, writer: Writer, tmp_path: Path
) -> None:
    append(writer, event("e2"))

    def forget(_doing: str, _share: float) -> None:
        row = {"subject_hash": b"h" * 32, "erased_at": 1, "receipt": {}}
        writer.run(lambda connection: connection.execute(insert(suppressions).values(row)))

    file = tmp_path / "events.parquet"
    with pytest.raises(ForgottenMeanwhile, match=r"events\.parquet .* export again"):
        exported(
            database.reader,
            "events",
            file,
            home=tmp_path,
            period=Period(),
            timezone="UTC",
            now=0,
            on_progress=forget,
        )
    assert not file.exists()
    assert [found.name for found in tmp_path.iterdir() if found.name.endswith(".part")] == []
