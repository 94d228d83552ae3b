"""Promises of appending: sent again never counts twice, and what becomes of each event is said."""

import dataclasses
import itertools
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from recommender.events import Kind
from service.log.append import (
    CHANGED_PAYLOAD,
    EventBatch,
    NewEvent,
    NewExposure,
    append_event_batches,
    append_events,
    append_exposure,
    append_exposures,
)
from service.log.database import Database
from service.log.dictionaries import item_ids, user_ids
from service.log.experiments import create_experiment
from service.log.history import shown_item_ids, user_history
from service.log.names import UserKey
from service.log.tables import assignments, events, exposures, users
from service.log.writer import Writer

ANNA = UserKey(False, "anna")
RUNS = itertools.count()
"""Numbers the examples that share one log, so that no example meets another's ids."""


def event(id_: str = "e1", **changes: object) -> NewEvent:
    made = NewEvent(id=id_, kind=Kind.PURCHASE, user=ANNA, item="serum", at=1_000, amount_minor=250, currency="GBP")
    return structs.replace(made, **changes)


def append(writer: Writer, *new: NewEvent, received_at: int = 10_000) -> list[str]:
    return [done.result for done in writer.run(lambda c: append_events(c, new, received_at=received_at))]


def count(database: Database, table: object) -> int:
    with database.reader.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def test_an_event_sent_again_is_a_duplicate_and_stored_once(database: Database, writer: Writer) -> None:
    assert append(writer, event()) == ["accepted"]
    assert append(writer, event(), received_at=99_000) == ["duplicate"]
    assert count(database, events) == 1


def test_a_retry_with_another_sent_at_is_still_the_same_event(writer: Writer) -> None:
    assert append(writer, event(sent_at=5)) == ["accepted"]
    assert append(writer, event(sent_at=6)) == ["duplicate"]


@pytest.mark.parametrize("count", [1, 9, 10, 11, 99, 100, 101, 239])
def test_of_any_number_of_events_each_is_stored_once_in_the_order_given(
    database: Database, writer: Writer, count: int
) -> None:
    """Rows share statements of several sizes on SQLite."""
    ids = [f"e{number}" for number in range(count)]
    assert append(writer, *map(event, ids)) == ["accepted"] * count
    assert append(writer, *map(event, ids), event("last")) == ["duplicate"] * count + ["accepted"]
    with database.reader.connect() as connection:
        assert connection.execute(select(events.c.id).order_by(events.c.seq)).scalars().all() == [*ids, "last"]


def test_a_name_of_any_characters_is_found_again_as_it_was_given(database: Database, writer: Writer) -> None:
    """SQLite is handed names as JSON and answers in JSON."""
    names = [
        '"',
        "\\",
        "\\u0041",
        "'; --",
        "a b",
        "é",
        "e\u0301",
        "\u2028",
        "\U0001f338",
        "tab\t",
        "{}",
        "null",
        "1",
        "Ä",
    ]
    new = [event(f"e{n}", user=UserKey(n % 2 == 1, name), item=name) for n, name in enumerate(names)]
    assert append(writer, *new) == ["accepted"] * len(names)
    with database.reader.connect() as connection:
        keys = [one.user for one in new]
        found, found_items = user_ids(connection, keys), item_ids(connection, names)
        stored = connection.execute(select(events.c.user_id, events.c.item_id).order_by(events.c.seq)).all()
    assert [(found[one.user], found_items[one.item]) for one in new] == [tuple(row) for row in stored]
    assert len(set(found.values())) == len(set(found_items.values())) == len(names)


def test_another_payload_under_a_used_id_is_rejected_with_the_reason_and_changes_nothing(
    database: Database, writer: Writer
) -> None:
    append(writer, event())
    changed = event(amount_minor=999)
    (done,) = writer.run(lambda c: append_events(c, [changed], received_at=10_000))
    assert (done.result, done.reason) == ("rejected", CHANGED_PAYLOAD)
    with database.reader.connect() as connection:
        assert connection.execute(select(events.c.amount_minor)).scalars().all() == [250]


def test_the_same_holds_inside_one_batch(database: Database, writer: Writer) -> None:
    assert append(writer, event(), event(), event(amount_minor=1), event("e2")) == [
        "accepted",
        "duplicate",
        "rejected",
        "accepted",
    ]
    assert count(database, events) == 2


def test_a_repeated_purchase_is_a_new_row(database: Database, writer: Writer) -> None:
    assert append(writer, event("e1"), event("e2")) == ["accepted", "accepted"]
    assert count(database, events) == 2


def test_a_clock_that_runs_ahead_does_not_hide_an_event_from_the_next_feed(database: Database, writer: Writer) -> None:
    append(writer, event(at=12_000), received_at=10_000)
    known = user_history(database.reader, ANNA)
    assert known is not None
    assert known.at.tolist() == [10_000]
    assert append(writer, event(at=12_000), received_at=11_000) == ["duplicate"]


def test_a_visitor_and_a_user_of_the_same_name_are_two_people(database: Database, writer: Writer) -> None:
    append(writer, event("e1"), event("e2", user=UserKey(True, "anna")))
    assert count(database, users) == 2
    for key in (ANNA, UserKey(True, "anna")):
        known = user_history(database.reader, key)
        assert known is not None
        assert len(known.item_ids) == 1


def test_what_was_only_on_the_screen_does_not_crowd_out_what_was_done(database: Database, writer: Writer) -> None:
    append(writer, event("bought"), event("seen", kind=Kind.IMPRESSION, amount_minor=None, currency=None))
    known = user_history(database.reader, ANNA)
    assert known is not None
    assert known.kinds.tolist() == [Kind.PURCHASE]


def exposure(feed_id: str, *, user: UserKey = ANNA, at: int = 1_000, first: str | None = None) -> NewExposure:
    return NewExposure(
        feed_id=feed_id,
        first_feed_id=first or feed_id,
        user=user,
        at=at,
        surface="feed",
        items=[(7, "als", 1.0), (9, "popularity", 1.0)],
        model_version="v1",
        fallback=None,
        arms={},
        assigned={},
        is_preview=False,
    )


def test_the_pages_of_one_feed_are_remembered_together_and_only_for_their_user(
    database: Database, writer: Writer
) -> None:
    writer.run(lambda c: append_exposure(c, exposure("a")))
    writer.run(lambda c: append_exposure(c, exposure("b", first="a")))
    assert count(database, exposures) == 2
    assert shown_item_ids(database.reader, ANNA, "a") == [7, 9, 7, 9]
    assert shown_item_ids(database.reader, UserKey(False, "ben"), "a") is None
    assert shown_item_ids(database.reader, UserKey(True, "anna"), "a") is None


def test_the_first_exposure_of_a_unit_fixes_its_arm_and_its_start(database: Database, writer: Writer) -> None:

    kept = writer.run(lambda c: create_experiment(c, key="x", definition={}, salt="s", who="test", now=1))
    for feed_id, at, arm in (("a", 1_000, "control"), ("b", 2_000, "treatment")):
        shown = dataclasses.replace(exposure(feed_id, at=at), assigned={kept.id: arm})
        writer.run(lambda c, shown=shown: append_exposure(c, shown))
    with database.reader.connect() as connection:
        assert connection.execute(select(assignments.c.arm, assignments.c.first_exposed_at)).all() == [
            ("control", 1_000)
        ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=8), min_size=1, max_size=12),
    spoilt=st.sets(st.integers(0, 11), max_size=2),
    group_limit=st.integers(1, 12),
)
def test_any_splitting_repeating_and_reordering_of_batches_stores_the_same_set_and_answers_each_sender_truly(
    database: Database, batches: list[list[tuple[int, bool]]], spoilt: set[int], group_limit: int
) -> None:
    """Callers whose batches wait together: numbers are ids, flags payloads; a spoilt batch can't be stored at all."""
    assert database.writing is not None
    run = next(RUNS)
    writer = Writer(database.writing, capacity=100, observe=lambda **_: None, group_limit=group_limit)
    gate = threading.Event()
    writer.submit(lambda _: gate.wait())
    answers = []
    for place, batch in enumerate(batches):
        new = [event(f"{run}-{number}", amount_minor=1 + changed) for number, changed in batch]
        new += [event(None)] if place in spoilt else []  # type: ignore[arg-type]
        answers.append(writer.submit_entry(append_event_batches, EventBatch(new, received_at=10_000)))
    gate.set()
    payload_of: dict[int, bool] = {}
    for place, (batch, answer) in enumerate(zip(batches, answers, strict=True)):
        if place in spoilt:
            with pytest.raises(IntegrityError):
                answer.result()
            continue
        expected = []
        for number, changed in batch:
            if number not in payload_of:
                payload_of[number] = changed
                expected.append("accepted")
            else:
                expected.append("duplicate" if payload_of[number] == changed else "rejected")
        assert [done.result for done in answer.result()] == expected
        assert [done.id for done in answer.result()] == [f"{run}-{number}" for number, _ in batch]
    writer.close()
    with database.reader.connect() as connection:
        query = select(events.c.id, events.c.amount_minor).where(events.c.id.startswith(f"{run}-"))
        stored = connection.execute(query).all()
    assert sorted(stored) == sorted((f"{run}-{number}", 1 + changed) for number, changed in payload_of.items())


def test_a_sender_whose_clock_runs_ahead_is_set_right_and_what_she_said_can_be_found_again(
    database: Database, writer: Writer
) -> None:
    """Sent 3,000 after the arrival by her clock, so it runs ahead by that much; it happened 500 before she sent it."""
    append(writer, event(at=12_500, sent_at=13_000), received_at=10_000)
    with database.reader.connect() as connection:
        row = connection.execute(select(events.c.at, events.c.sent_at, events.c.received_at)).one()
    assert (row.at, row.sent_at, row.received_at) == (9_500, 13_000, 10_000)
    assert row.at + (row.sent_at - row.received_at) == 12_500


@given(at=st.integers(0, 10**6), sent_at=st.none() | st.integers(0, 10**6), received_at=st.integers(0, 10**6))
def test_nothing_happened_after_its_arrival_and_a_clock_that_runs_behind_is_left_alone(
    at: int, sent_at: int | None, received_at: int
) -> None:
    happened_at = event(at=at, sent_at=sent_at).happened_at(received_at)
    assert happened_at <= received_at
    if sent_at is None or sent_at <= received_at:
        assert happened_at == min(at, received_at)
    else:
        assert happened_at == min(at - sent_at, 0) + received_at


def test_events_that_come_late_or_out_of_order_are_kept_at_their_own_instants(
    database: Database, writer: Writer
) -> None:
    append(writer, event("late", at=3_000), event("later", at=1_000), received_at=10**15)
    known = user_history(database.reader, ANNA)
    assert known is not None
    assert known.at.tolist() == [1_000, 3_000]


def test_two_callers_exposures_share_a_write_and_the_first_of_a_unit_still_fixes_its_arm(
    database: Database, writer: Writer
) -> None:
    kept = writer.run(lambda c: create_experiment(c, key="x", definition={}, salt="s", who="test", now=1))
    shown = [
        dataclasses.replace(exposure(feed_id, at=at), assigned={kept.id: arm})
        for feed_id, at, arm in (("a", 1_000, "control"), ("b", 2_000, "treatment"))
    ]
    writer.run(lambda c: append_exposures(c, [*shown, exposure("c", user=UserKey(True, "v"))]))
    assert count(database, exposures) == 3
    with database.reader.connect() as connection:
        assert connection.execute(select(assignments.c.arm, assignments.c.first_exposed_at)).all() == [
            ("control", 1_000)
        ]
