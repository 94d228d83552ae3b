"""The one writer: many writes, one transaction, and an answer only after the commit."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine

from service.log.groups import (
    Failed,
    Job,
    Write,
    WriteTogether,
    clear,
    committed,
    each_alone,
    is_database_failure,
    keep_up,
)

_log = logging.getLogger(__name__)

CLOSE_SECONDS = 30.0
"""How long a closing writer waits for its last commit."""

GROUP_WRITES, GROUP_ROWS = 512, 5_000
"""What one commit takes at most, so that the first of its callers does not wait for long."""

T = TypeVar("T")
E = TypeVar("E")


class LogBusy(Exception):
    """The queue of writes is full: the caller should try again in a moment, and nothing was stored."""


class LogClosed(Exception):
    """The writer is shutting down: nothing was stored."""


class CommitObserver(Protocol):
    """Told of every commit, for metrics."""

    def __call__(self, *, writes: int, seconds: float, failed: bool) -> None:
        """Takes note of one try to commit ``writes`` writes together."""


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
        self._queue: queue.Queue[Job[Any, Any] | None] = queue.Queue(capacity)
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
        return self._queued(Job(each_alone, write, 1, False, Future()))

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
        return self._queued(Job(write, entry, rows, True, Future()))

    def upkeep(self, work: Callable[[Connection], T]) -> T:
        """What ``work`` returns, done on the writing connection in no transaction: a checkpoint, a vacuum.

        Every write waits for it meanwhile, so it must be short.

        Raises:
            LogBusy: If the queue is full.
            LogClosed: If the writer is shutting down.
        """
        done: Future[T] = self._queued(Job(each_alone, work, 0, False, Future(), is_upkeep=True))
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

    def _queued(self, job: Job[Any, T]) -> Future[T]:
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
                    keep_up(connection, each)
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

    def _group_from(self, first: Job[Any, Any]) -> tuple[list[Job[Any, Any]], bool]:
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

    def _commit(self, connection: Connection, group: list[Job[Any, Any]]) -> None:
        """Commits the group and tells every caller what became of her write."""
        started = self._at_it_since = time.perf_counter()
        try:
            outcomes = committed(connection, group)
        except Exception as error:  # noqa: BLE001  every kind of failure must reach the callers, and the thread must live on
            clear(connection)
            outcomes = [(job, Failed(error)) for job in group]
            failed = True
        else:
            failed = False
        self._at_it_since = None
        # Before anybody hears of it: who is told 503 must not find the service ready a moment later.
        self._has_failed = failed or any(is_database_failure(outcome) for _, outcome in outcomes)
        for job, outcome in outcomes:
            if isinstance(outcome, Failed):
                job.future.set_exception(outcome.error)
            else:
                job.future.set_result(outcome)
        self._observe(writes=len(group), seconds=time.perf_counter() - started, failed=failed)
