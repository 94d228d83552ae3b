"""Promises of merging in the log: everything moves, in pieces of any size, and the rules for what both have."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, update

from service.log.append import NewExposure, append_exposure
from service.log.database import Connection, Database
from service.log.experiments import create_experiment
from service.log.merging import MergeRefused, Moved, begin_merge, move_piece
from service.log.names import UserKey
from service.log.people import person_behind
from service.log.tables import assignments, events, exposures, users
from service.log.writer import Writer

NOW = 1_000_000_000_000
ANNA, BROWSER = UserKey(False, "anna"), UserKey(True, "browser")


def described(connection: Connection, key: UserKey, **attributes: str) -> None:
    connection.execute(update(users).where(users.c.external_id == key.external_id).values(attributes=attributes))


def met(connection: Connection, key: UserKey, *, experiment_id: int, arm: str, at: int) -> None:
    feed_id = f"{key.external_id}-{at}"
    append_exposure(
        connection,
        NewExposure(
            feed_id=feed_id,
            first_feed_id=feed_id,
            user=key,
            at=at,
            surface="feed",
            items=[],
            model_version=None,
            fallback=None,
            arms={},
            assigned={experiment_id: arm},
            is_preview=False,
        ),
    )


@pytest.mark.parametrize("most", [1, 2, 500])
def test_every_row_of_the_visitor_moves_in_pieces_of_any_size(
    database: Database, writer: Writer, live: Callable[[Connection, UserKey], None], most: int
) -> None:
    writer.run(lambda connection: live(connection, BROWSER))
    merge = writer.run(lambda connection: begin_merge(connection, ANNA, BROWSER, now=NOW))
    moved, is_done = merge.moved, False
    while not is_done:
        piece, is_done = writer.run(lambda connection: move_piece(connection, merge, most=most))
        assert piece.events + piece.exposures <= most
        moved += piece
    assert moved == Moved(events=5, exposures=1, assignments=1)
    with database.reader.connect() as connection:
        for table in (events, exposures, assignments):
            owners = connection.execute(select(table.c.user_id).distinct()).scalars().all()
            assert owners == [merge.user_id]
        assert person_behind(connection, BROWSER).key == ANNA


@pytest.mark.parametrize(("hers", "browsers", "stays"), [(10, 20, "a"), (20, 10, "b"), (10, 10, "a")])
def test_of_two_assignments_the_earlier_first_exposure_stays(
    writer: Writer, hers: int, browsers: int, stays: str
) -> None:
    def both_meet(connection: Connection) -> None:
        made = create_experiment(connection, key="x", definition={}, salt="s", who="me", now=1)
        met(connection, ANNA, experiment_id=made.id, arm="a", at=hers)
        met(connection, BROWSER, experiment_id=made.id, arm="b", at=browsers)
        begin_merge(connection, ANNA, BROWSER, now=NOW)

    writer.run(both_meet)
    query = select(assignments.c.arm, assignments.c.first_exposed_at)
    rows: Any = writer.run(lambda connection: connection.execute(query).all())
    assert [tuple(row) for row in rows] == [(stays, min(hers, browsers))]


def test_what_the_shop_said_of_the_user_stays_and_what_it_said_of_the_visitor_is_added(
    writer: Writer, live: Callable[[Connection, UserKey], None]
) -> None:
    def merged(connection: Connection) -> Any:
        live(connection, ANNA)
        live(connection, BROWSER)
        described(connection, ANNA, country="ID")
        described(connection, BROWSER, country="FR", language="id")
        begin_merge(connection, ANNA, BROWSER, now=NOW)
        begin_merge(connection, ANNA, BROWSER, now=NOW)
        return connection.execute(select(users.c.external_id, users.c.attributes)).all()

    assert {row.external_id: row.attributes for row in writer.run(merged)} == {
        "anna": {"country": "ID", "language": "id"},
        "browser": {},
    }


def test_a_refused_merge_leaves_no_trace(database: Database, writer: Writer) -> None:
    writer.run(lambda connection: begin_merge(connection, ANNA, BROWSER, now=NOW))
    with pytest.raises(MergeRefused):
        writer.run(lambda connection: begin_merge(connection, UserKey(False, "ben"), BROWSER, now=NOW))
    with database.reader.connect() as connection:
        assert connection.execute(select(func.count()).select_from(users)).scalar_one() == 2
