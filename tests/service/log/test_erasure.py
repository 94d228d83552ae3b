"""Promises of forgetting: all that is hers goes, at once or in pieces, nothing of others does, nobody comes back."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.event import listens_for, remove

from recommender.events import Kind
from service.jobs.merging import merged
from service.log.append import FORGOTTEN, DeadLetter, NewEvent, append_dead_letters, append_events
from service.log.database import Connection, Database, open_for_writing
from service.log.erasure import (
    TABLES,
    Removed,
    begin_erasure,
    erase,
    remove_letters,
    remove_piece,
    what_is_left,
)
from service.log.history import user_history
from service.log.imports import begin_import, finish_import
from service.log.letters import letters_about, letters_naming
from service.log.merging import MergeRefused, begin_merge, move_piece
from service.log.names import UserKey
from service.log.suppressions import StillErasing, lift_suppression, suppressed
from service.log.tables import events, metadata, suppressions, users
from service.log.writer import Writer

NOW = 1_000_000_000_000
ANNA, BEN, BROWSER = UserKey(False, "anna"), UserKey(False, "ben"), UserKey(True, "browser")

Live = Callable[[Connection, UserKey], None]


def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with database.reader.connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(select(table))] for name, table in metadata.tables.items()
        }


def merge_whole(connection: Connection, user: UserKey, visitor: UserKey) -> None:
    move_piece(connection, begin_merge(connection, user, visitor, now=NOW))


@pytest.fixture
def lives(writer: Writer, live: Live) -> None:
    for key in (ANNA, BEN, BROWSER):
        writer.run(lambda connection, key=key: live(connection, key))  # type: ignore[misc]


@pytest.mark.usefixtures("lives")
def test_a_person_is_forgotten_and_what_went_is_counted(database: Database, writer: Writer) -> None:
    removed = writer.run(lambda connection: erase(connection, ANNA, now=NOW))
    assert removed == Removed(
        rows={
            "events": 5,
            "exposures": 1,
            "assignments": 1,
            "campaign_units": 1,
            "campaign_entries": 1,
            "dead_letters": 1,
            "visitors": 0,
            "users": 1,
        },
        money={"GBP": {"purchases": 250, "refunds": 100}, "IDR": {"purchases": 7000, "refunds": 0}},
        units={"feed-1": {"treatment": 1}},
    )
    left = everything(database)
    assert [name for name, rows in left.items() if "anna" in str(rows)] == []
    assert left["erased_units"] == [(1, "treatment", 1)]
    assert left["campaigns"][0][-2:] == (1, 0)  # one of the contacted has been forgotten, and nothing says who


@pytest.mark.usefixtures("lives")
def test_others_keep_every_row(database: Database, writer: Writer) -> None:
    before = everything(database)
    writer.run(lambda connection: erase(connection, ANNA, now=NOW))
    after = everything(database)
    for name in ("events", "exposures", "assignments", "campaign_units", "campaign_entries", "dead_letters"):
        assert set(map(str, after[name])) < set(map(str, before[name]))
    # Her row of the dictionary is nobody's now; it stays, so that her number is never given to somebody else.
    changed = [row for row in after["users"] if row not in before["users"]]
    ((_, _, name, *nothing),) = changed
    assert str(name).startswith("erased-")
    assert nothing == [{}, 0, None, True]
    assert sum("ben" in str(row) for row in after["events"]) == 5


@pytest.mark.usefixtures("lives")
def test_removed_in_the_smallest_pieces_the_same_goes_as_at_once(database: Database, writer: Writer) -> None:
    writer.run(lambda connection: merge_whole(connection, BEN, BROWSER))
    at_once = writer.run(lambda connection: erase(connection, ANNA, now=NOW))
    person = writer.run(lambda connection: begin_erasure(connection, BEN, now=NOW))
    with database.reader.connect() as connection:
        letter_ids = letters_naming(connection, person.names)
    removed = writer.run(lambda connection: remove_letters(connection, person, letter_ids))
    pieces, is_done = 0, False
    while not is_done:
        piece, is_done = writer.run(lambda connection: remove_piece(connection, person, most=1))
        removed, pieces = removed + piece, pieces + 1
    # Events, exposures, the assignment that stayed, the campaigns, and the names.
    assert pieces == 10 + 2 + 1 + 1 + 1
    twice = {table: 2 * count for table, count in at_once.rows.items()}
    once = dict.fromkeys(("users", "visitors", "assignments", "campaign_units", "campaign_entries"), 1)
    assert removed.rows == {**twice, **once}
    assert removed.money == {currency: {k: 2 * v for k, v in sums.items()} for currency, sums in at_once.money.items()}
    assert set(removed.rows) == set(TABLES)


@pytest.mark.usefixtures("lives")
@pytest.mark.parametrize("pieces_before_the_crash", [0, 1, 3])
def test_an_erasure_cut_off_lets_nobody_back_and_is_finished_by_the_next(
    database: Database, writer: Writer, pieces_before_the_crash: int
) -> None:
    writer.run(lambda connection: merge_whole(connection, ANNA, BROWSER))
    person = writer.run(lambda connection: begin_erasure(connection, ANNA, now=NOW))
    for _ in range(pieces_before_the_crash):
        writer.run(lambda connection: remove_piece(connection, person, most=2))
    for key in (ANNA, BROWSER):
        late = NewEvent(id=f"late-{key.external_id}", kind=Kind.VIEW, user=key, item="tea", at=NOW)
        (answer,) = writer.run(lambda connection, late=late: append_events(connection, [late], received_at=NOW))  # type: ignore[misc]
        assert answer.reason == FORGOTTEN
        assert user_history(database.reader, key) is None
    with pytest.raises(StillErasing):
        writer.run(lambda connection: lift_suppression(connection, ANNA))
    writer.run(lambda connection: erase(connection, ANNA, now=NOW + 1))
    with database.reader.connect() as connection:
        assert set(what_is_left(connection, person).values()) == {0}
        kept = connection.execute(select(suppressions.c.receipt)).scalars().all()
        assert suppressed(connection, [ANNA, BROWSER]) == {ANNA, BROWSER}
    # The receipt kept is of the whole erasure, whatever it was cut into.
    assert sum(receipt["removed"].get("events", 0) for receipt in kept) == 10
    assert "anna" not in str(everything(database))


@pytest.mark.usefixtures("lives")
def test_what_a_user_did_is_found_by_indexes(database: Database, writer: Writer) -> None:
    asked: list[tuple[str, Any]] = []
    assert database.writing is not None

    @listens_for(database.writing, "before_cursor_execute")
    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("DELETE FROM events"):
            asked.append((statement, parameters))

    writer.run(lambda connection: erase(connection, ANNA, now=NOW))
    remove(database.writing, "before_cursor_execute", listen)
    is_sqlite = database.reader.dialect.name == "sqlite"
    with database.reader.connect() as connection:
        if not is_sqlite:
            connection.exec_driver_sql("SET enable_seqscan = off")  # a handful of rows is read whole otherwise
        for index, (statement, parameters) in zip(
            ("ix_events_user_id_at", "ix_events_user_id_impressions"), asked, strict=True
        ):
            explain = f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{statement}"
            assert index in str(connection.exec_driver_sql(explain, parameters).all())


def test_somebody_unknown_is_kept_out_and_the_answer_has_the_same_shape(writer: Writer) -> None:
    removed = writer.run(lambda connection: erase(connection, ANNA, now=NOW))
    assert removed == Removed.nothing()
    assert writer.run(lambda connection: suppressed(connection, [ANNA])) == {ANNA}


@pytest.mark.usefixtures("lives")
def test_a_letter_that_names_the_person_is_found_however_it_spells_her(database: Database, writer: Writer) -> None:
    def refuse(connection: Connection, **letter: Any) -> None:
        append_dead_letters(connection, [DeadLetter(**{"received_at": NOW, "reason": "r", "origin": "http", **letter})])

    def imported(connection: Connection) -> int:
        import_id = begin_import(connection, file_name="sales.csv", kind="sales", now=NOW)
        mapping = {"user": "Pelanggan", "quantity": "Jumlah", "item": "Kode"}
        finish_import(connection, import_id, report={"reading": {"mapping": mapping}}, now=NOW)
        return import_id

    import_id = writer.run(imported)
    hers = (
        {"payload": '{"user_id": 17850, "kind": "view"}'},
        {"payload": '{"user_id": "\\u00317850", "kind": "view"}'},
        {"payload": '{"id": "17850-3", "kind": "view"}'},
        {"payload": '{"user_id": "17850", "kind'},
        {"payload": '{"Pelanggan": "17850.0", "Jumlah": "x"}', "import_id": import_id, "origin": "import"},
        {"payload": '{"Pelanggan": "", "Nota": "17850/1"}', "import_id": import_id, "origin": "import"},
    )
    others = (
        {"payload": '{"user_id": "ben", "order_id": "17850"}'},
        {"payload": '{"item_id": "17850", "kind": "view"}'},
        {"payload": '{"id": "117850", "kind": "view"}'},
        {"payload": '{"Pelanggan": "ben", "Jumlah": "17850"}', "import_id": import_id, "origin": "import"},
        {
            "payload": '{"Pelanggan": "", "Kode": "17850", "Jumlah": "17850"}',
            "import_id": import_id,
            "origin": "import",
        },
    )
    for letter in (*hers, *others):
        writer.run(lambda connection, letter=letter: refuse(connection, **letter))  # type: ignore[misc]
    with database.reader.connect() as connection:
        found = {row.payload for row in letters_about(connection, {"17850"})}
    assert found == {letter["payload"] for letter in hers}


ACTS = st.lists(
    st.tuples(st.sampled_from(["tell", "merge", "erase", "lift"]), st.integers(0, 2), st.integers(0, 2)), max_size=25
)


@settings(max_examples=15, deadline=None)
@given(acts=ACTS)
def test_whatever_happens_the_log_holds_just_what_was_told_since_the_last_erasure(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int, int]]
) -> None:
    """Three users, three visitors, anything in any order, beside a plain account of who should own which event."""
    home = tmp_path_factory.mktemp("log")
    database = open_for_writing(f"sqlite:///{home / 'log.sqlite3'}", erasure_salt=b"of the tests")
    assert database.writing is not None
    writer = Writer(database.writing, capacity=100, observe=lambda **_: None)
    owner: dict[str, str] = {}
    merged_into: dict[str, str] = {}
    forgotten: set[str] = set()
    for number, (act, user_number, visitor_number) in enumerate(acts):
        user, visitor = f"user{user_number}", f"visitor{visitor_number}"
        if act == "tell":
            for is_visitor, name in ((False, user), (True, visitor)):
                event = NewEvent(
                    id=f"{number}-{name}", kind=1 + number % 3, user=UserKey(is_visitor, name), item="tea", at=NOW
                )
                writer.run(lambda c, event=event: append_events(c, [event], received_at=NOW))  # type: ignore[misc]
                if name not in forgotten:
                    owner[event.id] = merged_into.get(name, name)
        elif act == "merge":
            is_refused = {user, visitor} & forgotten or merged_into.get(visitor, user) != user
            with pytest.raises(MergeRefused) if is_refused else nullcontext():
                merged(writer, UserKey(False, user), UserKey(True, visitor), now=NOW)
            if not is_refused:
                merged_into[visitor] = user
                owner = {id_: user if name == visitor else name for id_, name in owner.items()}
        elif act == "erase":
            writer.run(lambda c, user=user: erase(c, UserKey(False, user), now=NOW))  # type: ignore[misc]
            gone = {user, *(name for name, into in merged_into.items() if into == user)}
            forgotten |= gone
            merged_into = {name: into for name, into in merged_into.items() if into != user}
            owner = {id_: name for id_, name in owner.items() if name not in gone}
        else:
            writer.run(lambda c, user=user: lift_suppression(c, UserKey(False, user)))  # type: ignore[misc]
            forgotten.discard(user)
    with database.reader.connect() as connection:
        query = select(events.c.id, users.c.external_id).join(users, users.c.id == events.c.user_id)
        stored = {row.id: row.external_id for row in connection.execute(query)}
    writer.close()
    database.close()
    assert stored == owner


def test_what_is_told_while_a_person_is_erased_is_refused_or_removed(database: Database, writer: Writer) -> None:
    stop = threading.Event()

    def tell(teller: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            new = [
                NewEvent(id=f"{teller}-{number}-{key.external_id}", kind=Kind.VIEW, user=key, item="tea", at=NOW)
                for key in (ANNA, BEN)
            ]
            anna, ben = writer.run(lambda c, new=new: append_events(c, new, received_at=NOW))  # type: ignore[misc]
            assert ben.result == "accepted"
            if anna.reason == FORGOTTEN and number > 20:
                return

    with ThreadPoolExecutor(4) as tellers:
        telling = [tellers.submit(tell, teller) for teller in range(4)]
        try:
            person = writer.run(lambda connection: begin_erasure(connection, ANNA, now=NOW))
            is_done = False
            while not is_done:
                _, is_done = writer.run(lambda connection: remove_piece(connection, person, most=3))
            for one in telling:
                one.result(timeout=60)
        finally:
            stop.set()
    with database.reader.connect() as connection:
        assert set(what_is_left(connection, person).values()) == {0}
        ids = connection.execute(select(events.c.id)).scalars().all()
    assert ids
    assert all(id_.endswith("ben") for id_ in ids)
