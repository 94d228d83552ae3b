"""Promises of appending whole frames: the same as event by event, only faster."""

import dataclasses
from typing import Any

import pandas as pd
from sqlalchemy import func, select

from recommender.events import Kind
from service.log.append import NewEvent, append_events
from service.log.bulk import append_event_frame, put_item_frame
from service.log.catalogue import items_changed_since
from service.log.database import Database
from service.log.names import UserKey
from service.log.tables import events, items, users
from service.log.writer import Writer


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    plain = {"payload_hash": b"0" * 16, "kind": "purchase", "user": "anna", "item": "tea", "at": 100, "order_id": None}
    return pd.DataFrame([{**plain, **row} for row in rows])


def append(writer: Writer, new: pd.DataFrame, **options: Any) -> list[str]:
    told = options.pop("on_progress", lambda _rows: None)
    return list(writer.run(lambda c: append_event_frame(c, new, received_at=500, on_progress=told, **options)))


def stored(database: Database) -> list[dict[str, Any]]:
    with database.reader.connect() as connection:
        return [dict(row) for row in connection.execute(select(events).order_by(events.c.seq)).mappings()]


def test_each_row_is_accepted_a_duplicate_or_rejected_by_its_id_and_payload(database: Database, writer: Writer) -> None:
    assert append(writer, frame({"id": "a"}, {"id": "b"})) == ["accepted", "accepted"]
    again = frame({"id": "b"}, {"id": "c"}, {"id": "a", "payload_hash": b"1" * 16}, {"id": "c"})
    assert append(writer, again) == ["duplicate", "accepted", "rejected", "duplicate"]
    assert [row["id"] for row in stored(database)] == ["a", "b", "c"]


def test_a_frame_says_of_an_event_what_the_event_itself_says(database: Database, writer: Writer) -> None:
    one = NewEvent(
        id="watched",
        kind=Kind.WATCH,
        user=UserKey(False, "anna"),
        item="film",
        at=100,
        seconds_watched=30.0,
        seconds_total=60.0,
    )
    other = dataclasses.replace(
        one,
        id="bought",
        kind=Kind.PURCHASE,
        item="tea",
        order_id="o1",
        quantity=3,
        amount_minor=750,
        currency="GBP",
        seconds_watched=None,
        seconds_total=None,
    )
    writer.run(lambda c: append_events(c, [one, other], received_at=500))
    rows = frame(
        {"id": "f1", "kind": "watch", "item": "film", "seconds_watched": 30.0, "seconds_total": 60.0},
        {"id": "f2", "order_id": "o1", "quantity": 3, "amount_minor": 750, "currency": "GBP"},
    )
    append(writer, rows)
    singly, doubly = (
        [{name: value for name, value in row.items() if name not in ("seq", "id", "payload_hash")} for row in part]
        for part in (stored(database)[:2], stored(database)[2:])
    )
    assert singly == doubly


def test_rows_without_a_user_are_kept_and_make_no_user(database: Database, writer: Writer) -> None:
    append(writer, frame({"id": "a", "user": None}, {"id": "b"}, {"id": "c", "user": None}))
    assert [row["user_id"] is None for row in stored(database)] == [True, False, True]
    with database.reader.connect() as connection:
        assert connection.execute(select(users.c.external_id)).scalars().all() == ["anna"]


def test_progress_is_told_in_rows_up_to_the_last(writer: Writer) -> None:
    told: list[int] = []
    many = pd.concat([frame({"id": "0"})] * 20_001, ignore_index=True).assign(id=[str(n) for n in range(20_001)])
    append(writer, many, on_progress=told.append)
    assert told == [20_000, 20_001]


def test_a_duplicate_is_found_across_the_chunks_of_one_frame(database: Database, writer: Writer) -> None:
    many = pd.concat([frame({"id": "0"})] * 20_001, ignore_index=True).assign(
        id=[str(n % 20_000) for n in range(20_001)]
    )
    results = append(writer, many)
    assert (results[-1], results.count("accepted")) == ("duplicate", 20_000)
    with database.reader.connect() as connection:
        assert connection.execute(select(func.count()).select_from(events)).scalar_one() == 20_000


def test_an_empty_frame_appends_nothing(database: Database, writer: Writer) -> None:
    assert append(writer, frame({"id": "a"}).iloc[:0]) == []
    assert stored(database) == []


def test_an_item_frame_becomes_the_catalogue_with_nothing_where_nothing_is_known(
    database: Database, writer: Writer
) -> None:
    described = pd.DataFrame(
        {
            "item": ["tea", "stamp"],
            "kind": ["product", "product"],
            "title": ["Tea", "Stamp"],
            "price_minor": pd.array([250, None], dtype="Int64"),
            "currency": ["GBP", None],
            "is_service": [False, True],
            "published_at": [7, 8],
        }
    )
    writer.run(lambda c: put_item_frame(c, described, now=10, known_from="sales"))
    with database.reader.connect() as connection:
        changed, _ = items_changed_since(connection, 0)
        assert connection.execute(select(func.count()).select_from(items)).scalar_one() == 2
    by_name = {item.external_id: item for item in changed.values()}
    assert (by_name["tea"].price_minor, by_name["tea"].currency, by_name["tea"].is_service) == (250, "GBP", False)
    assert (by_name["stamp"].price_minor, by_name["stamp"].currency, by_name["stamp"].is_service) == (None, None, True)
    assert {item.known_from for item in by_name.values()} == {"sales"}
