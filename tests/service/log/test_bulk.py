"""Promises of appending whole frames: the same as event by event, only faster."""

import uuid
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import Connection, func, insert, select

from recommender.events import Kind
from service.log.append import NewEvent, append_events
from service.log.bulk import append_event_frame, foreseen_results, put_item_frame, store_piece
from service.log.catalogue import items_changed_since
from service.log.database import Database
from service.log.event_columns import EventColumns
from service.log.import_pieces import MOST_ROWS
from service.log.names import UserKey
from service.log.suppressions import subject_hash
from service.log.tables import events, items, suppressions, users
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
    other = structs.replace(
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
    many = pd.concat([frame({"id": "0"})] * (MOST_ROWS + 1), ignore_index=True)
    append(writer, many.assign(id=[str(n) for n in range(MOST_ROWS + 1)]), on_progress=told.append)
    assert told == [MOST_ROWS, MOST_ROWS + 1]


def test_a_duplicate_is_found_across_the_pieces_of_one_frame(database: Database, writer: Writer) -> None:
    many = pd.concat([frame({"id": "0"})] * (MOST_ROWS + 1), ignore_index=True)
    results = append(writer, many.assign(id=[str(n % MOST_ROWS) for n in range(MOST_ROWS + 1)]))
    assert (results[-1], results.count("accepted")) == ("duplicate", MOST_ROWS)
    with database.reader.connect() as connection:
        assert connection.execute(select(func.count()).select_from(events)).scalar_one() == MOST_ROWS


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


def suppress(connection: Connection, name: str) -> None:
    row = {"subject_hash": subject_hash(connection, UserKey(False, name)), "erased_at": 1, "receipt": {}}
    connection.execute(insert(suppressions), row)


def test_somebody_forgotten_leaves_money_of_nobody_and_no_other_act(database: Database, writer: Writer) -> None:
    writer.run(lambda c: suppress(c, "anna"))
    acts = frame({"id": "bought"}, {"id": "seen", "kind": "view"}, {"id": "ben's", "user": "ben", "kind": "view"})
    columns = EventColumns(acts)
    piece = columns.piece(np.arange(3))
    with database.reader.connect() as connection:
        assert foreseen_results(connection, piece, before={}) == "ufa"
    results = [writer.run(lambda c: store_piece(c, piece, now=500, import_id=None)).results for _ in range(2)]
    assert results == ["ufa", "dfd"]
    assert [(row["id"], row["user_id"] is None) for row in stored(database)] == [("bought", True), ("ben's", False)]
    with database.reader.connect() as connection:
        assert connection.execute(select(users.c.external_id)).scalars().all() == ["ben"]


def test_a_user_and_a_visitor_of_the_same_id_are_two_people(database: Database, writer: Writer) -> None:
    append(writer, frame({"id": "a", "visitor": True}, {"id": "b", "visitor": False}, {"id": "c", "visitor": True}))
    first, second, third = (row["user_id"] for row in stored(database))
    assert first == third != second
    with database.reader.connect() as connection:
        assert set(connection.execute(select(users.c.id, users.c.is_visitor))) == {(first, True), (second, False)}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_foreseen_is_what_then_happens(database: Database, writer: Writer, data: st.DataObject) -> None:
    prefix = uuid.uuid4().hex
    row = st.tuples(st.sampled_from("abcd"), st.sampled_from([b"0" * 16, b"1" * 16]))
    for rows in data.draw(st.lists(st.lists(row, min_size=1, max_size=8), max_size=3)):
        said = frame(*({"id": prefix + id_, "payload_hash": hash_} for id_, hash_ in rows))
        piece = EventColumns(said).piece(np.arange(len(said)))
        with database.reader.connect() as connection:
            foreseen = foreseen_results(connection, piece, before={})
        assert writer.run(lambda c, piece=piece: store_piece(c, piece, now=500, import_id=None)).results == foreseen
