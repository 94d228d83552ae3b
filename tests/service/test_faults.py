"""Promises in trouble: no success for what is not stored, readiness that tells the truth, and no help needed after."""

import asyncio
import json
import resource
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from processes import ServiceProcess, served
from sqlalchemy import Connection, event, func, select, text
from sqlalchemy.exc import OperationalError

from service.app import create_app
from service.log.tables import events, exposures

NOW = "2026-11-20T12:00:00Z"


def view(id_: str) -> dict[str, Any]:
    return {"id": id_, "kind": "view", "user_id": "anna", "item_id": "p1", "at": NOW}


def stored(shop: Any) -> tuple[set[str], int]:
    """The ids of the events in the log, and how many feeds."""
    with shop.services.database.reader.connect() as connection:
        ids = set(connection.execute(select(events.c.id)).scalars())
        return ids, int(connection.execute(select(func.count()).select_from(exposures)).scalar_one())


def assert_nothing_is_promised(ask: Callable[..., httpx.Response], id_: str) -> None:
    """Neither an event nor a feed is answered with a success, nor is the service said to be ready."""
    for method, path, body in (
        ("POST", "/v1/events", {"events": [view(id_)]}),
        ("GET", "/v1/users/anna/feed", None),
        ("PUT", "/v1/items", {"items": [{"id": id_, "kind": "product", "title": "Tea"}]}),
    ):
        answer = ask(method, path, json=body)
        assert (answer.status_code, answer.headers.get("retry-after")) == (503, "1"), answer.text
    ready = ask("GET", "/health/ready")
    assert ready.status_code == 503
    assert ready.json()["reasons"] == ["the log can't be written"]


@contextmanager
def locked(shop: Any) -> Iterator[None]:
    """Another connection holds the file, as an operator's forgotten shell does."""
    file = shop.services.settings.home / "kembang.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def commits_that_raise(shop: Any) -> Iterator[None]:
    engine = shop.services.database.writing

    def fail(_: Connection) -> None:
        raise OperationalError("COMMIT", {}, OSError("the disk has gone"))

    event.listen(engine, "commit", fail)
    try:
        yield
    finally:
        event.remove(engine, "commit", fail)


@contextmanager
def commits_that_are_cut(shop: Any) -> Iterator[None]:
    """The connection breaks when everything is written but the commit, so nobody knows what became of it."""
    engine = shop.services.database.writing

    def cut(connection: Connection) -> None:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with shop.services.database.reader.connect() as other:
            other.execute(text(f"SELECT pg_terminate_backend({pid})"))

    event.listen(engine, "commit", cut)
    try:
        yield
    finally:
        event.remove(engine, "commit", cut)


@pytest.mark.parametrize(
    ("either_shop", "trouble"),
    [
        ("sqlite", locked),
        ("sqlite", commits_that_raise),
        ("postgresql", commits_that_raise),
        ("postgresql", commits_that_are_cut),
    ],
    indirect=["either_shop"],
)
def test_while_the_log_cannot_be_written_nothing_is_promised_and_then_all_is_well_by_itself(
    either_shop: Any, trouble: Callable[[Any], Any]
) -> None:
    shop = either_shop
    if shop.services.database.writing.dialect.name == "sqlite":  # no longer than a test should wait
        shop.services.writer.run(lambda connection: connection.exec_driver_sql("PRAGMA busy_timeout = 50"))
    assert shop.tell(view("before"))[0]["result"] == "accepted"
    before = stored(shop)
    with trouble(shop):
        assert_nothing_is_promised(shop.ask, "meanwhile")
        assert shop.ask("GET", "/v1/experiments").status_code == 200, "what only reads goes on"
        assert shop.ask("GET", "/health/live").status_code == 200
    assert stored(shop) == before
    # No traffic comes while a service is not ready: it has to find out for itself.
    assert shop.ask("GET", "/health/ready").status_code == 200
    assert shop.tell(view("meanwhile"))[0]["result"] == "accepted"
    assert stored(shop)[0] == {"before", "meanwhile"}
    shop.feed()


@pytest.mark.parametrize("either_shop", ["postgresql"], indirect=True)
def test_a_connection_cut_in_mid_batch_costs_none_of_those_who_wait_and_stores_each_event_once(
    either_shop: Any,
) -> None:
    shop, cuts = either_shop, []

    def cut(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO events") and not cuts:
            cuts.append(statement)
            pid = connection.connection.driver_connection.info.backend_pid
            with shop.services.database.reader.connect() as other:
                other.execute(text(f"SELECT pg_terminate_backend({pid})"))

    event.listen(shop.services.database.writing, "before_cursor_execute", cut)
    results = told_at_once(shop, [[view(f"{caller}-{number}") for number in range(3)] for caller in range(3)])
    assert len(cuts) == 1
    assert results == [["accepted"] * 3] * 3
    assert len(stored(shop)[0]) == 9


def told_at_once(shop: Any, batches: list[list[dict[str, Any]]]) -> list[list[str]]:
    """What became of each batch, sent by as many callers whose writes wait for one commit."""
    gate, entered = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        entered.set()
        gate.wait()

    shop.services.writer.submit(hold)
    entered.wait()

    async def tell() -> list[httpx.Response]:
        transport = httpx.ASGITransport(create_app(shop.services))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            asking = [
                asyncio.create_task(client.post("/v1/events", json={"events": batch}, headers={"X-Kembang-Now": NOW}))
                for batch in batches
            ]
            while shop.services.writer.waiting < len(batches):  # noqa: ASYNC110  the writer tells nobody who waits for it
                await asyncio.sleep(0)
            gate.set()
            return await asyncio.gather(*asking)

    answers = asyncio.run(tell())
    return [[result["result"] for result in answer.json()["results"]] for answer in answers]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    with served("serve", home=tmp_path / "home") as started:
        yield started


def ask(service: ServiceProcess, method: str, path: str, **request: Any) -> httpx.Response:
    return httpx.request(method, f"{service.base_url}{path}", timeout=20, **request)


def ids_on_disk(service: ServiceProcess) -> set[str]:
    with closing(sqlite3.connect(f"file:{service.home / 'kembang.sqlite3'}?mode=ro", uri=True)) as log:
        return {id_ for (id_,) in log.execute("SELECT id FROM events")}


def test_on_a_full_disk_nothing_is_promised_and_room_is_all_it_takes_to_go_on(service: ServiceProcess) -> None:
    """The kernel lets no file of the server's grow: what a full disk does, down to the failing write."""
    pid = service.process.pid
    assert ask(service, "POST", "/v1/events", json={"events": [view("before")]}).status_code == 202
    largest = max(file.stat().st_size for file in service.home.iterdir() if file.is_file())
    unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, unlimited[1]))
    try:
        assert_nothing_is_promised(lambda method, path, **request: ask(service, method, path, **request), "meanwhile")
        assert ask(service, "GET", "/v1/experiments").status_code == 200, "what only reads goes on"
        assert ids_on_disk(service) == {"before"}
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    assert ask(service, "GET", "/health/ready").status_code == 200
    (result,) = ask(service, "POST", "/v1/events", json={"events": [view("meanwhile")]}).json()["results"]
    assert result["result"] == "accepted"
    assert service.stop() == 0
    with closing(sqlite3.connect(service.home / "kembang.sqlite3")) as log:
        assert log.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert ids_on_disk(service) == {"before", "meanwhile"}


def test_a_client_that_hangs_up_in_mid_body_leaves_no_trace_and_harms_nobody(
    service: ServiceProcess, tmp_path: Path
) -> None:
    body = json.dumps({"events": [view("cut-off")]}).encode()
    head = f"POST /v1/events HTTP/1.1\r\nHost: shop\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    url = httpx.URL(service.base_url)
    assert url.port is not None
    for sent in (0, 1, len(body) // 2, len(body) - 1):
        with socket.create_connection((url.host, url.port), timeout=20) as client:
            client.sendall(head + body[:sent])
    assert ask(service, "POST", "/v1/events", json={"events": [view("whole")]}).status_code == 202
    assert ask(service, "GET", "/health/ready").status_code == 200
    assert service.stop() == 0
    assert ids_on_disk(service) == {"whole"}
    (log,) = tmp_path.glob("serve-*.log")
    assert "Traceback" not in log.read_text()
