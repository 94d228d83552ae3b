"""The only place where the service's objects are made."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, replace

from service.clock import Clock
from service.live.catalogue import LiveCatalogue
from service.live.experiments import LiveExperiments
from service.live.feed import FeedDesk
from service.live.model import LiveModel
from service.log.database import Database, LogFailure, Reader, is_sqlite, open_for_writing, writer_lock
from service.log.frames import latest_instant
from service.log.home import SIMULATED, home_fact
from service.log.writer import Writer
from service.metrics import Metrics
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
    catalogue: LiveCatalogue
    experiments: LiveExperiments
    desk: FeedDesk
    metrics: Metrics

    def refresh(self) -> None:
        """Looks for a new model, changed items and experiments; a look that fails is counted, and tried again later."""
        looks: dict[str, Callable[[], object]] = {
            "catalogue": self.catalogue.refresh,
            "experiments": self.experiments.refresh,
            "model": self.model.refresh,
        }
        for what, look in looks.items():
            try:
                look()
            except (LogFailure, OSError) as error:
                self.metrics.refresh_failures.labels(what).inc()
                _log.warning("could not look at the %s: %s", what, error)
        for kind in ("product", "content"):
            self.metrics.catalogue_items.labels(kind).set(self.catalogue.current.shown_count(kind))

    @asynccontextmanager
    async def refreshing(self) -> AsyncIterator[None]:
        """Refreshes now and then every so often, until left."""

        async def forever() -> None:
            while True:
                await asyncio.sleep(self.settings.refresh_seconds)
                await asyncio.to_thread(self.refresh)

        await asyncio.to_thread(self.refresh)
        task = asyncio.create_task(forever())
        try:
            yield
        finally:
            task.cancel()


@contextmanager
def open_log(settings: Settings, metrics: Metrics, *, url: str | None = None) -> Iterator[tuple[Database, Writer]]:
    """The log with its one writer; on leaving, what is queued is committed and everything is closed.

    Raises:
        LogLocked: If another process writes this SQLite log.
    """
    lock = writer_lock(settings.home, url=url) if is_sqlite(settings.database_url) else nullcontext()
    with lock:
        database = open_for_writing(settings.database_url)
        if database.writing is None:
            raise ValueError(f"the log at {settings.database_url} was opened for reading only")
        writer = Writer(database.writing, capacity=settings.queue_capacity, observe=metrics.commit)
        metrics.queue_writes.set_function(lambda: writer.waiting)
        try:
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
        latest = latest_instant(database.reader) if simulated_clock else None
        model = LiveModel(settings.models, metrics)
        catalogue = LiveCatalogue(database.reader)
        experiments = LiveExperiments(database.reader)
        yield Services(
            settings=settings_of_home(settings, database.reader),
            clock=Clock(simulated=simulated_clock, latest=latest or 0),
            database=database,
            writer=writer,
            model=model,
            catalogue=catalogue,
            experiments=experiments,
            metrics=metrics,
            desk=FeedDesk(
                reader=database.reader,
                writer=writer,
                model=model,
                catalogue=catalogue,
                experiments=experiments,
                metrics=metrics,
            ),
        )
