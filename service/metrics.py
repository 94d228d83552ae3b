"""Every Prometheus series of the service, and the layer round the whole app that counts requests truly.

Litestar's own middleware counts some 401 and 429 answers as 200 and never sees 404 and 405; this layer reads the status
that leaves the server. Label values are bounded: routes by template, never by path.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, Literal

import numpy as np
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

_LATENCY_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.5)
_STAGE_SECONDS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)
_LAG_SECONDS = (0.1, 1.0, 10.0, 60.0, 600.0, 3_600.0, 86_400.0, 604_800.0)
_GROUP_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 512)
_COMMIT_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)

METRICS_MEDIA_TYPE = CONTENT_TYPE_LATEST
"""Media type of the metrics page."""

FeedStage = Literal["user", "assign", "rank", "commit", "encode"]
"""Where a feed's time goes: reading the user, her arms, scores to page, the exposure's commit, the answer."""


class Metrics:
    """The series of one app, in a registry of its own; two apps in one process share nothing."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._make_http_series()
        self._make_feed_series()
        self._make_log_series()
        self._make_model_series()

    def _make_http_series(self) -> None:
        self.requests = Counter(
            "kembang_http_requests_total",
            "Requests answered.",
            ["method", "route", "code"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "kembang_http_request_duration_seconds",
            "Time from the request's arrival to the end of the answer.",
            ["method", "route"],
            buckets=_LATENCY_SECONDS,
            registry=self.registry,
        )

    def _make_feed_series(self) -> None:
        self.feed_seconds = Histogram(
            "kembang_feed_duration_seconds",
            "Time to make and keep one feed.",
            buckets=_LATENCY_SECONDS,
            registry=self.registry,
        )
        self._stage_seconds = Histogram(
            "kembang_feed_stage_duration_seconds",
            "Time of one stage of a feed.",
            ["stage"],
            buckets=_STAGE_SECONDS,
            registry=self.registry,
        )
        self.feed_rungs = Counter(
            "kembang_feeds_total",
            "Feeds served, by the rung of the ladder that answered.",
            ["rung"],
            registry=self.registry,
        )
        self.feed_items = Counter(
            "kembang_feed_items_total",
            "Items shown, by the source that put them there.",
            ["source"],
            registry=self.registry,
        )
        self.feeds_empty = Counter("kembang_feeds_empty_total", "Feeds without any item.", registry=self.registry)
        self.exposures = Counter(
            "kembang_exposures_total",
            "Feeds that count in an experiment.",
            ["experiment", "arm"],
            registry=self.registry,
        )

    def _make_log_series(self) -> None:
        self.events = Counter("kembang_events_total", "Events received.", ["kind", "result"], registry=self.registry)
        self.entries = Counter(
            "kembang_entries_total",
            "Items, users and imported rows received.",
            ["what", "result"],
            registry=self.registry,
        )
        self.people_rows = Counter(
            "kembang_people_rows_total",
            "Rows that a merge gave to a user, or an erasure removed.",
            ["act", "table"],
            registry=self.registry,
        )
        self.event_lag_seconds = BatchHistogram(
            "kembang_event_lag_seconds", "Time from an event's own instant to its arrival.", buckets=_LAG_SECONDS
        )
        self.registry.register(self.event_lag_seconds)
        self.queue_writes = Gauge("kembang_log_queue_writes", "Writes waiting for the log.", registry=self.registry)
        self._commit_seconds = Histogram(
            "kembang_log_commit_duration_seconds",
            "Time of one group commit.",
            buckets=_COMMIT_SECONDS,
            registry=self.registry,
        )
        self._commit_writes = Histogram(
            "kembang_log_commit_writes",
            "Writes that shared one commit.",
            buckets=_GROUP_SIZES,
            registry=self.registry,
        )
        self._commit_failures = Counter(
            "kembang_log_commit_failures_total", "Commits that failed and stored nothing.", registry=self.registry
        )

        self.pruned_rows = Counter(
            "kembang_log_pruned_rows_total",
            "Rows removed because they were past their time.",
            ["table"],
            registry=self.registry,
        )
        self.pruned_at = Gauge(
            "kembang_log_pruned_timestamp_seconds",
            "When the last look for rows past their time ended; 0 before the first.",
            registry=self.registry,
        )
        self.prune_failures = Counter(
            "kembang_log_prune_failures_total", "Looks for rows past their time that failed.", registry=self.registry
        )

    def _make_model_series(self) -> None:
        self.model_info = Gauge(
            "kembang_model_info", "1 for the model version being served.", ["version"], registry=self.registry
        )
        self.model_trained = Gauge(
            "kembang_model_trained_timestamp_seconds",
            "When the live model was trained; 0 without one.",
            registry=self.registry,
        )
        self.model_age = Gauge(
            "kembang_model_age_seconds",
            "Time since the live model was trained; not a number without one.",
            registry=self.registry,
        )
        self.model_age.set(float("nan"))
        self.model_loads = Counter(
            "kembang_model_loads_total",
            "Tries to bring in a newly published model.",
            ["outcome"],
            registry=self.registry,
        )
        self._make_value_series()
        self.catalogue_items = Gauge(
            "kembang_catalogue_items", "Items that a feed may show now.", ["kind"], registry=self.registry
        )
        self.refresh_failures = Counter(
            "kembang_refresh_failures_total",
            "Looks at the log or the models folder that failed.",
            ["what"],
            registry=self.registry,
        )

    def _make_value_series(self) -> None:
        self._values_age = Gauge(
            "kembang_values_age_seconds",
            "Time since the instant up to which the live customer values know the log; not a number without any.",
            registry=self.registry,
        )
        self._values_age.set(float("nan"))
        self._values_customers = Gauge(
            "kembang_values_customers", "Customers in the live values.", registry=self.registry
        )
        self._values_coverage = Gauge(
            "kembang_values_coverage_ratio",
            "Share of the users known when the live values were made who have one; not a number without any.",
            registry=self.registry,
        )
        self._values_coverage.set(float("nan"))
        self.values_loads = Counter(
            "kembang_values_loads_total",
            "Tries to bring in newly published customer values.",
            ["outcome"],
            registry=self.registry,
        )

    def values_are_live(self, *, customers: int, users: int, known_until_seconds: float) -> None:
        """Says which customer values are served from now on."""
        self._values_customers.set(customers)
        self._values_coverage.set(customers / users if users else float("nan"))
        self._values_age.set_function(lambda: time.time() - known_until_seconds)

    @contextmanager
    def stage(self, name: FeedStage) -> Iterator[None]:
        """Times one stage of a feed."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._stage_seconds.labels(name).observe(time.perf_counter() - started)

    def model_is_live(self, version: str, *, trained_at_seconds: float) -> None:
        """Says which model is served from now on."""
        self.model_info.clear()
        self.model_info.labels(version).set(1)
        self.model_trained.set(trained_at_seconds)
        self.model_age.set_function(lambda: time.time() - trained_at_seconds)

    def commit(self, *, writes: int, seconds: float, failed: bool) -> None:
        """Takes note of one commit of the log."""
        self._commit_seconds.observe(seconds)
        if failed:
            self._commit_failures.inc()
        else:
            self._commit_writes.observe(writes)

    def page(self) -> bytes:
        """The exposition text for ``GET /metrics``."""
        return generate_latest(self.registry)


class BatchHistogram(Collector):
    """A histogram that takes note of many values at once; one by one they would cost more than to decode an event.

    Args:
        name: Of the series.
        documentation: Its line of help.
        buckets: Upper bounds, ascending, without infinity.
    """

    def __init__(self, name: str, documentation: str, *, buckets: Sequence[float]) -> None:
        self._name, self._documentation = name, documentation
        self._bounds = np.array(buckets)
        self._labels = [*map(str, buckets), "+Inf"]
        self._counts = np.zeros(len(self._labels), dtype=np.int64)
        self._sum = 0.0
        self._lock = Lock()

    def observe_all(self, values: Sequence[float]) -> None:
        """Takes note of the values."""
        if values:
            counts = np.bincount(np.searchsorted(self._bounds, values), minlength=len(self._labels))
            with self._lock:
                self._counts += counts
                self._sum += sum(values)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """The series as it stands."""
        with self._lock:
            counts, total = np.cumsum(self._counts).tolist(), self._sum
        labelled = list(zip(self._labels, counts, strict=True))
        yield HistogramMetricFamily(self._name, self._documentation, buckets=labelled, sum_value=total)


class RequestMetrics:
    """An ASGI app that counts and times what the wrapped one answers, whatever went wrong inside."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._children: dict[tuple[str, str, int], tuple[Any, Any]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on; for HTTP, notes method, route template, status and time."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        status = 500
        started = time.perf_counter()

        async def noting_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting_send)
        finally:
            route = scope.get("path_template") or "unmatched"
            counter, histogram = self._series(str(scope["method"]), str(route), status)
            counter.inc()
            histogram.observe(time.perf_counter() - started)

    def _series(self, method: str, route: str, status: int) -> tuple[Any, Any]:
        if method not in _METHODS:
            method = "other"
        key = (method, route, status)
        if key not in self._children:
            self._children[key] = (
                self._metrics.requests.labels(method, route, str(status)),
                self._metrics.request_seconds.labels(method, route),
            )
        return self._children[key]


_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"})
