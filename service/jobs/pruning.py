"""Letting go of rows past their time: an hourly job of the service, or one run of a command."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from service.log.database import Reader
from service.log.retention import TABLES, Piece, Retention, next_piece, pruned
from service.log.writer import Writer
from service.metrics import Metrics
from service.settings import Settings

_log = logging.getLogger(__name__)

_EVERY_SECONDS, _AGAIN_SECONDS = 3_600.0, 60.0


def retention_of(settings: Settings) -> Retention:
    """How long this deployment keeps rows."""
    return Retention(exposures_days=settings.exposures_kept_days, dead_letters_days=settings.dead_letters_kept_days)


def prune(
    writer: Writer,
    retention: Retention,
    *,
    now: int,
    on_piece: Callable[[Piece], None] = lambda _piece: None,
    pause: Callable[[float], bool] = lambda _seconds: False,
) -> dict[str, int]:
    """Removes what is past its time, a few rows at a time, and says how many went from each table.

    Args:
        writer: The log's writer; everybody else's writes go between the pieces.
        retention: How long rows are kept.
        now: Microseconds UTC.
        on_piece: Told of each piece once it is gone.
        pause: Waits between pieces for as long as the last one took, and says whether to stop.
    """
    gone = dict.fromkeys(TABLES, 0)
    for table in TABLES:
        after_key, stops = 0, False
        while not stops:
            started = time.perf_counter()
            piece = writer.run(
                lambda connection, table=table, after_key=after_key: pruned(  # type: ignore[misc]  # this round's own
                    connection, retention, table, now=now, after_key=after_key
                )
            )
            if piece is None:
                break
            gone[table] += len(piece.keys)
            on_piece(piece)
            after_key, stops = piece.last_key, pause(time.perf_counter() - started)
    return gone


def prunable(reader: Reader, retention: Retention, *, now: int) -> dict[str, int]:
    """How many rows of each table ``prune`` would remove now."""
    found = dict.fromkeys(TABLES, 0)
    for table in TABLES:
        after_key = 0
        while True:
            with reader.connect() as connection:
                piece = next_piece(connection, retention, table, now=now, after_key=after_key)
            if piece is None:
                break
            found[table] += len(piece.keys)
            after_key = piece.last_key
    return found


class Pruner:
    """The service's own pruning, in a thread of its own: now, every hour, and soon again after a failure."""

    def __init__(
        self,
        writer: Writer,
        retention: Retention,
        *,
        now: Callable[[], int],
        metrics: Metrics,
        every_seconds: float = _EVERY_SECONDS,
        again_seconds: float = _AGAIN_SECONDS,
    ) -> None:
        self._writer = writer
        self._retention = retention
        self._now = now
        self._metrics = metrics
        self._every_seconds = every_seconds
        self._again_seconds = again_seconds
        self._stopping = threading.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Prunes until left; what a piece has begun is finished first."""
        self._stopping.clear()
        thread = threading.Thread(target=self._run, name="log-pruner", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            await asyncio.to_thread(thread.join)

    def _run(self) -> None:
        while not self._stopping.is_set():
            succeeded = self._prune_once()
            self._stopping.wait(self._every_seconds if succeeded else self._again_seconds)

    def _prune_once(self) -> bool:
        try:
            gone = prune(
                self._writer,
                self._retention,
                now=self._now(),
                on_piece=lambda piece: self._metrics.pruned_rows.labels(piece.table).inc(len(piece.keys)),
                # At most half of the writer's time, however much there is to remove.
                pause=self._stopping.wait,
            )
        except Exception:  # noqa: BLE001  an unforeseen one would end the pruning, unnoticed until a disk is full
            self._metrics.prune_failures.inc()
            _log.exception("could not remove the rows past their time; trying again in %g s", self._again_seconds)
            return False
        self._metrics.pruned_at.set_to_current_time()
        if any(gone.values()):
            _log.info("removed what was past its time: %s", gone)
        return True
