"""Keeping what is hot current: one look after another, none of which can end the looking."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from service.metrics import Metrics

_log = logging.getLogger(__name__)

STALE_AFTER_LOOKS = 30
"""Intervals without a complete look after which the service says that it is not ready."""


class Refresher:
    """Looks for a new model, changed items and changed experiments, now and every so often."""

    def __init__(self, looks: Mapping[str, Callable[[], object]], *, every_seconds: float, metrics: Metrics) -> None:
        self._looks = looks
        self._every_seconds = every_seconds
        self._metrics = metrics
        self._complete_at = time.monotonic()

    @property
    def is_stale(self) -> bool:
        """Whether no look has been complete for so long that what is served may be long out of date."""
        return time.monotonic() - self._complete_at > STALE_AFTER_LOOKS * max(self._every_seconds, 1.0)

    def refresh(self) -> None:
        """Looks at everything once; a look that fails is counted, logged and tried again next time."""
        complete = True
        for what, look in self._looks.items():
            try:
                look()
            except Exception:  # noqa: BLE001  an unforeseen one would end the looking, unnoticed until a restart
                complete = False
                self._metrics.refresh_failures.labels(what).inc()
                _log.exception("could not look at the %s", what)
        if complete:
            self._complete_at = time.monotonic()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Refreshes now and then every so often, until left."""

        async def forever() -> None:
            while True:
                await asyncio.sleep(self._every_seconds)
                await asyncio.to_thread(self.refresh)

        await asyncio.to_thread(self.refresh)
        task = asyncio.create_task(forever())
        try:
            yield
        finally:
            task.cancel()
