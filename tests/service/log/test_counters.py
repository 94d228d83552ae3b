"""Promises of counters: numbers in the order of commits."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection

from service.log.counters import next_number
from service.log.database import Database, LogFailure, open_for_writing
from service.log.writer import Writer


def test_each_counter_goes_up_by_one_from_one(database: Database, writer: Writer) -> None:
    assert [writer.run(lambda c: next_number(c, "a")) for _ in range(3)] == [1, 2, 3]
    assert writer.run(lambda c: next_number(c, "b")) == 1


def test_a_number_whose_transaction_failed_is_given_again(database: Database, writer: Writer) -> None:
    def failing(connection: object) -> None:
        next_number(connection, "a")  # type: ignore[arg-type]
        raise KeyError("no")

    with pytest.raises(KeyError):
        writer.run(failing)
    assert writer.run(lambda c: next_number(c, "a")) == 1


@contextmanager
def impatient(connection: Connection) -> Iterator[None]:
    """A transaction that fails rather than wait, and is rolled back."""
    with connection.begin() as transaction:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '20ms'")
        yield
        transaction.rollback()


def test_whoever_takes_a_number_waits_for_the_transaction_of_the_one_before(postgres_url: str) -> None:
    """Longer than it is allowed to here; the other counter is nobody's."""
    database = open_for_writing(postgres_url, erasure_salt=b"of the tests")
    assert database.writing is not None
    with database.writing.connect() as one, database.writing.connect() as two:
        with one.begin():
            assert next_number(one, "a") == 1
            with impatient(two), pytest.raises(LogFailure, match="lock timeout"):
                next_number(two, "a")
            with impatient(two):
                assert next_number(two, "b") == 1
        with two.begin():
            assert next_number(two, "a") == 2
    database.close()
