"""Promises of the bulk reads: exactly the rows that training and analysis may use, in the shop's days and money."""

import dataclasses
import tracemalloc
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import insert, select, text

from recommender.events import Events, Kind
from service.clock import microseconds
from service.log import pieces
from service.log.append import NewEvent, NewExposure, append_events, append_exposure
from service.log.bulk import append_event_frame
from service.log.catalogue import CatalogueItem, put_items, put_user_attributes
from service.log.database import Connection, Database, open_for_writing
from service.log.dictionaries import item_ids, user_ids
from service.log.experiments import create_experiment
from service.log.frames import _pieces, exposure_frame, latest_instant, order_frame, shop_days, training_frames
from service.log.history import watch_shares
from service.log.names import UserKey
from service.log.tables import events
from service.log.writer import Writer

ANNA, BEN, BROWSER = UserKey(False, "anna"), UserKey(False, "ben"), UserKey(True, "browser")
SECOND = 1_000_000
LATE = 10**16


def event(id_: str, **changes: object) -> NewEvent:
    made = NewEvent(
        id=id_, kind=Kind.PURCHASE, user=ANNA, item="tea", at=100 * SECOND, amount_minor=250, currency="GBP"
    )
    return structs.replace(made, **changes)


def append(writer: Writer, *new: NewEvent) -> None:
    done = writer.run(lambda connection: append_events(connection, new, received_at=LATE))
    assert {one.result for one in done} == {"accepted"}


def exposure(feed_id: str, user: UserKey, *, at: int, assigned: dict[int, str]) -> NewExposure:
    return NewExposure(
        feed_id=feed_id,
        first_feed_id=feed_id,
        user=user,
        at=at,
        surface="feed",
        items=[],
        model_version=None,
        fallback=None,
        arms={},
        assigned=assigned,
        is_preview=False,
    )


def put_catalogue(connection: Connection) -> None:
    put_items(
        connection,
        [
            CatalogueItem(external_id="tea", kind="product", title="Tea", published_at=5 * SECOND),
            CatalogueItem(external_id="film", kind="content", title="Film", published_at=6 * SECOND),
            CatalogueItem(external_id="old", kind="product", title="Old", available=False, published_at=7 * SECOND),
            CatalogueItem(external_id="post", kind="product", title="Postage", is_service=True, published_at=1),
            CatalogueItem(external_id="bare", kind="product", title=None, published_at=1),
        ],
        now=1,
    )


def test_training_leaves_out_what_a_feed_never_shows_and_what_shows_no_interest(
    database: Database, writer: Writer
) -> None:
    writer.run(put_catalogue)
    append(
        writer,
        event("bought", quantity=2, at=100 * SECOND + 999_999),
        event("watched", kind=Kind.WATCH, item="film", user=BROWSER, seconds_watched=30.0, seconds_total=60.0),
        event("no longer sold", item="old"),
        event("a service", item="post"),
        event("an item without a title", item="bare"),
        event("an item never put", item="secret"),
        event("on the screen", kind=Kind.IMPRESSION),
    )
    anonymous = pd.DataFrame(
        [
            {
                "id": "x",
                "payload_hash": b"0" * 16,
                "kind": "purchase",
                "user": None,
                "item": "tea",
                "at": 9,
                "order_id": None,
            }
        ]
    )
    writer.run(lambda c: append_event_frame(c, anonymous, received_at=LATE, on_progress=lambda _rows: None))
    read = training_frames(database.reader, until_seconds=LATE // SECOND)
    with database.reader.connect() as connection:
        item = item_ids(connection, ["tea", "film", "old"])
        user = user_ids(connection, [ANNA, BROWSER])
    assert read.events.item_ids.tolist() == [item["tea"], item["film"], item["old"]]
    assert read.events.user_ids.tolist() == [user[ANNA], user[BROWSER], user[ANNA]]
    assert read.events.kinds.tolist() == [Kind.PURCHASE, Kind.WATCH, Kind.PURCHASE]
    assert read.events.at_seconds.tolist() == [100, 100, 100]
    np.testing.assert_array_equal(read.events.quantities, np.array([2, np.nan, np.nan], dtype=np.float32))
    np.testing.assert_array_equal(read.events.watch_shares, np.array([np.nan, 0.5, np.nan], dtype=np.float32))
    known = dict(zip(read.items.item_ids.tolist(), read.items.is_content.tolist(), strict=True))
    assert known == {item["tea"]: False, item["film"]: True, item["old"]: False}
    assert sorted(read.items.published_at_seconds.tolist()) == [5, 6, 7]


def test_a_users_country_is_her_segment_and_one_without_has_none(database: Database, writer: Writer) -> None:
    said = {ANNA: {"country": "Indonesia", "plan": "gold"}, BEN: {"plan": "gold"}}
    writer.run(lambda connection: put_user_attributes(connection, said, now=1))
    segments = training_frames(database.reader, until_seconds=LATE // SECOND).segments
    with database.reader.connect() as connection:
        user = user_ids(connection, [ANNA, BEN])
    named = dict(zip(segments.user_ids.tolist(), segments.names.tolist(), strict=True))
    assert named == {user[ANNA]: "Indonesia", user[BEN]: ""}


def test_an_empty_log_gives_empty_frames(database: Database) -> None:
    read = training_frames(database.reader, until_seconds=LATE // SECOND)
    assert (len(read.events), len(read.items.item_ids), len(read.segments.user_ids)) == (0, 0, 0)
    orders = order_frame(database.reader, timezone="UTC")
    assert len(orders) == 0
    assert orders.dtypes.astype(str).to_dict() == {
        "unit": "int64",
        "order": "int64",
        "at": "int64",
        "day": "int64",
        "amount_minor": "int64",
        "is_refund": "bool",
        "currency": "category",
    }
    assert len(exposure_frame(database.reader, 1)) == 0
    assert latest_instant(database.reader) is None


def test_orders_are_the_purchases_and_refunds_of_known_users_each_in_its_currency(
    database: Database, writer: Writer
) -> None:
    append(
        writer,
        event("line 1", order_id="o1", amount_minor=250),
        event("line 2", order_id="o1", amount_minor=400, item="cup"),
        event("back", kind=Kind.REFUND, order_id="r1", amount_minor=250),
        event("by another", user=BEN, order_id="o2", amount_minor=100),
        event("in euros", amount_minor=999, currency="EUR"),
        event("unpriced", amount_minor=None, currency=None),
        event("viewed", kind=Kind.VIEW, amount_minor=None, currency=None),
    )
    orders = order_frame(database.reader, timezone="UTC")
    with database.reader.connect() as connection:
        user = user_ids(connection, [ANNA, BEN])
    assert orders["unit"].tolist() == [user[ANNA]] * 3 + [user[BEN], user[ANNA], user[ANNA]]
    assert orders["amount_minor"].tolist() == [250, 400, -250, 100, 999, 0]
    assert orders["currency"].tolist() == ["GBP"] * 4 + ["EUR", ""]
    assert orders["is_refund"].tolist() == [False, False, True, False, False, False]
    first, second, *others = orders["order"].tolist()
    assert first == second, "lines with one order number are one order"
    assert len({first, *others}) == 5, "a line without an order number is an order of its own"
    assert set(orders["day"]) == {0}


@pytest.mark.parametrize(
    ("timezone", "local", "day"),
    [
        # 2026-03-01 is day 20,513: 56 years of 365 days, 14 leap days, 31 + 28 days of the year.
        ("Asia/Jakarta", "2026-03-01T00:30", 20_513),
        ("Asia/Jakarta", "2026-02-28T23:30", 20_512),
        ("America/New_York", "2026-03-01T23:30", 20_513),
        # The clock springs from 02:00 to 03:00 on 2026-03-08 in New York, day 20,520, and falls back on 2026-11-01.
        ("America/New_York", "2026-03-08T00:30", 20_520),
        ("America/New_York", "2026-03-08T23:30", 20_520),
        ("America/New_York", "2026-11-01T00:30", 20_758),
        ("America/New_York", "2026-11-01T23:30", 20_758),
        ("Europe/London", "2026-03-29T23:59", 20_541),
    ],
)
def test_an_order_belongs_to_the_day_that_the_shops_calendar_showed(
    database: Database, writer: Writer, timezone: str, local: str, day: int
) -> None:
    at = microseconds(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(timezone)))
    append(writer, event("e", at=at))
    assert order_frame(database.reader, timezone=timezone)["day"].tolist() == [day]


@given(
    st.lists(st.integers(0, 4_000_000_000 * SECOND), max_size=20),
    st.sampled_from(["UTC", "Asia/Jakarta", "America/New_York", "Europe/London", "Australia/Lord_Howe"]),
)
def test_shop_days_are_the_standard_librarys(instants: list[int], timezone: str) -> None:
    slow = [
        (datetime.fromtimestamp(at // SECOND, ZoneInfo(timezone)).date() - date(1970, 1, 1)).days for at in instants
    ]
    assert shop_days(np.array(instants, dtype=np.int64), timezone=timezone).tolist() == slow


def test_exposed_units_are_those_of_one_experiment_from_their_first_exposure(
    database: Database, writer: Writer
) -> None:
    one, other = (
        writer.run(lambda c, key=key: create_experiment(c, key=key, definition={}, salt="s", who="test", now=1)).id
        for key in ("one", "other")
    )
    for feed_id, user, at, assigned in (
        ("a", ANNA, 5, {one: "control"}),
        ("b", ANNA, 9, {one: "control", other: "personal"}),
        ("c", BEN, 7, {one: "personal"}),
    ):
        shown = exposure(feed_id, user, at=at, assigned=assigned)
        writer.run(lambda c, shown=shown: append_exposure(c, shown))
    with database.reader.connect() as connection:
        user_id = user_ids(connection, [ANNA, BEN])
    frame = exposure_frame(database.reader, one).sort_values("first_exposed_at")
    assert frame["unit"].tolist() == [user_id[ANNA], user_id[BEN]]
    assert frame["arm"].tolist() == ["control", "personal"]
    assert frame["first_exposed_at"].tolist() == [5, 7]
    assert exposure_frame(database.reader, other)["first_exposed_at"].tolist() == [9]


def test_the_latest_instant_is_that_of_the_last_event_or_feed(database: Database, writer: Writer) -> None:
    append(writer, event("e", at=70))
    assert latest_instant(database.reader) == 70
    writer.run(lambda c: append_exposure(c, exposure("a", ANNA, at=90, assigned={})))
    assert latest_instant(database.reader) == 90


def test_a_watched_share_is_watched_over_length_and_a_loop_counts_once() -> None:
    watched = np.array([15, 0, 90, 10, np.nan, 10, 10], dtype=np.float32)
    total = np.array([60, 60, 60, 0, 60, np.nan, 30], dtype=np.float32)
    expected = np.array([15 / 60, 0, 1, np.nan, np.nan, np.nan, 10 / 30], dtype=np.float32)
    np.testing.assert_array_equal(watch_shares(watched, total), expected)


def put_many(connection: Connection, n: int) -> None:
    """Purchases number 1 to n: of user 1 and item 1, one a second, three lines to an order."""
    connection.execute(
        text(
            """
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :n)
            INSERT INTO events (seq, id, payload_hash, kind, user_id, item_id, at, received_at, order_id, amount_minor,
                                currency)
            SELECT n, 'e' || n, :hash, 10, 1, 1, n * 1000000, 1, 'order-' || (n / 3), n, 'GBP' FROM numbers
            """
        ),
        {"n": n, "hash": b"0" * 16},
    )


def put_shop(connection: Connection) -> None:
    """User 1 and item 1, whom events may speak of."""
    put_user_attributes(connection, {ANNA: {}}, now=1)
    put_items(connection, [CatalogueItem(external_id="tea", kind="product", title="Tea", published_at=1)], now=1)


def arrays(events: Events) -> list[np.ndarray]:
    return [getattr(events, field.name) for field in dataclasses.fields(events)]


def traced(work: Any) -> tuple[Any, int]:
    """What the work returns, and the most memory that it held at once, in bytes."""
    tracemalloc.start()
    try:
        done = work()
        return done, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_reading_four_times_the_rows_takes_no_more_memory_than_their_arrays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both logs fill several pieces, so that the pieces cost the same; a tenth is for what the allocator rounds up."""
    monkeypatch.setattr(pieces, "PIECE_ROWS", 5_000)
    peaks, sizes = [], []
    for n in (20_000, 80_000):
        opened = open_for_writing(f"sqlite:///{tmp_path / f'{n}.sqlite3'}", erasure_salt=b"of the tests")
        assert opened.writing is not None
        with opened.writing.begin() as connection:
            put_shop(connection)
            put_many(connection, n)
        read, peak = traced(lambda opened=opened: training_frames(opened.reader, until_seconds=LATE // SECOND))
        opened.close()
        assert len(read.events) == n
        assert int(read.events.at_seconds.sum()) == n * (n + 1) // 2, "every row, and none twice"
        peaks.append(peak)
        sizes.append(sum(array.nbytes for array in arrays(read.events)))
    assert peaks[1] - peaks[0] < 1.1 * (sizes[1] - sizes[0])


def test_lines_of_one_order_are_one_order_however_far_apart(database: Database, writer: Writer) -> None:
    """The order's other line is two pieces further on; between them the log has a gap."""
    writer.run(put_shop)
    append(writer, event("first", order_id="o1"), event("other", order_id="o2"), event("alone"), event("alone too"))
    row = {"payload_hash": b"0" * 16, "kind": int(Kind.PURCHASE), "user_id": 1, "item_id": 1, "at": 1, "received_at": 1}
    late = {**row, "seq": 10**12, "id": "last", "order_id": "o1", "currency": "GBP"}
    writer.run(lambda connection: connection.execute(insert(events).values(late)) and None)
    codes = order_frame(database.reader, timezone="UTC")["order"].tolist()
    assert codes[0] == codes[4]
    assert len(set(codes)) == 4


def test_a_long_reading_holds_no_snapshot_and_ends_where_the_log_ended_when_it_began(
    database: Database, writer: Writer
) -> None:
    writer.run(put_shop)
    append(writer, event("a"))
    row = {"payload_hash": b"0" * 16, "kind": int(Kind.PURCHASE), "user_id": 1, "item_id": 1, "at": 1, "received_at": 1}
    far = {**row, "seq": 10**9, "id": "far"}
    writer.run(lambda connection: connection.execute(insert(events).values(far)) and None)
    reading = _pieces(database.reader, select(events.c.seq), key=events.c.seq, types={"seq": np.int64})
    assert next(reading)["seq"].tolist() == [1]
    after = {**row, "seq": 10**9 + 1, "id": "after"}
    writer.run(lambda connection: connection.execute(insert(events).values(after)) and None)
    if database.reader.dialect.name == "sqlite":
        assert database.writing is not None
        driver = database.writing.raw_connection()
        busy, *_ = driver.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert busy == 0, "the write-ahead log could not be emptied between two pieces"
    assert [piece["seq"].tolist() for piece in reading] == [[10**9]]


def test_what_has_not_happened_by_then_is_left_out(database: Database, writer: Writer) -> None:
    writer.run(put_shop)
    append(writer, event("before", at=7 * SECOND + 999_999), event("after", at=8 * SECOND))
    assert training_frames(database.reader, until_seconds=8).events.at_seconds.tolist() == [7]
