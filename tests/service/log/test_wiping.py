"""Promises of the upkeep of a SQLite file: done by the one writer between its commits, and without long waits."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection

from service.log.database import Database
from service.log.home import record_home_fact
from service.log.wiping import emptied_wal, rewrite_file
from service.log.writer import Writer


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'kembang.sqlite3'}"


def patience(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one())


def test_the_wal_is_emptied_and_the_writers_patience_is_as_before(writer: Writer, tmp_path: Path) -> None:
    before = writer.run(patience)
    assert (tmp_path / "kembang.sqlite3-wal").stat().st_size > 0
    assert writer.upkeep(emptied_wal)
    assert (tmp_path / "kembang.sqlite3-wal").stat().st_size == 0
    assert writer.run(patience) == before


def test_a_reader_with_a_snapshot_keeps_the_wal_and_is_not_waited_for_long(database: Database, writer: Writer) -> None:
    with database.reader.connect() as reading:
        reading.exec_driver_sql("BEGIN")
        reading.exec_driver_sql("SELECT count(*) FROM users").all()
        writer.run(lambda connection: record_home_fact(connection, "key", 1))
        assert not writer.upkeep(emptied_wal)
    assert writer.upkeep(emptied_wal)


def test_the_file_is_rewritten_between_writes(writer: Writer) -> None:
    writer.run(lambda connection: record_home_fact(connection, "before", 1))
    writer.upkeep(rewrite_file)
    writer.run(lambda connection: record_home_fact(connection, "after", 1))
    facts = writer.run(lambda connection: connection.exec_driver_sql("SELECT key FROM home").scalars().all())
    assert {"before", "after"} <= set(facts)


@pytest.mark.parametrize("statement", ["not a statement", "INSERT INTO nothing VALUES (1)"])
def test_upkeep_that_fails_says_so_and_writing_goes_on(writer: Writer, statement: str) -> None:
    fails: Callable[[Connection], object] = lambda connection: connection.connection.cursor().execute(statement)  # noqa: E731
    with pytest.raises(Exception, match=r"syntax error|no such table"):
        writer.upkeep(fails)
    writer.run(lambda connection: record_home_fact(connection, "after", 1))
