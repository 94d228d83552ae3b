"""Promises of the one writer."""

import threading
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import IntegrityError

from service.log.database import Database, LogFailure
from service.log.groups import Write
from service.log.schema import READABLE_BY
from service.log.tables import home
from service.log.writer import GROUP_ROWS, LogBusy, LogClosed, Writer


def put(key: str) -> Write[object]:
    return lambda connection: connection.execute(insert(home).values(key=key, value="1"))


def hold(writer: Writer) -> Callable[[], None]:
    """Holds the writer in a write of its own, so that what is submitted meanwhile is the next group; lets it go on."""
    gate, entered = threading.Event(), threading.Event()

    def held(_: Connection) -> None:
        entered.set()
        gate.wait()

    held_write = writer.submit(held)
    entered.wait()

    def release() -> None:
        gate.set()
        held_write.result()

    return release


def keys(database: Database) -> set[str]:
    with database.reader.connect() as connection:
        return set(connection.execute(select(home.c.key).where(home.c.key != READABLE_BY)).scalars())


def test_what_run_has_returned_is_committed(database: Database, writer: Writer) -> None:
    writer.run(put("a"))
    assert keys(database) == {"a"}


def test_writes_that_wait_together_share_one_commit(database: Database) -> None:
    assert database.writing is not None
    commits: list[int] = []
    writer = Writer(database.writing, capacity=100, observe=lambda *, writes, seconds, failed: commits.append(writes))
    release = hold(writer)
    later = [writer.submit(put(str(number))) for number in range(20)]
    release()
    for future in later:
        future.result()
    writer.close()
    # The first write holds its own group open; the twenty that queued up behind it are the second.
    assert commits == [1, 20]


def test_a_write_that_fails_costs_only_itself(database: Database) -> None:
    assert database.writing is not None
    writer = Writer(database.writing, capacity=100, observe=lambda **_: None)
    release = hold(writer)
    good, bad, also_good = (writer.submit(put(key)) for key in ("a", "a", "b"))
    release()
    good.result()
    also_good.result()
    with pytest.raises(IntegrityError):
        bad.result()
    writer.close()
    assert keys(database) == {"a", "b"}


def test_a_commit_that_fails_reaches_every_caller_and_stores_nothing(database: Database) -> None:
    assert database.writing is not None
    seen: list[tuple[int, bool]] = []
    writer = Writer(
        database.writing, capacity=10, observe=lambda *, writes, seconds, failed: seen.append((writes, failed))
    )

    def deferred(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        refers = "INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED"
        connection.execute(text(f"CREATE TABLE child (id {refers})"))

    writer.run(deferred)
    release = hold(writer)
    # The broken reference is noticed by COMMIT itself, not by the statement.
    orphan = writer.submit(lambda connection: connection.execute(text("INSERT INTO child VALUES (7)")))
    neighbour = writer.submit(put("a"))
    release()
    for future in (orphan, neighbour):
        with pytest.raises(IntegrityError):
            future.result()
    assert writer.has_failed
    assert keys(database) == set()
    assert writer.run(lambda connection: connection.execute(text("SELECT count(*) FROM child")).scalar()) == 0
    assert not writer.has_failed
    writer.close()
    assert seen == [(1, False), (1, False), (2, True), (1, False)]


def test_a_full_queue_is_said_at_once(database: Database) -> None:
    assert database.writing is not None
    writer = Writer(database.writing, capacity=2, observe=lambda **_: None)
    release = hold(writer)
    waiting = [writer.submit(put("a")), writer.submit(put("b"))]
    with pytest.raises(LogBusy, match="2 writes are waiting"):
        writer.submit(put("c"))
    release()
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
    release = hold(writer)
    gone = writer.submit(put("gone"))
    assert gone.cancel()
    release()
    writer.run(put("stays"))
    writer.close()
    assert keys(database) == {"stays"}


def cut(database: Database, pid: int) -> None:
    """What a restart of PostgreSQL does to a connection."""
    with database.reader.connect() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend({pid})"))


def backend(connection: Connection) -> int:
    return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_breaks_before_the_commit_costs_nobody_anything(database: Database, writer: Writer) -> None:
    def put_and_cut(connection: Connection) -> None:
        """Breaks the connection it is first made on, in mid-group."""
        connection.execute(insert(home).values(key="cut", value="1"))
        if not cut_off:
            cut_off.append(backend(connection))
            cut(database, cut_off[0])

    idle = writer.run(backend)
    cut(database, idle)
    writer.run(put("after a break while idle"))
    cut_off: list[int] = []
    release = hold(writer)
    futures = [writer.submit(put("before")), writer.submit(put_and_cut), writer.submit(put("after"))]
    release()
    for future in futures:
        future.result()
    assert keys(database) == {"after a break while idle", "before", "cut", "after"}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_breaks_again_and_again_is_told_to_the_callers_and_not_for_ever(
    database: Database, writer: Writer
) -> None:
    def cut_myself(connection: Connection) -> None:
        cut(database, backend(connection))
        connection.execute(select(1))

    release = hold(writer)
    futures = [writer.submit(put("neighbour")), writer.submit(cut_myself)]
    release()
    for future in futures:
        with pytest.raises(LogFailure):
            future.result()
    assert writer.has_failed
    writer.run(put("kept"))
    assert keys(database) == {"kept"}


def test_a_writer_that_dies_lets_nobody_wait_for_it(database: Database) -> None:
    assert database.writing is not None

    def observe(**_: object) -> None:
        raise RuntimeError("the observer is broken")

    writer = Writer(database.writing, capacity=10, observe=observe)
    release = hold(writer)
    waiting = writer.submit(put("waits"))
    release()
    with pytest.raises(LogClosed):
        waiting.result()
    with pytest.raises(LogClosed):
        writer.submit(put("late"))
    assert not writer.is_at_work


def put_all(connection: Connection, given: Sequence[str]) -> list[int]:
    """Puts the keys of several callers and tells each how many there were; one bad key spoils the whole."""
    assert "bad" not in given
    connection.execute(insert(home), [{"key": key, "value": "1"} for key in given])
    return [len(given)] * len(given)


def test_entries_that_wait_together_are_written_by_one_call_and_each_caller_hears_of_her_own(
    database: Database, writer: Writer
) -> None:
    def share(_: Connection, given: Sequence[int]) -> list[str]:
        return [f"{number} of {list(given)}" for number in given]

    release = hold(writer)
    futures = [writer.submit_entry(share, number) for number in (3, 1, 2)]
    release()
    assert [future.result() for future in futures] == ["3 of [3, 1, 2]", "1 of [3, 1, 2]", "2 of [3, 1, 2]"]


def test_entries_go_round_each_other_but_never_round_a_write_of_its_own(database: Database, writer: Writer) -> None:
    made: list[str] = []

    def one(_: Connection, given: Sequence[str]) -> list[None]:
        made.append(f"one {'+'.join(given)}")
        return [None] * len(given)

    def other(_: Connection, given: Sequence[str]) -> list[None]:
        made.append(f"other {'+'.join(given)}")
        return [None] * len(given)

    release = hold(writer)
    writer.submit_entry(one, "a")
    writer.submit_entry(other, "b")
    writer.submit_entry(one, "c")
    writer.submit(lambda _: made.append("alone"))
    last = writer.submit_entry(one, "d")
    release()
    last.result()
    assert made == ["one a+c", "other b", "alone", "one d"]


@pytest.mark.parametrize("bad_at", [0, 3, 6])
def test_a_bad_entry_costs_only_itself_and_the_others_stay_in_one_commit(database: Database, bad_at: int) -> None:
    assert database.writing is not None
    seen: list[tuple[int, bool]] = []
    writer = Writer(
        database.writing, capacity=10, observe=lambda *, writes, seconds, failed: seen.append((writes, failed))
    )
    release = hold(writer)
    given = [f"k{number}" for number in range(6)]
    given.insert(bad_at, "bad")
    futures = {key: writer.submit_entry(put_all, key) for key in given}
    release()
    with pytest.raises(AssertionError):
        futures.pop("bad").result()
    for future in futures.values():
        future.result()
    writer.close()
    assert keys(database) == set(futures)
    assert seen == [(1, False), (7, False)]


def test_a_refused_write_leaves_its_group_one_commit(database: Database) -> None:
    assert database.writing is not None
    seen: list[tuple[int, bool]] = []
    writer = Writer(
        database.writing, capacity=10, observe=lambda *, writes, seconds, failed: seen.append((writes, failed))
    )

    def refused(connection: Connection) -> None:
        connection.execute(insert(home).values(key="half done", value="1"))
        raise LookupError("there is no such experiment")

    release = hold(writer)
    writer.submit(put("a"))
    asked = writer.submit(refused)
    writer.submit(put("b"))
    release()
    with pytest.raises(LookupError):
        asked.result()
    writer.close()
    assert keys(database) == {"a", "b"}
    assert seen == [(1, False), (3, False)]


def test_a_group_ends_where_its_rows_would_make_the_first_caller_wait(database: Database) -> None:
    assert database.writing is not None
    commits: list[int] = []
    writer = Writer(database.writing, capacity=100, observe=lambda *, writes, seconds, failed: commits.append(writes))
    release = hold(writer)
    for number in range(5):
        writer.submit_entry(put_all, str(number), rows=GROUP_ROWS // 2)
    release()
    writer.close()
    assert commits == [1, 2, 2, 1]


def test_how_long_a_commit_has_been_at_it_is_told_and_nothing_between_groups(
    database: Database, writer: Writer
) -> None:
    assert writer.commit_seconds == 0
    release = hold(writer)
    earlier = writer.commit_seconds
    assert 0 < earlier < writer.commit_seconds
    release()
    writer.close()
    assert writer.commit_seconds == 0
