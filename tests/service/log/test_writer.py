"""Promises of the one writer."""

import threading

import pytest
from sqlalchemy import Connection, create_engine, insert, select, text
from sqlalchemy.exc import IntegrityError

from service.log.database import Database, LogFailure, open_for_writing
from service.log.tables import home
from service.log.writer import LogBusy, LogClosed, Write, Writer


def put(key: str) -> Write[object]:
    return lambda connection: connection.execute(insert(home).values(key=key, value="1"))


def held(gate: threading.Event, entered: threading.Event) -> Write[None]:
    """A write that holds the writer until the gate opens."""

    def hold(_: Connection) -> None:
        entered.set()
        gate.wait()

    return hold


def keys(database: Database) -> set[str]:
    with database.reader.connect() as connection:
        return set(connection.execute(select(home.c.key)).scalars())


def test_what_run_has_returned_is_committed(database: Database, writer: Writer) -> None:
    writer.run(put("a"))
    assert keys(database) == {"a"}


def test_writes_that_wait_together_share_one_commit(database: Database) -> None:
    assert database.writing is not None
    commits: list[int] = []
    writer = Writer(database.writing, capacity=100, observe=lambda *, writes, seconds, failed: commits.append(writes))
    gate, entered = threading.Event(), threading.Event()
    first = writer.submit(held(gate, entered))
    entered.wait()
    later = [writer.submit(put(str(number))) for number in range(20)]
    gate.set()
    for future in (first, *later):
        future.result()
    writer.close()
    # The first write holds its own group open; the twenty that queued up behind it are the second.
    assert commits == [1, 20]


def test_a_write_that_fails_costs_only_itself(database: Database) -> None:
    assert database.writing is not None
    writer = Writer(database.writing, capacity=100, observe=lambda **_: None)
    gate, entered = threading.Event(), threading.Event()
    writer.submit(held(gate, entered))
    entered.wait()
    good, bad, also_good = (writer.submit(put(key)) for key in ("a", "a", "b"))
    gate.set()
    good.result()
    also_good.result()
    with pytest.raises(IntegrityError):
        bad.result()
    writer.close()
    assert keys(database) == {"a", "b"}


def test_a_commit_that_fails_reaches_every_caller_and_stores_nothing() -> None:
    engine = create_engine("sqlite://")
    seen: list[bool] = []
    writer = Writer(engine, capacity=10, observe=lambda *, writes, seconds, failed: seen.append(failed))

    def deferred(connection: Connection) -> None:
        connection.execute(text("PRAGMA foreign_keys = ON"))
        connection.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE child (id REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"))

    writer.run(deferred)
    # The broken reference is noticed by COMMIT itself, not by the statement.
    orphan = writer.submit(lambda connection: connection.execute(text("INSERT INTO child VALUES (7)")))
    with pytest.raises(IntegrityError):
        orphan.result()
    assert seen == [False, True]
    assert writer.run(lambda connection: connection.execute(text("SELECT count(*) FROM child")).scalar()) == 0
    writer.close()


def test_a_full_queue_is_said_at_once(database: Database) -> None:
    assert database.writing is not None
    writer = Writer(database.writing, capacity=2, observe=lambda **_: None)
    gate, entered = threading.Event(), threading.Event()
    writer.submit(held(gate, entered))
    entered.wait()
    waiting = [writer.submit(put("a")), writer.submit(put("b"))]
    with pytest.raises(LogBusy, match="2 writes are waiting"):
        writer.submit(put("c"))
    gate.set()
    for future in waiting:
        future.result()
    writer.close()
    assert keys(database) == {"a", "b"}


def test_closing_commits_what_is_queued_and_takes_nothing_more(database: Database, writer: Writer) -> None:
    futures = [writer.submit(put(str(number))) for number in range(50)]
    writer.close()
    assert all(future.done() for future in futures)
    assert len(keys(database)) == 50
    with pytest.raises(LogClosed):
        writer.submit(put("late"))


def test_a_write_whose_caller_has_gone_is_not_made(database: Database) -> None:
    assert database.writing is not None
    writer = Writer(database.writing, capacity=10, observe=lambda **_: None)
    gate, entered = threading.Event(), threading.Event()
    writer.submit(held(gate, entered))
    entered.wait()
    gone = writer.submit(put("gone"))
    assert gone.cancel()
    gate.set()
    writer.run(put("stays"))
    writer.close()
    assert keys(database) == {"stays"}


def test_a_connection_that_breaks_costs_the_write_at_hand_and_no_other(postgres_url: str) -> None:
    database = open_for_writing(postgres_url, erasure_salt=b"of the tests")
    assert database.writing is not None
    writer = Writer(database.writing, capacity=10, observe=lambda **_: None)
    pid = writer.run(lambda connection: connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
    with database.reader.connect() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend({pid})"))
    with pytest.raises(LogFailure):
        writer.run(put("lost"))
    writer.run(put("kept"))
    assert keys(database) == {"kept"}
    writer.close()
    database.close()


def test_a_writer_that_dies_lets_nobody_wait_for_it(database: Database) -> None:
    assert database.writing is not None

    def observe(**_: object) -> None:
        raise RuntimeError("the observer is broken")

    writer = Writer(database.writing, capacity=10, observe=observe)
    gate, entered = threading.Event(), threading.Event()
    first = writer.submit(held(gate, entered))
    entered.wait()
    waiting = writer.submit(put("waits"))
    gate.set()
    first.result()
    with pytest.raises(LogClosed):
        waiting.result()
    with pytest.raises(LogClosed):
        writer.submit(put("late"))
    assert not writer.is_at_work
