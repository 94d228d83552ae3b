"""Promises to those who run the service."""

import asyncio
import re
import threading
from typing import Any

import httpx
import pytest
from litestar import Litestar, get
from litestar.exceptions import InternalServerException
from litestar.params import FromQuery
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, OperationalError

from service.app import create_app
from service.clock import Clock
from service.problems import problem_handlers


def test_readiness_tells_of_the_model_and_the_log(shop: Any) -> None:
    answer = shop.ask("GET", "/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "reasons": [], "model_version": None})
    assert shop.ask("GET", "/health/live").status_code == 200


def test_a_commit_that_does_not_end_is_told_before_anybody_has_been_refused(shop: Any) -> None:
    """The commit is made to look ten seconds older than it is."""
    writer = shop.services.writer
    gate, entered = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        entered.set()
        gate.wait()

    held = writer.submit(hold)
    entered.wait()
    assert shop.ask("GET", "/health/ready").status_code == 200
    writer._at_it_since -= 10
    answer = shop.ask("GET", "/health/ready")
    gate.set()
    held.result()
    assert answer.status_code == 503
    # However slowly this machine asks: ten seconds and the time since.
    assert re.match(r"the log has been busy with one commit for \d\d s", answer.json()["reasons"][0])
    assert shop.ask("GET", "/health/ready").status_code == 200


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_health_may_be_asked_for_without_a_body(shop: Any, path: str) -> None:
    answer = shop.ask("HEAD", path)
    assert (answer.status_code, answer.content) == (200, b"")


def test_what_the_database_cannot_hold_is_not_answered_as_if_trying_again_would_help() -> None:
    @get("/", sync_to_thread=False)
    def failing(kind: FromQuery[str]) -> None:
        raise {"data": DataError, "connection": OperationalError}[kind]("INSERT", {}, ValueError("secret"))

    async def ask(kind: str) -> httpx.Response:
        app = Litestar([failing], exception_handlers=problem_handlers(), openapi_config=None, logging_config=None)
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's names for the same messages
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return await client.get("/", params={"kind": kind})

    for kind, status, retry_after in (("data", 400, None), ("connection", 503, "1")):
        answer = asyncio.run(ask(kind))
        assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry_after)
        assert "secret" not in answer.text


def test_a_fault_of_our_own_is_logged_and_says_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    @get("/", sync_to_thread=False)
    def failing() -> None:
        raise InternalServerException("secret")

    async def ask() -> httpx.Response:
        app = Litestar([failing], exception_handlers=problem_handlers(), openapi_config=None, logging_config=None)
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's names for the same messages
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return await client.get("/")

    answer = asyncio.run(ask())
    assert (answer.status_code, "secret" in answer.text) == (500, False)
    assert "unhandled error during GET /" in caplog.text


def test_a_body_that_breaks_off_is_no_fault_of_ours(shop: Any) -> None:
    arriving = [
        {"type": "http.request", "body": b'{"events": [', "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return arriving.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/events",
        "raw_path": b"/v1/events",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [(b"transfer-encoding", b"chunked"), (b"x-kembang-now", b"2026-11-20T12:00:00Z")],
        "client": ("127.0.0.1", 50_000),
        "server": ("shop", 80),
    }
    asyncio.run(create_app(shop.services)(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 400
    assert b"the body broke off before its end: nothing was stored" in sent[1]["body"]


def test_requests_are_counted_by_the_status_that_left_the_server(shop: Any) -> None:
    shop.ask("GET", "/nowhere")
    shop.ask("DELETE", "/v1/events")
    shop.ask("GET", "/v1/users/anna/feed", params={"limit": 0})
    shop.feed()
    page = shop.ask("GET", "/metrics").text
    for labels, count in (
        ('method="GET",route="unmatched",code="404"', 1),
        ('method="DELETE",route="unmatched",code="405"', 1),
        ('method="GET",route="/v1/users/{user_id}/feed",code="400"', 1),
        ('method="GET",route="/v1/users/{user_id}/feed",code="200"', 1),
    ):
        assert any(
            line.startswith("kembang_http_requests_total{")
            and all(part in line for part in labels.split(","))
            and line.endswith(f" {count}.0")
            for line in page.splitlines()
        ), labels


def test_a_real_clock_takes_no_instant_from_a_request(shop: Any) -> None:
    object.__setattr__(shop.services, "clock", Clock(simulated=False))
    answer = shop.ask("GET", "/v1/users/anna/feed")
    assert answer.status_code == 400
    assert "--simulated-clock" in answer.json()["detail"]


def test_the_api_documents_itself(shop: Any) -> None:
    paths = shop.ask("GET", "/schema/openapi.json").json()["paths"]
    assert {
        "/v1/events",
        "/v1/items",
        "/v1/users",
        "/v1/users/{user_id}/feed",
        "/v1/visitors/{visitor_id}/feed",
        "/v1/items/{item_id}/related",
        "/v1/experiments",
        "/v1/experiments/{key}/results",
        "/health/live",
        "/health/ready",
    } <= set(paths)
    event = paths["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "user_id" in event["properties"]["events"]["items"]["properties"]
    assert set(paths["/v1/experiments"]["post"]["requestBody"]["content"]) == {"application/json"}
    asked = {said["name"] for said in paths["/v1/users/{user_id}/feed"]["get"]["parameters"]}
    assert {"user_id", "limit", "cursor", "kind", "category", "exclude", "preview_arm"} <= asked
