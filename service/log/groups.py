"""A group of writes in one transaction: what shares statements, what costs only itself, and what was committed."""

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

T = TypeVar("T")
E = TypeVar("E")

Write = Callable[[Connection], T]
"""One write: does its statements on the connection it is handed and returns what its caller wants to know.

It may be run twice (after a neighbour failed or the connection broke), so it must not change anything but the database.
"""

WriteTogether = Callable[[Connection, Sequence[E]], Sequence[T]]
"""One write for many callers: takes an entry of each and returns a result for each, in the same order.

It may be run again for some of the entries (after one of them failed), so it must not change anything but the database.
"""


@dataclass(frozen=True, slots=True)
class Failed:
    """What became of a write that is not in the log."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Job(Generic[E, T]):
    """A write that waits for its commit, and who waits for it."""

    write: WriteTogether[E, T]
    entry: E
    rows: int
    shares: bool
    """Whether entries of the same write may be handed to it together."""
    future: Future[T]
    is_upkeep: bool = False
    """To be run after its group's commit, in no transaction."""


Outcomes = list[tuple[Job[Any, Any], Any]]
"""What became of each job: what its write returned, or ``Failed``."""


def each_alone(connection: Connection, writes: Sequence[Write[T]]) -> list[T]:
    """What each write returns: how one that shares nothing is handed over as a ``WriteTogether``."""
    return [write(connection) for write in writes]


def committed(connection: Connection, group: Sequence[Job[Any, Any]]) -> Outcomes:
    """What became of each write of the group, after its commit.

    Entries are first written without savepoints, which nearly double what a row costs SQLite. What fails before the
    commit has stored nothing, so the group is tried once more with them, on another connection if this one broke. When
    it breaks during the commit nobody knows, and the callers have to ask again.
    """
    transaction = connection.begin()
    try:
        outcomes = _written(connection, group, guard_entries=False)
    except Exception:  # noqa: BLE001  whatever an entry raises, its neighbours are to be written
        clear(connection)
        transaction = connection.begin()
        outcomes = _written(connection, group, guard_entries=True)
    transaction.commit()
    return outcomes


def _written(connection: Connection, group: Sequence[Job[Any, Any]], *, guard_entries: bool) -> Outcomes:
    outcomes: Outcomes = []
    for step in _steps(group):
        if guard_entries or not step[0].shares:
            outcomes += _guarded(connection, step)
        else:
            outcomes += _results(connection, step)
    return outcomes


def _steps(group: Sequence[Job[Any, Any]]) -> list[list[Job[Any, Any]]]:
    """The group in the order it is written: entries of one write together, none moved past a write of its own."""
    steps: list[list[Job[Any, Any]]] = []
    gathering: dict[Hashable, list[Job[Any, Any]]] = {}
    for job in group:
        if not job.shares:
            gathering = {}
            steps.append([job])
        elif job.write in gathering:
            gathering[job.write].append(job)
        else:
            gathering[job.write] = [job]
            steps.append(gathering[job.write])
    return steps


def _results(connection: Connection, step: Sequence[Job[Any, Any]]) -> Outcomes:
    return list(zip(step, step[0].write(connection, [job.entry for job in step]), strict=True))


def _guarded(connection: Connection, step: Sequence[Job[Any, Any]]) -> Outcomes:
    """What became of each write of a step; where it fails, each half is tried, until the bad ones are alone.

    Raises:
        Exception: What went wrong, if the whole transaction is lost with it.
    """
    savepoint = connection.begin_nested()
    try:
        outcomes = _results(connection, step)
        savepoint.commit()
    except Exception as error:
        try:
            savepoint.rollback()
        except SQLAlchemyError:  # SQLite ends the transaction itself when the disk is full
            raise error from None
        if connection.invalidated:
            raise
        if len(step) == 1:
            return [(step[0], Failed(error))]
        middle = len(step) // 2
        return [*_guarded(connection, step[:middle]), *_guarded(connection, step[middle:])]
    return outcomes


def is_database_failure(outcome: object) -> bool:
    """Whether a write is not in the log because of the database, and not of what it was to write."""
    return isinstance(outcome, Failed) and isinstance(outcome.error, SQLAlchemyError)


def keep_up(connection: Connection, job: Job[Any, Any]) -> None:
    """Does the work of an upkeep job, in no transaction, and tells its caller."""
    try:
        (result,) = job.write(connection, [job.entry])
    except Exception as error:  # noqa: BLE001  every kind of failure must reach the caller, and the thread must live on
        clear(connection)
        job.future.set_exception(error)
    else:
        job.future.set_result(result)


def clear(connection: Connection) -> None:
    """Ends what a failed transaction left behind, or gives up the connection; the next write opens another.

    A COMMIT that fails leaves a SQLite transaction open, and SQLAlchemy, for which it has ended, does not roll it back.
    """
    try:
        connection.rollback()
        if not connection.invalidated:
            connection.connection.rollback()
    except Exception:  # noqa: BLE001  whatever a broken connection raises, the writer's thread must live on
        connection.invalidate()
