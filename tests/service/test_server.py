"""Promises of the server process: it stops like one that can be relied on, and never shares what must not be shared."""

import itertools
import json
import os
import pty
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from processes import ServiceProcess, free_port, kembang, served

from service.server import PortTaken, check_port

NOW = "2026-11-20T12:00:00Z"
PATIENCE_SECONDS = 20.0


def event(id_: str) -> dict[str, Any]:
    return {"id": id_, "kind": "view", "user_id": "anna", "item_id": "tea", "at": NOW}


def stored_ids(home: Path) -> set[str]:
    with closing(sqlite3.connect(f"file:{home / 'kembang.sqlite3'}?mode=ro", uri=True)) as log:
        return {id_ for (id_,) in log.execute("SELECT id FROM events")}


def address(service: ServiceProcess) -> tuple[str, int]:
    url = httpx.URL(service.base_url)
    assert url.port is not None
    return url.host, url.port


def await_closed_door(service: ServiceProcess) -> None:
    """Returns once the server takes no new connections: it has heard that it should stop."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{service.base_url}/health/live", timeout=5, headers={"Connection": "close"})
        except httpx.TransportError:
            return
    pytest.fail("the server went on taking connections after SIGTERM")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    with served("serve", home=tmp_path / "home") as started:
        yield started


def test_a_request_half_sent_when_the_stop_comes_is_answered_and_its_event_kept(service: ServiceProcess) -> None:
    body = json.dumps({"events": [event("half-sent")]}).encode()
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: shop\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    )
    with socket.create_connection(address(service), timeout=PATIENCE_SECONDS) as client:
        client.sendall(head + body[:10])
        # An answer to a later connection shows that the earlier one was taken.
        assert httpx.get(f"{service.base_url}/health/live", timeout=10).is_success
        service.process.terminate()
        await_closed_door(service)
        client.sendall(body[10:])
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 202")
    assert b'"accepted"' in answer
    assert service.process.wait(timeout=PATIENCE_SECONDS) == 0
    assert stored_ids(service.home) == {"half-sent"}


def test_a_stop_under_load_loses_nothing_that_was_answered_and_exits_0(service: ServiceProcess) -> None:
    answered: list[str] = []
    over = threading.Event()

    def send(worker: int) -> None:
        with httpx.Client(base_url=service.base_url, timeout=10) as client:
            for number in itertools.count():
                if over.is_set():
                    return
                try:
                    answer = client.post("/v1/events", json={"events": [event(f"{worker}-{number}")]})
                except httpx.TransportError:
                    return
                assert answer.status_code in (202, 503)
                if answer.status_code == 202:
                    answered.append(f"{worker}-{number}")

    with ThreadPoolExecutor(8) as workers:
        sending = [workers.submit(send, worker) for worker in range(8)]
        try:
            while len(answered) < 100:
                assert not any(done.done() for done in sending)
            assert service.stop() == 0
        finally:
            over.set()
        for done in sending:
            done.result()
    assert not list(service.home.glob("*-wal")), "the write-ahead log was folded into the file"
    assert set(answered) <= stored_ids(service.home)


def test_nobody_else_gets_the_port_or_the_home_of_a_running_server(service: ServiceProcess, tmp_path: Path) -> None:
    _, port = address(service)
    same_port = kembang("serve", "--port", str(port), home=tmp_path / "other")
    assert (same_port.returncode, same_port.stdout) == (1, "")
    assert same_port.stderr.startswith(f"kembang: port {port} on 127.0.0.1 can't be used")
    assert same_port.stderr.count("\n") == 1
    assert not (tmp_path / "other").exists()

    sales = tmp_path / "sales.csv"
    sales.write_text("Invoice,SKU,Date,Price,Customer\n1,tea,2026-03-02,2.50,anna\n")
    same_home = kembang("serve", "--port", str(free_port()), home=service.home)
    assert (same_home.returncode, same_home.stdout) == (1, "")
    assert f"pid {service.process.pid} at {service.base_url}" in same_home.stderr
    assert same_home.stderr.count("\n") == 1
    assert stored_ids(service.home) == set()
    foreseen = kembang("import", str(sales), "--dry-run", "--json", home=service.home)
    assert foreseen.returncode == 0, foreseen.stderr
    assert json.loads(foreseen.stdout)["stored"]["purchase"] == 1, "reading beside the server is no harm"


def test_a_port_is_free_or_said_to_be_taken() -> None:
    port = free_port()
    check_port("127.0.0.1", port)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(PortTaken, match=f"port {port} on 127.0.0.1.*--port"):
            check_port("127.0.0.1", port)
    with pytest.raises(PortTaken, match="no-such-host"):
        check_port("no-such-host.invalid", port)


def test_a_service_that_is_told_to_stop_by_ctrl_c_says_goodbye_without_a_trace(tmp_path: Path) -> None:
    with served("serve", home=tmp_path / "home") as started:
        started.process.send_signal(signal.SIGINT)
        assert started.process.wait(timeout=PATIENCE_SECONDS) == 0
    (log,) = tmp_path.glob("serve-*.log")
    said = [line for line in log.read_text().splitlines() if "SQLite" not in line]  # this machine's may be an old one
    assert said == [f"serving {started.base_url} from {tmp_path / 'home'}"]


def test_progress_is_silent_where_nobody_watches_and_shown_on_a_terminal(tmp_path: Path) -> None:
    """Standard error of the one is a pipe, of the other a terminal; standard output is one document for both."""
    sales = tmp_path / "sales.csv"
    sales.write_text("Invoice,SKU,Date,Price,Customer\n1,tea,2026-03-02,2.50,anna\n")
    piped = kembang("import", str(sales), "--json", home=tmp_path / "piped")
    assert [line for line in piped.stderr.splitlines() if not line.startswith(("sales.csv: read as", "  "))] == []
    leader, follower = pty.openpty()
    command = [str(Path(sys.executable).parent / "kembang"), "import", str(sales), "--json"]
    environment = {"KEMBANG_HOME": str(tmp_path / "watched"), "TERM": "xterm", "PATH": "/usr/bin:/bin"}
    watched = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=follower, check=True)
    screen = os.read(leader, 65_536)
    os.close(follower)
    os.close(leader)
    assert b"sales.csv" in screen
    assert json.loads(watched.stdout) == json.loads(piped.stdout)
