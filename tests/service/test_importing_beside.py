"""Promises of importing beside a running service: no feed fails, no row is lost, whoever is killed in the middle."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy
from processes import ServiceProcess, kembang, served

ITEMS = [{"id": f"p{number}", "kind": "product", "title": f"Product {number}"} for number in range(4)]
N_ROWS = 2_000


def sales_file(folder: Path, n_rows: int = N_ROWS) -> Path:
    """Rows that all differ, of 50 customers and 7 items, one piece of 2.50 each."""
    lines = (f"{n},sku{n % 7},Title {n % 7},1,2026-03-02 10:00,2.50,anna{n % 50},France" for n in range(n_rows))
    file = folder / "sales.csv"
    file.write_text("\n".join(("Invoice,SKU,Title,Qty,Date,Price,Customer,Country", *lines)) + "\n")
    return file


@pytest.fixture
def env(request: pytest.FixtureRequest, database_url: str) -> dict[str, str]:
    """What both the service and the command are told."""
    return {"KEMBANG_DATABASE_URL": database_url, "KEMBANG_CURRENCY": "GBP"}


@contextmanager
def visited(service: ServiceProcess) -> Iterator[list[int]]:
    """Customers who ask for feeds and send events one after the other, from two browsers; the answers' statuses."""
    statuses: list[int] = []
    gone = threading.Event()

    def visit(browser: int) -> None:
        with httpx.Client(base_url=service.base_url, timeout=60) as client:
            number = 0
            while not gone.is_set():
                event = {"id": f"{browser}-{number}", "kind": "view", "item_id": "p1", "user_id": f"anna{number % 50}"}
                body = {"events": [{**event, "at": "2026-03-02T10:00:00Z"}]}
                statuses.append(client.post("/v1/events", json=body).status_code)
                statuses.append(client.get(f"/v1/users/anna{number % 50}/feed").status_code)
                number += 1

    browsers = [threading.Thread(target=visit, args=(browser,)) for browser in range(2)]
    for browser in browsers:
        browser.start()
    try:
        yield statuses
    finally:
        gone.set()
        for browser in browsers:
            browser.join()


def imported(file: Path, *options: str, home: Path, env: dict[str, str]) -> dict[str, Any]:
    done = kembang("import", str(file), "--json", *options, home=home, env=env)
    assert done.returncode == 0, done.stderr
    account: dict[str, Any] = msgspec.json.decode(done.stdout)
    return account


def rows(database_url: str, query: str) -> list[Any]:
    engine = sqlalchemy.create_engine(database_url)
    with engine.connect() as connection:
        found = list(connection.execute(sqlalchemy.text(query)))
    engine.dispose()
    return found


def test_customers_notice_nothing_of_an_import_and_all_rows_are_there(
    tmp_path: Path, env: dict[str, str], database_url: str
) -> None:
    home, file = tmp_path / "home", sales_file(tmp_path)
    with served("serve", home=home, env=env) as service:
        httpx.put(f"{service.base_url}/v1/items", json={"items": ITEMS}).raise_for_status()
        with visited(service) as statuses:
            account = imported(file, home=home, env=env)
            assert (account["stored"]["purchase"], account["duplicates"]) == (N_ROWS, 0)
            again = imported(file, home=home, env=env)
            assert (again["stored"]["purchase"], again["duplicates"]) == (0, N_ROWS)
            undone = kembang("import", "--undo", str(account["import_id"]), "--json", home=home, env=env)
            assert msgspec.json.decode(undone.stdout)["removed"]["events"] == N_ROWS
        assert set(statuses) == {200, 202}
        ((n_views, n_others),) = rows(
            database_url, "SELECT sum(CASE WHEN kind = 2 THEN 1 END), sum(CASE WHEN kind <> 2 THEN 1 END) FROM events"
        )
        assert (n_views, n_others) == (statuses.count(202), None)


def kill_the_command(_service: ServiceProcess, command: subprocess.Popen[str]) -> None:
    command.send_signal(signal.SIGKILL)


def kill_the_service(service: ServiceProcess, command: subprocess.Popen[str]) -> None:
    service.kill()
    command.send_signal(signal.SIGKILL)  # which would wait half a minute for it to come back


@pytest.mark.parametrize("kill", [kill_the_command, kill_the_service])
def test_an_import_killed_in_the_middle_is_completed_by_importing_again(
    tmp_path: Path,
    env: dict[str, str],
    database_url: str,
    kill: Callable[[ServiceProcess, "subprocess.Popen[str]"], None],
) -> None:
    home, file = tmp_path / "home", sales_file(tmp_path, 3 * N_ROWS)
    with served("serve", home=home, env=env) as service:
        command = subprocess.Popen(
            [str(Path(sys.executable).parent / "kembang"), "import", str(file)],
            env={**os.environ, **env, "KEMBANG_HOME": str(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        while rows(database_url, "SELECT count(*) FROM events") == [(0,)]:
            assert command.poll() is None
        kill(service, command)
        command.wait()
    ((stored,),) = rows(database_url, "SELECT count(*) FROM events")
    assert 0 < stored < 3 * N_ROWS
    assert rows(database_url, "SELECT count(*) FROM imports WHERE finished_at IS NULL") == [(1,)]
    listed = kembang("import", "--list", home=home, env=env)
    assert "not finished, is running or was cut off: importing the file again completes it" in listed.stdout
    again = imported(file, home=home, env=env)
    assert (again["stored"]["purchase"], again["duplicates"]) == (3 * N_ROWS - stored, stored)
    assert rows(database_url, "SELECT count(*), sum(amount_minor) FROM events") == [(3 * N_ROWS, 3 * N_ROWS * 250)]
    # Of the two, only the one that was cut off is taken out: what it stored, and nothing else.
    assert kembang("import", "--undo", "1", home=home, env=env).returncode == 0
    assert rows(database_url, "SELECT count(*) FROM events") == [(3 * N_ROWS - stored,)]


def test_an_import_waits_for_a_service_that_starts_again(tmp_path: Path) -> None:
    """The command goes on with the same service, at the same address, as if nothing had been."""
    home, file = tmp_path / "home", sales_file(tmp_path, 3 * N_ROWS)
    database_url = f"sqlite:///{home / 'kembang.sqlite3'}"
    command_line = [str(Path(sys.executable).parent / "kembang")]
    with served("serve", home=home) as service:
        environment = {**os.environ, "KEMBANG_HOME": str(home), "KEMBANG_CURRENCY": "GBP"}
        command = subprocess.Popen(
            [*command_line, "import", str(file), "--json"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while rows(database_url, "SELECT count(*) FROM events") == [(0,)]:
            assert command.poll() is None
        service.kill()
        port = service.base_url.rpartition(":")[2]
        with (tmp_path / "again.log").open("w") as log:
            again = subprocess.Popen([*command_line, "serve", "--port", port], env=environment, stdout=log, stderr=log)
            out, err = command.communicate()
            again.terminate()
            again.wait()
    account = msgspec.json.decode(out)
    assert f"waiting for {service.base_url}" in err
    assert account["stored"]["purchase"] + account["duplicates"] == 3 * N_ROWS
    assert rows(database_url, "SELECT count(*), sum(amount_minor) FROM events") == [(3 * N_ROWS, 3 * N_ROWS * 250)]
