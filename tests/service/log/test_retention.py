"""Promises of the retention: what is past its time goes, what an experiment may still need stays."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, insert, select, update

from service.log import retention as retention_module
from service.log.append import DeadLetter, append_dead_letters
from service.log.database import Database
from service.log.experiments import change_experiment, create_experiment
from service.log.retention import TABLES, Retention, next_piece, pruned
from service.log.tables import dead_letters, experiments, exposures
from service.log.writer import Writer

DAY = 86_400_000_000
NOW = 1_000 * DAY
A_MONTH = Retention(exposures_days=30, dead_letters_days=30)


def put_exposures(connection: Connection, days: Sequence[float]) -> None:
    """One exposure for each age in days, in this order."""
    rows = [
        {
            "feed_id": f"f{number}",
            "first_feed_id": f"f{number}",
            "user_id": None,
            "at": NOW - int(age * DAY),
            "surface": "feed",
            "items": [],
            "arms": {},
            "is_preview": False,
        }
        for number, age in enumerate(days)
    ]
    connection.execute(insert(exposures), rows)


def put_letters(connection: Connection, days: Sequence[float]) -> None:
    """One dead letter for each age in days, in this order."""
    letters = [
        DeadLetter(received_at=NOW - int(age * DAY), origin="http", reason="no", payload=str(age)) for age in days
    ]
    append_dead_letters(connection, letters)


def prune(writer: Writer, retention: Retention, table: str) -> int:
    """How many rows went, piece by piece."""
    gone = after_key = 0
    while True:
        piece = writer.run(lambda c, after_key=after_key: pruned(c, retention, table, now=NOW, after_key=after_key))
        if piece is None:
            return gone
        gone, after_key = gone + len(piece.keys), piece.last_key


def ages(database: Database, table: str) -> list[float]:
    """The ages in days of the rows that are left."""
    at = exposures.c.at if table == exposures.name else dead_letters.c.received_at
    with database.reader.connect() as connection:
        return sorted((NOW - instant) / DAY for instant in connection.execute(select(at)).scalars())


PUT = {exposures.name: put_exposures, dead_letters.name: put_letters}


@pytest.mark.parametrize("table", TABLES)
def test_what_is_older_than_it_is_kept_goes_and_nothing_else(database: Database, writer: Writer, table: str) -> None:
    writer.run(lambda connection: PUT[table](connection, [40, 31, 30.5, 30, 29, 0]))
    assert prune(writer, A_MONTH, table) == 3
    assert ages(database, table) == [0, 29, 30]
    assert prune(writer, A_MONTH, table) == 0


@pytest.mark.parametrize("table", TABLES)
def test_what_is_kept_for_ever_never_goes(database: Database, writer: Writer, table: str) -> None:
    writer.run(lambda connection: PUT[table](connection, [900, 5]))
    assert prune(writer, Retention(exposures_days=None, dead_letters_days=None), table) == 0
    assert ages(database, table) == [5, 900]


@pytest.mark.parametrize("table", TABLES)
def test_more_than_one_transaction_removes_goes_in_several(
    database: Database, writer: Writer, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that a wrong clock dated ahead stands among the old ones, and stays."""
    monkeypatch.setattr(retention_module, "PIECE_ROWS", 3)
    writer.run(lambda connection: PUT[table](connection, [50, -400, 49, 48, 47, 46, 45, 3, 2, 1]))
    first = writer.run(lambda connection: pruned(connection, A_MONTH, table, now=NOW))
    assert first is not None
    assert len(first.keys) == 2
    assert prune(writer, A_MONTH, table) == 4
    assert ages(database, table) == [-400, 1, 2, 3]


def test_looking_for_what_is_past_its_time_removes_nothing(database: Database, writer: Writer) -> None:
    writer.run(lambda connection: put_exposures(connection, [40, 2]))
    with database.reader.connect() as connection:
        found = next_piece(connection, A_MONTH, exposures.name, now=NOW)
    assert found is not None
    assert len(found.keys) == 1
    assert ages(database, exposures.name) == [2, 40]


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ((), [5]),
        (("start",), [5, 40, 50]),
        (("start", "freeze"), [5, 40, 50]),
        (("start", "stop"), [5, 40, 50]),
        (("start", "stop", "archive"), [5]),
        (("archive",), [5]),
    ],
)
def test_exposures_since_the_start_of_an_experiment_that_is_not_archived_stay(
    database: Database, writer: Writer, steps: tuple[str, ...], kept: list[float]
) -> None:
    writer.run(lambda connection: put_exposures(connection, [60, 50, 40, 5]))
    writer.run(lambda c: create_experiment(c, key="e", definition={}, salt="s", who="test", now=NOW - 90 * DAY))
    for step in steps:
        writer.run(lambda c, step=step: change_experiment(c, key="e", action=step, who="test", now=NOW - 50 * DAY))
    prune(writer, A_MONTH, exposures.name)
    assert ages(database, exposures.name) == kept


def test_the_earliest_living_experiment_decides(database: Database, writer: Writer) -> None:
    writer.run(lambda connection: put_exposures(connection, [60, 50, 40, 5]))
    for key, started in (("late", 35), ("early", 45)):
        writer.run(lambda c, key=key: create_experiment(c, key=key, definition={}, salt="s", who="test", now=1))
        writer.run(
            lambda c, key=key, started=started: change_experiment(
                c, key=key, action="start", who="test", now=NOW - started * DAY
            )
        )
    prune(writer, A_MONTH, exposures.name)
    assert ages(database, exposures.name) == [5, 40]


def test_experiments_keep_no_dead_letters(database: Database, writer: Writer) -> None:
    writer.run(lambda connection: put_letters(connection, [40]))
    writer.run(lambda c: create_experiment(c, key="e", definition={}, salt="s", who="test", now=1))
    writer.run(lambda c: c.execute(update(experiments).values(status="running", started_at=1)) and None)
    assert prune(writer, A_MONTH, dead_letters.name) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_several_replicas_one_prunes_at_a_time(database: Database, writer: Writer) -> None:
    assert database.writing is not None
    writer.run(lambda connection: put_letters(connection, [40]))
    with database.writing.begin() as other:
        assert pruned(other, A_MONTH, dead_letters.name, now=NOW) is not None
        assert prune(writer, A_MONTH, dead_letters.name) == 0
    assert ages(database, dead_letters.name) == []
