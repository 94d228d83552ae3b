"""Health and metrics, for those who run the service."""

from typing import Literal

from litestar import HttpMethod, MediaType, Response, get, route
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

from service.log.counters import next_number
from service.log.database import LogFailure
from service.log.writer import LogBusy, LogClosed
from service.metrics import METRICS_MEDIA_TYPE
from service.problems import RETRY_AFTER_SECONDS
from service.wiring import Services

# Load balancers ask by either method.
_ASKED_BY = [HttpMethod.GET, HttpMethod.HEAD]

_SLOW_COMMIT_SECONDS = 5.0
"""A commit that takes longer is waiting for a database that does not answer."""

_PROBE_SECONDS = 2.0
"""How long a load balancer is kept waiting for a write that shows whether the log can be written again."""


@route("/health/live", http_method=_ASKED_BY, sync_to_thread=False, summary="Whether the process answers")
def get_live() -> dict[str, str]:
    """Says that the process is up; restart it when this fails."""
    return {"status": "live"}


class Readiness(Struct):
    """Whether requests can be served, and if not, why."""

    status: Literal["ready", "not ready"]
    reasons: list[str]
    model_version: str | None


@route(
    "/health/ready",
    http_method=_ASKED_BY,
    responses={503: ResponseSpec(Readiness, generate_examples=False, description="Send no traffic now.")},
    sync_to_thread=True,
    summary="Whether requests can be served",
)
def get_ready(services: NamedDependency[Services]) -> Response[Readiness]:
    """Says whether the log answers, its writer works and what is served is current; send no traffic while it fails.

    A missing model is told but does not fail: feeds then come from the newest items.
    """
    reasons = []
    try:
        services.database.check()
    except LogFailure:
        reasons.append("the log can't be read")
    if not services.writer.is_at_work:
        reasons.append("the log's writer has stopped")
    elif (trouble := _trouble(services)) is not None:
        reasons.append(trouble)
    if services.writer.waiting >= services.settings.queue_capacity:
        reasons.append("the queue of the log is full")
    if services.refresher.is_stale:
        reasons.append("the model, the catalogue or the experiments can't be looked at")
    model = services.model.current
    model_version = None if model is None else model.version
    if reasons:
        body = Readiness("not ready", reasons, model_version)
        return Response(body, status_code=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    return Response(Readiness("ready", reasons, model_version))


def _trouble(services: Services) -> str | None:
    """Why nothing can be stored just now, or None.

    After a failure nothing but another write tells whether the database is well again, and with the traffic sent
    elsewhere there may be none: so one is made here.
    """
    writer = services.writer
    if writer.commit_seconds > _SLOW_COMMIT_SECONDS:
        return f"the log has been busy with one commit for {writer.commit_seconds:.0f} s"
    if not writer.has_failed:
        return None
    try:
        probe = writer.submit(lambda connection: next_number(connection, "probes"))
    except (LogBusy, LogClosed) as error:
        return str(error)
    try:
        probe.result(timeout=_PROBE_SECONDS)
    except (LogFailure, LogClosed, TimeoutError):
        probe.cancel()
        return "the log can't be written"
    return None


@get("/metrics", sync_to_thread=False, media_type=MediaType.TEXT, include_in_schema=False)
def get_metrics(services: NamedDependency[Services]) -> Response[bytes]:
    """Every series, for Prometheus to scrape."""
    return Response(services.metrics.page(), media_type=METRICS_MEDIA_TYPE)
