"""The one writer: many writes, one transaction, and an answer only after the commit."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Engine

_log = logging.getLogger(__name__)

CLOSE_SECONDS = 30.0
"""How long a closing writer waits for its last commit."""

T = TypeVar("T")

Write = Callable[[Connection], T]
"""One write: does its statements on the connection it is handed and returns what its caller wants to know.

It may be run twice (after a neighbour in its group failed), so it must not change anything but the database.
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
class _Job(Generic[T]):
    write: Write[T]
    future: Future[T]
    is_upkeep: bool = False
    """To be run after its group's commit, in no transaction."""


class Writer:
    """Commits writes in groups on one connection, from one thread.

    A write waits for the group that is being committed, then shares the next commit with all that queued up meanwhile.
    So a hundred callers cost one disk sync, and none is answered before its rows are safe.
    """

    def __init__(self, engine: Engine, *, capacity: int, observe: CommitObserver, group_limit: int = 512) -> None:
        self._engine = engine
        self._observe = observe
        self._group_limit = group_limit
        self._queue: queue.Queue[_Job[Any] | None] = queue.Queue(capacity)
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Writes in the queue now."""
        return self._queue.qsize()

    def submit(self, write: Write[T]) -> Future[T]:
        """A future that is done once the write is committed, or holds the error that kept it out of the log.

        Raises:
            LogBusy: If the queue is full.
            LogClosed: If the writer is shutting down.
        """
        return self._queued(_Job(write, Future()))

    def upkeep(self, work: Callable[[Connection], T]) -> T:
        """What ``work`` returns, done on the writing connection in no transaction: a checkpoint, a vacuum.

        Every write waits for it meanwhile, so it must be short.

        Raises:
            LogBusy: If the queue is full.
            LogClosed: If the writer is shutting down.
        """
        return self._queued(_Job(work, Future(), is_upkeep=True)).result()

    def _queued(self, job: _Job[T]) -> Future[T]:
        with self._lock:
            if self._closed:
                raise LogClosed("the log is closing: nothing was stored")
            try:
                self._queue.put_nowait(job)
            except queue.Full:
                raise LogBusy(f"{self._queue.maxsize} writes are waiting for the log: try again in a moment") from None
        return job.future

    def run(self, write: Write[T]) -> T:
        """What ``write`` returns, after its commit. For commands and jobs; request handlers await ``submit``."""
        return self.submit(write).result()

    @property
    def is_at_work(self) -> bool:
        """Whether writes are being taken and committed."""
        return self._thread.is_alive() and not self._closed

    def close(self) -> None:
        """Commits what is queued, then stops. Safe to call twice; gives up on a database that has fallen silent."""
        with self._lock:
            first = not self._closed
            self._closed = True
        if first:
            self._queue.put(None)
        self._thread.join(CLOSE_SECONDS)
        if self._thread.is_alive():
            _log.error("the database did not answer for %g s; what is still queued was not stored", CLOSE_SECONDS)

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

    def _group_from(self, first: _Job[Any]) -> tuple[list[_Job[Any]], bool]:
        """Jobs to commit together, less those whose caller has gone; and whether the queue ends with them."""
        group, last = [first], False
        while len(group) < self._group_limit:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
            if job is None:
                last = True
                break
            group.append(job)
        return [job for job in group if job.future.set_running_or_notify_cancel()], last

    def _commit(self, connection: Connection, group: list[_Job[Any]]) -> None:
        """Commits the group; if that fails, each write alone, so that a bad one costs only itself."""
        started = time.perf_counter()
        try:
            with connection.begin():
                results = [job.write(connection) for job in group]
        except Exception as error:  # noqa: BLE001  every kind of failure must reach the callers, and the thread must live on
            _clear(connection)
            self._observe(writes=len(group), seconds=time.perf_counter() - started, failed=True)
            if len(group) == 1:
                group[0].future.set_exception(error)
            else:
                for job in group:
                    self._commit(connection, [job])
            return
        for job, result in zip(group, results, strict=True):
            job.future.set_result(result)
        self._observe(writes=len(group), seconds=time.perf_counter() - started, failed=False)


def _keep_up(connection: Connection, job: _Job[Any]) -> None:
    try:
        result = job.write(connection)
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
        if connection.in_transaction():
            connection.rollback()
        if not connection.invalidated:
            connection.connection.rollback()
    except Exception:  # noqa: BLE001  whatever a broken connection raises, the writer's thread must live on
        connection.invalidate()
