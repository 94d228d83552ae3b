"""The only place where the service's objects are made."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace

from service.clock import Clock
from service.jobs.pruning import Pruner, retention_of
from service.live.catalogue import LiveCatalogue
from service.live.experiments import LiveExperiments
from service.live.feed import FeedDesk
from service.live.model import LiveModel
from service.live.refreshing import Refresher
from service.live.values import LiveValues
from service.log.database import Database, Reader, is_sqlite, open_for_writing, sqlite_warning, writer_lock
from service.log.frames import latest_instant
from service.log.home import (
    SECRET_FINGERPRINT,
    SIMULATED,
    SIMULATED_CLOCK,
    ensure_log_id,
    holds_rows,
    home_fact,
    log_id,
    record_home_fact,
)
from service.log.writer import Writer
from service.metrics import Metrics
from service.secret import Secret, SecretUnusable, home_secret
from service.settings import Settings

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that a request handler may ask for."""

    settings: Settings
    clock: Clock
    database: Database
    writer: Writer
    model: LiveModel
    values: LiveValues
    catalogue: LiveCatalogue
    experiments: LiveExperiments
    desk: FeedDesk
    refresher: Refresher
    pruner: Pruner
    metrics: Metrics
    long_reads: asyncio.Semaphore
    """Held while a request reads the whole log: such requests take turns, so that they never crowd out feeds."""


class RealClockOnly(Exception):
    """A log of real rows must not be told what time it is."""


@contextmanager
def open_log(settings: Settings, metrics: Metrics, *, url: str | None = None) -> Iterator[tuple[Database, Writer]]:
    """The log with its one writer; on leaving, what is queued is committed and everything is closed.

    Raises:
        LogLocked: If another process writes this SQLite log.
        SecretUnusable: If the log was written under another secret.
    """
    secret = home_secret(settings)
    lock = writer_lock(settings.database_url, served_at=url) if is_sqlite(settings.database_url) else nullcontext()
    with lock:
        database = open_for_writing(settings.database_url, erasure_salt=secret.erasure_salt)
        if database.writing is None:
            raise ValueError(f"the log at {settings.database_url} was opened for reading only")
        writer = Writer(database.writing, capacity=settings.queue_capacity, observe=metrics.commit)
        metrics.queue_writes.set_function(lambda: writer.waiting)
        try:
            writer.run(ensure_log_id)
            _check_secret(database, writer, secret)
            yield database, writer
        finally:
            writer.close()
            database.close()


def settings_of_home(settings: Settings, reader: Reader) -> Settings:
    """The settings as they hold for this log: a simulated shop brings its own currency."""
    simulated = home_fact(reader, SIMULATED)
    return settings if simulated is None else replace(settings, currency=simulated["currency"])


@contextmanager
def build(settings: Settings, *, simulated_clock: bool, url: str | None = None) -> Iterator[Services]:
    """Everything, opened and wired; closed again on leaving.

    Args:
        settings: The deployment.
        simulated_clock: Whether requests may say what time it is.
        url: Where the service will answer, for commands that find the log taken.
    """
    metrics = Metrics()
    settings.models.mkdir(parents=True, exist_ok=True)
    with open_log(settings, metrics, url=url) as (database, writer):
        if (warning := sqlite_warning(settings.database_url)) is not None:
            _log.warning(warning)
        latest = _simulated_now(database, writer) if simulated_clock else 0
        clock = Clock(simulated=simulated_clock, latest=latest)
        model = LiveModel(settings.models, log_id=log_id(database.reader), metrics=metrics)
        values = LiveValues(settings.values, log_id=log_id(database.reader), metrics=metrics)
        catalogue = LiveCatalogue(database.reader, clock.now)
        experiments = LiveExperiments(database.reader)

        def look_at_catalogue() -> None:
            catalogue.refresh()
            for kind in ("product", "content"):
                metrics.catalogue_items.labels(kind).set(catalogue.current.shown_count(kind))

        yield Services(
            settings=settings_of_home(settings, database.reader),
            clock=clock,
            database=database,
            writer=writer,
            model=model,
            values=values,
            catalogue=catalogue,
            experiments=experiments,
            metrics=metrics,
            long_reads=asyncio.Semaphore(1),
            refresher=Refresher(
                {
                    "catalogue": look_at_catalogue,
                    "experiments": experiments.refresh,
                    "model": model.refresh,
                    "values": values.refresh,
                },
                every_seconds=settings.refresh_seconds,
                metrics=metrics,
            ),
            pruner=Pruner(writer, retention_of(settings), now=clock.now, metrics=metrics),
            desk=FeedDesk(
                reader=database.reader,
                writer=writer,
                model=model,
                catalogue=catalogue,
                experiments=experiments,
                metrics=metrics,
            ),
        )


def _check_secret(database: Database, writer: Writer, secret: Secret) -> None:
    """Makes sure that erased people are recognised: under another secret they would come back unnoticed."""
    writer.run(lambda connection: record_home_fact(connection, SECRET_FINGERPRINT, secret.fingerprint))
    if home_fact(database.reader, SECRET_FINGERPRINT) != secret.fingerprint:
        raise SecretUnusable(
            "this log was written under another secret: give every process that shares it the same KEMBANG_SECRET, "
            "or restore the file `secret` of its first home"
        )


def _simulated_now(database: Database, writer: Writer) -> int:
    """Where a simulated clock stands when the service starts: at the latest instant the log speaks of, or at 0.

    Raises:
        RealClockOnly: If the log holds rows that were not told under a simulated clock from the first.
    """
    may_be_told = any(home_fact(database.reader, fact) is not None for fact in (SIMULATED, SIMULATED_CLOCK))
    if holds_rows(database.reader) and not may_be_told:
        raise RealClockOnly("this log holds a real shop: --simulated-clock is for an empty home or a simulated one")
    writer.run(lambda connection: record_home_fact(connection, SIMULATED_CLOCK, True))
    return latest_instant(database.reader) or 0
