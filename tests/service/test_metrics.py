"""Promises of the metrics: true counts whatever went wrong, and label values that stay few."""

import asyncio
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.types import ASGIApp, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.parser import text_string_to_metric_families

from service.metrics import BatchHistogram, Metrics, RequestMetrics


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def answering(status: int, *, template: str | None = "/v1/things/{id}") -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if template is not None:
            scope["path_template"] = template
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return app


def ask(app: ASGIApp, *, method: str = "GET", path: str = "/v1/things/7") -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope: Any = {"type": "http", "method": method, "path": path, "headers": []}
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]  # a coroutine, as ASGI has it
    return sent


@pytest.mark.parametrize("status", [200, 202, 404, 429, 503])
def test_a_request_counts_under_its_route_template_and_the_status_that_left(status: int) -> None:
    metrics = Metrics()
    sent = ask(RequestMetrics(answering(status), metrics))
    assert sent[0]["status"] == status
    labels = {"method": "GET", "route": "/v1/things/{id}"}
    assert value(metrics, "kembang_http_requests_total", **labels, code=str(status)) == 1
    assert value(metrics, "kembang_http_request_duration_seconds_count", **labels) == 1


def test_a_crash_inside_is_counted_as_500_and_still_felt() -> None:
    async def crashing(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("boom")

    metrics = Metrics()
    with pytest.raises(RuntimeError, match="boom"):
        ask(RequestMetrics(crashing, metrics))
    assert value(metrics, "kembang_http_requests_total", method="GET", route="unmatched", code="500") == 1


def test_paths_and_methods_that_strangers_make_up_share_one_label() -> None:
    metrics = Metrics()
    app = RequestMetrics(answering(404, template=None), metrics)
    for number in range(50):
        ask(app, method=f"BREW{number}", path=f"/made/up/{number}")
    assert value(metrics, "kembang_http_requests_total", method="other", route="unmatched", code="404") == 50
    series = [line for line in metrics.page().decode().splitlines() if line.startswith("kembang_http_requests_total{")]
    assert len(series) == 1


def test_what_is_not_http_passes_uncounted() -> None:
    passed: list[str] = []

    async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope["type"])

    metrics = Metrics()
    scope: Any = {"type": "lifespan"}
    nothing: Any = None
    asyncio.run(RequestMetrics(lifespan, metrics)(scope, nothing, nothing))
    assert passed == ["lifespan"]
    assert "kembang_http_requests_total{" not in metrics.page().decode()


def test_only_one_model_version_is_ever_said_to_be_live() -> None:
    metrics = Metrics()
    age = value(metrics, "kembang_model_age_seconds")
    assert age is not None
    assert math.isnan(age)
    metrics.model_is_live("first", trained_at_seconds=1_000.0)
    metrics.model_is_live("second", trained_at_seconds=2_000.0)
    assert value(metrics, "kembang_model_info", version="first") is None
    assert value(metrics, "kembang_model_info", version="second") == 1
    assert value(metrics, "kembang_model_trained_timestamp_seconds") == 2_000.0
    # 2,000 s after 1970 is more than fifty years ago by any clock.
    age = value(metrics, "kembang_model_age_seconds")
    assert age is not None
    assert age > 50 * 365 * 86_400


def test_a_stage_is_timed_even_when_it_fails() -> None:
    metrics = Metrics()
    with pytest.raises(LookupError), metrics.stage("rank"):
        raise LookupError
    assert value(metrics, "kembang_feed_stage_duration_seconds_count", stage="rank") == 1


def test_a_failed_commit_is_counted_and_does_not_pass_for_a_group() -> None:
    metrics = Metrics()
    metrics.commit(writes=3, seconds=0.01, failed=False)
    metrics.commit(writes=7, seconds=0.01, failed=True)
    assert value(metrics, "kembang_log_commit_writes_sum") == 3
    assert value(metrics, "kembang_log_commit_failures_total") == 1
    assert value(metrics, "kembang_log_commit_duration_seconds_count") == 2


@given(st.lists(st.floats(0, 1e7) | st.sampled_from([0.1, 1.0, 604_800.0]), max_size=20), st.integers(0, 20))
def test_values_noted_many_at_a_time_make_the_histogram_that_they_make_one_by_one(
    values: list[float], cut: int
) -> None:
    """Prometheus's own client is the reference; a value on a bound belongs below it."""
    registry = CollectorRegistry()
    single = Histogram("lag", "Lag.", buckets=(0.1, 1.0, 604_800.0), registry=registry)
    many = BatchHistogram("lags", "Lag.", buckets=(0.1, 1.0, 604_800.0))
    registry.register(many)
    for value in values:
        single.observe(value)
    many.observe_all(values[:cut])
    many.observe_all(values[cut:])
    for bound in ("0.1", "1.0", "604800.0", "+Inf"):
        ones, all_at_once = (registry.get_sample_value(f"{name}_bucket", {"le": bound}) for name in ("lag", "lags"))
        assert all_at_once == ones
    assert registry.get_sample_value("lags_count") == len(values)
    assert registry.get_sample_value("lags_sum") == pytest.approx(sum(values))


def test_two_apps_in_one_process_share_nothing() -> None:
    one, other = Metrics(), Metrics()
    one.feeds_empty.inc()
    assert (value(one, "kembang_feeds_empty_total"), value(other, "kembang_feeds_empty_total")) == (1, 0)


def test_every_series_of_ours_is_named_and_described_as_prometheus_wants_it() -> None:
    families = {family.name: family for family in text_string_to_metric_families(Metrics().page().decode())}
    ours = {name: family for name, family in families.items() if not name.startswith(("process_", "python_"))}
    assert len(ours) > 15
    for name, family in ours.items():
        assert name.startswith("kembang_"), name
        assert family.documentation.endswith("."), name
