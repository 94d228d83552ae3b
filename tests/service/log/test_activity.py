"""Promises of reading what customers did: up to each one's landmark, of known customers, no orders."""

import numpy as np
from msgspec import structs

from recommender.events import Kind
from service.log.activity import activity_before
from service.log.append import NewEvent, append_events
from service.log.catalogue import CatalogueItem, put_items
from service.log.database import Database
from service.log.dictionaries import item_ids, user_ids
from service.log.merging import begin_merge
from service.log.names import UserKey
from service.log.writer import Writer

ANNA, BEN, BROWSER = UserKey(False, "anna"), UserKey(False, "ben"), UserKey(True, "browser")


def filled(database: Database, writer: Writer, *acts: NewEvent) -> tuple[np.ndarray, dict[str, int]]:
    """The log's ids of anna and ben, rising, and those of items."""
    films = [
        CatalogueItem(external_id=name, kind="content", title=name.title(), published_at=1) for name in ("film", "song")
    ]
    writer.run(lambda connection: put_items(connection, films, now=1))
    writer.run(lambda connection: append_events(connection, acts, received_at=10**9))
    with database.reader.connect() as connection:
        known = user_ids(connection, [ANNA, BEN])
        return np.array(sorted(known.values())), item_ids(connection, ["film", "tea"])


def act(id_: str, **changes: object) -> NewEvent:
    made = NewEvent(id=id_, kind=Kind.WATCH, user=ANNA, item="film", at=100, seconds_watched=30.0, seconds_total=60.0)
    return structs.replace(made, **changes)


def test_each_customer_is_read_up_to_her_own_landmark(database: Database, writer: Writer) -> None:
    users, items = filled(
        database,
        writer,
        act("1"),
        act("2", at=200),
        act("3", user=BEN, at=250, kind=Kind.LIKE, seconds_watched=None, seconds_total=None),
        act("4", user=BEN, at=270, item="tea", kind=Kind.VIEW, seconds_watched=None, seconds_total=None),
        act("5", user=UserKey(False, "cleo")),
        act("6", at=110, kind=Kind.PURCHASE, item="tea", amount_minor=1, currency="GBP"),
        act("7", at=110, kind=Kind.IMPRESSION),
    )
    found = activity_before(database.reader, users, until=np.array([200, 300]))

    assert found.acts.customer_rows.tolist() == [0, 1, 1]
    assert found.acts.at.tolist() == [100, 250, 270]
    assert found.acts.seconds_watched.tolist() == [30, 0, 0]
    assert found.acts.is_like.tolist() == [False, True, False]
    # Liked is not seen, and tea is no content.
    assert (found.seen_rows.tolist(), found.seen_items.tolist()) == ([0], [items["film"]])


def test_what_a_visitor_did_is_hers_once_they_are_one(database: Database, writer: Writer) -> None:
    users, _ = filled(database, writer, act("1", user=BROWSER), act("2", user=ANNA), act("3", user=BEN))
    before = activity_before(database.reader, users, until=np.array([200, 200]))
    writer.run(lambda connection: begin_merge(connection, ANNA, BROWSER, now=300))
    after = activity_before(database.reader, users, until=np.array([200, 200]))

    assert sorted(before.acts.customer_rows.tolist()) == [0, 1]
    assert sorted(after.acts.customer_rows.tolist()) == [0, 0, 1]


def test_nobody_did_nothing(database: Database, writer: Writer) -> None:
    filled(database, writer, act("1"))
    found = activity_before(database.reader, np.empty(0, dtype=np.int64), until=np.empty(0, dtype=np.int64))
    assert len(found.acts) == found.seen_rows.size == 0
