"""The one writer: many writes, one transaction, and an answer only after the commit."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

_log = logging.getLogger(__name__)

CLOSE_SECONDS = 30.0
"""How long a closing writer waits for its last commit."""

GROUP_WRITES, GROUP_ROWS = 512, 5_000
"""What one commit takes at most, so that the first of its callers does not wait for long."""

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


class LogBusy(Exception):
    """The queue of writes is full: the caller should try again in a moment, and nothing was stored."""


class LogClosed(Exception):
    """The writer is shutting down: nothing was stored."""


class CommitObserver(Protocol):
    """Told of every commit, for metrics."""

    def __call__(self, *, writes: int, seconds: float, failed: bool) -> None:
        """Takes note of one try to commit ``writes`` writes together."""


@dataclass(frozen=True, slots=True)
class _Failed:
    """What became of a write that is not in the log."""

    error: Exception


@dataclass(frozen=True, slots=True)
class _Job(Generic[E, T]):
    write: WriteTogether[E, T]
    entry: E
    rows: int
    shares: bool
    """Whether entries of the same write may be handed to it together."""
    future: Future[T]
    is_upkeep: bool = False
    """To be run after its group's commit, in no transaction."""


class Writer:
    """Commits writes in groups on one connection, from one thread.

    A write waits for the group that is being committed, then shares the next commit with all that queued up meanwhile.
    So a hundred callers cost one disk sync, and none is answered before its rows are safe. Entries submitted for the
    same ``WriteTogether`` also share its statements. A write that fails costs only itself; a transaction that fails
    (no disk, no database) is told to every caller in it.
    """

    def __init__(
        self, engine: Engine, *, capacity: int, observe: CommitObserver, group_limit: int = GROUP_WRITES
    ) -> None:
        self._engine = engine
        self._observe = observe
        self._group_limit = group_limit
        self._queue: queue.Queue[_Job[Any, Any] | None] = queue.Queue(capacity)
        self._closed = False
        self._has_failed = False
        self._at_it_since: float | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Writes in the queue now."""
        return self._queue.qsize()

    @property
    def is_at_work(self) -> bool:
        """Whether writes are being taken and committed."""
        return self._thread.is_alive() and not self._closed

    @property
    def has_failed(self) -> bool:
        """Whether the database failed when it was last written; only another write can tell whether it still does."""
        return self._has_failed

    @property
    def commit_seconds(self) -> float:
        """How long the group that is being committed has been at it; 0 between groups."""
        since = self._at_it_since
        return 0.0 if since is None else time.perf_counter() - since

    def submit(self, write: Write[T]) -> Future[T]:
        """A future that is done once the write is committed, or holds the error that kept it out of the log.

        It is made after all that were submitted before it, and before all that are submitted after it.

        Raises:
            LogBusy: If the queue is full.
            LogClosed: If the writer is shutting down.
        """
        return self._queued(_Job(_each, write, 1, False, Future()))

    def submit_entry(self, write: WriteTogether[E, T], entry: E, *, rows: int = 1) -> Future[T]:
        """A future as ``submit`` gives it, of an entry that ``write`` may be handed together with others.

        Args:
            write: Appends entries; the same function each time.
            entry: What it is to append for this caller.
            rows: How many rows that will be; a commit takes at most about ``GROUP_ROWS``.

        Raises:
            LogBusy: If the queue is full.
            LogClosed: If the writer is shutting down.
        """
        return self._queued(_Job(write, entry, rows, True, Future()))

    def upkeep(self, work: Callable[[Connection], T]) -> T:
        """What ``work`` returns, done on the writing connection in no transaction: a checkpoint, a vacuum.

        Every write waits for it meanwhile, so it must be short.

        Raises:
            LogBusy: If the queue is full.
            LogClosed: If the writer is shutting down.
        """
        done: Future[T] = self._queued(_Job(_each, work, 0, False, Future(), is_upkeep=True))
        return done.result()

    def run(self, write: Write[T]) -> T:
        """What ``write`` returns, after its commit. For commands and jobs; request handlers await ``submit``."""
        return self.submit(write).result()

    def close(self) -> None:
        """Commits what is queued, then stops. Safe to call twice; gives up on a database that has fallen silent."""
        with self._lock:
            first = not self._closed
            self._closed = True
        if first:
            with suppress(queue.Full):  # nothing is taken from it any more: the database has fallen silent
                self._queue.put(None, timeout=CLOSE_SECONDS)
        self._thread.join(CLOSE_SECONDS)
        if self._thread.is_alive():
            _log.error("the database did not answer for %g s; what is still queued was not stored", CLOSE_SECONDS)

    def _queued(self, job: _Job[Any, T]) -> Future[T]:
        with self._lock:
            if self._closed:
                raise LogClosed("the log is closing: nothing was stored")
            try:
                self._queue.put_nowait(job)
            except queue.Full:
                raise LogBusy(f"{self._queue.maxsize} writes are waiting for the log: try again in a moment") from None
        return job.future

    def _run(self) -> None:
        try:
            with self._engine.connect() as connection:
                self._work(connection)
        except Exception:  # noqa: BLE001  nobody else would hear of it
            _log.exception("the log's writer has died: nothing is stored until the service is started again")
        finally:
            self._refuse_the_rest()

    def _work(self, connection: Connection) -> None:
        while (job := self._queue.get()) is not None:
            group, last = self._group_from(job)
            writes = [each for each in group if not each.is_upkeep]
            if writes:
                self._commit(connection, writes)
            for each in group:
                if each.is_upkeep:
                    _keep_up(connection, each)
            if last:
                return

    def _refuse_the_rest(self) -> None:
        """Nobody may wait for a writer that is no more."""
        with self._lock:
            self._closed = True
        while not self._queue.empty():
            job = self._queue.get_nowait()
            if job is not None and job.future.set_running_or_notify_cancel():
                job.future.set_exception(LogClosed("the log is closed: nothing was stored"))

    def _group_from(self, first: _Job[Any, Any]) -> tuple[list[_Job[Any, Any]], bool]:
        """Jobs to commit together, less those whose caller has gone; and whether the queue ends with them."""
        group, rows, last = [first], first.rows, False
        while len(group) < self._group_limit and rows < GROUP_ROWS:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
            if job is None:
                last = True
                break
            group.append(job)
            rows += job.rows
        return [job for job in group if job.future.set_running_or_notify_cancel()], last

    def _commit(self, connection: Connection, group: list[_Job[Any, Any]]) -> None:
        """Commits the group and tells every caller what became of her write."""
        started = self._at_it_since = time.perf_counter()
        try:
            outcomes = _committed(connection, group)
        except Exception as error:  # noqa: BLE001  every kind of failure must reach the callers, and the thread must live on
            _clear(connection)
            outcomes = [(job, _Failed(error)) for job in group]
            failed = True
        else:
            failed = False
        self._at_it_since = None
        # Before anybody hears of it: who is told 503 must not find the service ready a moment later.
        self._has_failed = failed or any(_is_database_failure(outcome) for _, outcome in outcomes)
        for job, outcome in outcomes:
            if isinstance(outcome, _Failed):
                job.future.set_exception(outcome.error)
            else:
                job.future.set_result(outcome)
        self._observe(writes=len(group), seconds=time.perf_counter() - started, failed=failed)


_Outcomes = list[tuple[_Job[Any, Any], Any]]


def _each(connection: Connection, writes: Sequence[Write[T]]) -> list[T]:
    return [write(connection) for write in writes]


def _committed(connection: Connection, group: Sequence[_Job[Any, Any]]) -> _Outcomes:
    """What became of each write of the group, after its commit.

    Entries are first written without savepoints, which nearly double what a row costs SQLite. What fails before the
    commit has stored nothing, so the group is tried once more with them, on another connection if this one broke. When
    it breaks during the commit nobody knows, and the callers have to ask again.
    """
    transaction = connection.begin()
    try:
        outcomes = _written(connection, group, guard_entries=False)
    except Exception:  # noqa: BLE001  whatever an entry raises, its neighbours are to be written
        _clear(connection)
        transaction = connection.begin()
        outcomes = _written(connection, group, guard_entries=True)
    transaction.commit()
    return outcomes


def _written(connection: Connection, group: Sequence[_Job[Any, Any]], *, guard_entries: bool) -> _Outcomes:
    outcomes: _Outcomes = []
    for step in _steps(group):
        if guard_entries or not step[0].shares:
            outcomes += _guarded(connection, step)
        else:
            outcomes += _results(connection, step)
    return outcomes


def _steps(group: Sequence[_Job[Any, Any]]) -> list[list[_Job[Any, Any]]]:
    """The group in the order it is written: entries of one write together, none moved past a write of its own."""
    steps: list[list[_Job[Any, Any]]] = []
    gathering: dict[Hashable, list[_Job[Any, Any]]] = {}
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


def _results(connection: Connection, step: Sequence[_Job[Any, Any]]) -> _Outcomes:
    return list(zip(step, step[0].write(connection, [job.entry for job in step]), strict=True))


def _guarded(connection: Connection, step: Sequence[_Job[Any, Any]]) -> _Outcomes:
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
            return [(step[0], _Failed(error))]
        middle = len(step) // 2
        return [*_guarded(connection, step[:middle]), *_guarded(connection, step[middle:])]
    return outcomes


def _is_database_failure(outcome: object) -> bool:
    return isinstance(outcome, _Failed) and isinstance(outcome.error, SQLAlchemyError)


def _keep_up(connection: Connection, job: _Job[Any, Any]) -> None:
    try:
        (result,) = job.write(connection, [job.entry])
    except Exception as error:  # noqa: BLE001  every kind of failure must reach the caller, and the thread must live on
        _clear(connection)
        job.future.set_exception(error)
    else:
        job.future.set_result(result)


def _clear(connection: Connection) -> None:
    """Ends what a failed transaction left behind, or gives up the connection; the next write opens another.

    A COMMIT that fails leaves a SQLite transaction open, and SQLAlchemy, for which it has ended, does not roll it back.
    """
    try:
        connection.rollback()
        if not connection.invalidated:
            connection.connection.rollback()
    except Exception:  # noqa: BLE001  whatever a broken connection raises, the writer's thread must live on
        connection.invalidate()
