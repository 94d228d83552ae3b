"""What it costs to take events in, against raw inserts of the same rows: the same tables, indexes and syncs, no checks.

The raw side is the database's own driver: one commit per 100 rows, the rows made beforehand, no id looked up, no answer
given. The log's side takes events by their senders' ids, from several callers at once, and answers each after the commit.
Users and items are known, as nearly all are in a shop that has been open for a day.
"""

import http.client
import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psycopg
import pytest
from processes import ServiceProcess, served

from recommender.events import Kind
from service.clock import instant_text, machine_now
from service.log.append import EventBatch, NewEvent, append_event_batches
from service.log.database import Database, open_for_writing
from service.log.dictionaries import ensured_item_ids, ensured_user_ids
from service.log.event_rows import EventRow
from service.log.names import UserKey
from service.log.writer import Writer

pytestmark = pytest.mark.bench

N_BATCHES, BATCH = 80, 100
N_SINGLES = 800
N_CALLERS = 8
USERS = [UserKey(False, f"u{number}") for number in range(2_000)]
ITEMS = [f"p{number}" for number in range(500)]
COLUMNS = ", ".join(EventRow._fields)
ARRAY_TYPES = (
    "text bytea smallint bigint bigint bigint bigint bigint text text int bigint text float8 float8 bigint".split()
)

BestSeconds = Callable[..., float]


@pytest.fixture
def opened(database_url: str) -> Iterator[tuple[str, Database]]:
    """A log whose users and items are known, and its address."""
    database = open_for_writing(database_url, erasure_salt=b"of the benchmark")
    assert database.writing is not None
    with database.writing.begin() as connection:
        ensured_user_ids(connection, USERS, now=1)
        ensured_item_ids(connection, ITEMS, now=1)
    yield database_url, database
    database.close()


class Shoppers:
    """Acts of random users on random items under random ids, one in five of them a purchase; never the same twice."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(1)
        self._now = machine_now()

    def events(self, count: int) -> list[NewEvent]:
        """The next acts, as the log takes them."""
        users, items = self._rng.integers(0, len(USERS), count), self._rng.integers(0, len(ITEMS), count)
        return [self._event(number, USERS[user], ITEMS[item]) for number, (user, item) in enumerate(zip(users, items))]

    def batches(self) -> list[list[NewEvent]]:
        """The next 80 times 100 acts."""
        return [self.events(BATCH) for _ in range(N_BATCHES)]

    def _event(self, number: int, user: UserKey, item: str) -> NewEvent:
        id_, at = uuid.UUID(bytes=self._rng.bytes(16)).hex, self._now - number
        if number % 5:
            return NewEvent(id=id_, kind=Kind.VIEW, user=user, item=item, at=at)
        paid = {"order_id": id_, "quantity": 1, "amount_minor": 250, "currency": "GBP"}
        return NewEvent(id=id_, kind=Kind.PURCHASE, user=user, item=item, at=at, **paid)  # type: ignore[arg-type]


@pytest.fixture
def shoppers() -> Shoppers:
    return Shoppers()


def rows_of(database: Database, batches: list[list[NewEvent]]) -> list[list[tuple[Any, ...]]]:
    """The rows that the log would keep of the events."""
    assert database.writing is not None
    with database.writing.begin() as connection:
        user_id = ensured_user_ids(connection, USERS, now=1)
        item_id = ensured_item_ids(connection, ITEMS, now=1)
    return [
        [
            (event.id, event.payload_hash(), int(event.kind), user_id[event.user], item_id[event.item], event.at, None)
            + (event.at, None, event.order_id, event.quantity, event.amount_minor, event.currency, None, None, None)
            for event in batch
        ]
        for batch in batches
    ]


def raw_seconds(opened: tuple[str, Database], shoppers: Shoppers, best_seconds: BestSeconds) -> float:
    """Seconds per row of inserting by the driver alone."""
    url, database = opened
    prepared = iter([rows_of(database, shoppers.batches()) for _ in range(3)])
    insert = insert_with_sqlite3 if url.startswith("sqlite") else insert_with_psycopg
    return best_seconds(lambda: insert(url, next(prepared))) / (N_BATCHES * BATCH)


def insert_with_sqlite3(url: str, batches: list[list[tuple[Any, ...]]]) -> None:
    insert = f"INSERT INTO events ({COLUMNS}) VALUES ({', '.join('?' * len(EventRow._fields))})"
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")
        for rows in batches:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(insert, rows)
            connection.execute("COMMIT")


def insert_with_psycopg(url: str, batches: list[list[tuple[Any, ...]]]) -> None:
    arrays = ", ".join(f"%s::{type_}[]" for type_ in ARRAY_TYPES)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        for rows in batches:
            columns = [list(column) for column in zip(*rows, strict=True)]
            connection.execute(f"INSERT INTO events ({COLUMNS}) SELECT * FROM unnest({arrays})", columns)
            connection.commit()


def in_parallel(work: Callable[[Any], object], pieces: list[Any], *, callers: int) -> None:
    """Does the work for every piece; each caller takes the next one when its last is answered."""
    with ThreadPoolExecutor(callers) as pool:
        for _ in pool.map(work, pieces):
            pass


def test_batches_are_taken_in_at_half_the_rate_of_raw_inserts_or_better(
    opened: tuple[str, Database], shoppers: Shoppers, note: Any, best_seconds: BestSeconds
) -> None:
    url, database = opened
    assert database.writing is not None
    kind = url.partition("+")[0].partition(":")[0]
    base_seconds = raw_seconds(opened, shoppers, best_seconds)
    writer = Writer(database.writing, capacity=1_000, observe=lambda **_: None)
    prepared = iter([shoppers.batches() for _ in range(3)])

    def send(batch: list[NewEvent]) -> None:
        sent = EventBatch(batch, received_at=machine_now())
        (results,) = [writer.submit_entry(append_event_batches, sent, rows=len(batch)).result()]
        assert {done.result for done in results} == {"accepted"}

    seconds = best_seconds(lambda: in_parallel(send, next(prepared), callers=N_CALLERS)) / (N_BATCHES * BATCH)
    writer.close()
    ratio = note(f"event of 100, writer, {kind}", "raw insert", seconds=seconds, base_seconds=base_seconds)
    assert ratio <= 2


def test_batches_over_http_are_taken_in_at_half_the_rate_of_raw_inserts_or_better(
    opened: tuple[str, Database], shoppers: Shoppers, note: Any, best_seconds: BestSeconds, tmp_path: Path
) -> None:
    """A real server process and 8 connections; the clients take their share of the same cores."""
    url, database = opened
    kind = url.partition("+")[0].partition(":")[0]
    base_seconds = raw_seconds(opened, shoppers, best_seconds)
    database.close()
    prepared = iter([[wire(batch) for batch in shoppers.batches()] for _ in range(3)])
    with served("serve", home=tmp_path / "home", env={"KEMBANG_DATABASE_URL": url}) as service:
        cpu = cpu_seconds(service)
        seconds = best_seconds(lambda: post_all(service, next(prepared))) / (N_BATCHES * BATCH)
        cpu = (cpu_seconds(service) - cpu) / (3 * N_BATCHES * BATCH)
    ratio = note(f"event of 100, HTTP, {kind}", "raw insert", seconds=seconds, base_seconds=base_seconds)
    note(f"event of 100, HTTP, {kind}, CPU", "raw insert", seconds=cpu, base_seconds=base_seconds)
    assert ratio <= 2


def wire(batch: list[NewEvent]) -> bytes:
    """The batch as a storefront sends it."""
    said = [
        {"id": event.id, "kind": event.kind.name.lower(), "user_id": event.user.external_id, "item_id": event.item}
        | {"at": instant_text(event.at)}
        | ({"order_id": event.order_id, "quantity": 1, "amount": "2.50"} if event.order_id else {})
        for event in batch
    ]
    return json.dumps({"events": said}).encode()


def cpu_seconds(service: ServiceProcess) -> float:
    """What the server has burnt so far."""
    page = httpx.get(f"{service.base_url}/metrics", timeout=30).text
    (line,) = [line for line in page.splitlines() if line.startswith("process_cpu_seconds_total ")]
    return float(line.split()[1])


def post_all(service: ServiceProcess, bodies: list[bytes]) -> None:
    """Posts the bodies over 8 connections; the client is the plainest there is, since it shares the cores."""
    address = service.base_url.removeprefix("http://")
    waiting = iter(bodies)

    def post(_: int) -> None:
        with closing(http.client.HTTPConnection(address, timeout=30)) as connection:
            for body in waiting:
                connection.request("POST", "/v1/events", body)
                answer = connection.getresponse()
                text = answer.read()
                assert (answer.status, text.count(b'"accepted"')) == (202, BATCH)

    in_parallel(post, list(range(N_CALLERS)), callers=N_CALLERS)


def test_one_event_requests_are_answered_at_least_twice_as_fast_when_they_share_commits(
    opened: tuple[str, Database], shoppers: Shoppers, note: Any, best_seconds: BestSeconds
) -> None:
    """Both with 32 callers waiting at once."""
    url, database = opened
    assert database.writing is not None
    kind = url.partition("+")[0].partition(":")[0]
    took = {}
    for group_limit in (1, 512):
        writer = Writer(database.writing, capacity=1_000, observe=lambda **_: None, group_limit=group_limit)

        def send(event: NewEvent, writer: Writer = writer) -> None:
            sent = EventBatch([event], received_at=machine_now())
            (done,) = writer.submit_entry(append_event_batches, sent).result()
            assert done.result == "accepted"

        took[group_limit] = (
            best_seconds(lambda send=send: in_parallel(send, shoppers.events(N_SINGLES), callers=32)) / N_SINGLES
        )
        writer.close()
    ratio = note(f"one event, shared commits, {kind}", "a commit each", seconds=took[512], base_seconds=took[1])
    assert ratio <= 0.5
