"""Promises of forgetting: all that is hers goes, at once or in pieces, nothing of others does, nobody comes back."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from service.log.database import Connection, Database
from service.log.erasure import (
    Removed,
    erase,
)
from service.log.names import UserKey
from service.log.tables import metadata
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


@pytest.fixture
def lives(writer: Writer, live: Live) -> None:
    for key in (ANNA, BEN, BROWSER):
        writer.run(lambda connection, key=key: live(connection, key))  # type: ignore[misc]


@pytest.mark.usefixtures("lives")
def test_a_person_is_forgotten_and_what_went_is_counted(database: Database, writer: Writer) -> None:
    removed = writer.run(lambda connection: erase(connection, ANNA, now=NOW))
    assert removed == Removed(
        rows={"events": 5, "exposures": 1, "assignments": 1, "dead_letters": 1, "visitors": 0, "users": 1},
        money={"GBP": {"purchases": 250, "refunds": 100}, "IDR": {"purchases": 7000, "refunds": 0}},
        units={"feed-1": {"treatment": 1}},
    )
    left = everything(database)
    assert [name for name, rows in left.items() if "anna" in str(rows)] == []
    assert left["erased_units"] == [(1, "treatment", 1)]


@pytest.mark.usefixtures("lives")
def test_others_keep_every_row(database: Database, writer: Writer) -> None:
    before = everything(database)
    writer.run(lambda connection: erase(connection, ANNA, now=NOW))
    after = everything(database)
    for name in ("users", "events", "exposures", "assignments", "dead_letters"):
        assert set(map(str, after[name])) < set(map(str, before[name]))
    assert sum("ben" in str(row) for row in after["events"]) == 5
