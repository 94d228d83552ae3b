"""Promises of appending: sent again never counts twice, and what becomes of each event is said."""

import dataclasses
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from recommender.events import Kind
from service.log.append import CHANGED_PAYLOAD, NewEvent, NewExposure, append_events, append_exposure
from service.log.database import Database, open_for_writing
from service.log.experiments import create_experiment
from service.log.history import shown_item_ids, user_history
from service.log.names import UserKey
from service.log.tables import assignments, events, exposures, users
from service.log.writer import Writer

ANNA = UserKey(False, "anna")


def event(id_: str = "e1", **changes: object) -> NewEvent:
    made = NewEvent(id=id_, kind=Kind.PURCHASE, user=ANNA, item="serum", at=1_000, amount_minor=250, currency="GBP")
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


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


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.lists(st.integers(0, 15), min_size=1, max_size=40),
    cuts=st.lists(st.integers(0, 40), max_size=5),
)
def test_any_splitting_repeating_and_reordering_of_batches_stores_the_same_set(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int], cuts: list[int]
) -> None:
    database = open_for_writing(
        f"sqlite:///{tmp_path_factory.mktemp('log') / 'log.sqlite3'}", erasure_salt=b"of the tests"
    )
    assert database.writing is not None
    writer = Writer(database.writing, capacity=100, observe=lambda **_: None)
    bounds = [0, *sorted(min(cut, len(numbers)) for cut in cuts), len(numbers)]
    batches = [numbers[start:end] for start, end in pairwise(bounds)]
    results = [result for batch in batches for result in append(writer, *(event(str(n), item=f"i{n}") for n in batch))]
    with database.reader.connect() as connection:
        stored = connection.execute(select(events.c.id)).scalars().all()
    writer.close()
    database.close()
    assert sorted(stored) == sorted({str(n) for n in numbers})
    assert results.count("accepted") == len(stored)
    assert results.count("accepted") + results.count("duplicate") == len(numbers)
