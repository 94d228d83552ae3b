"""What it costs to take events in, against raw inserts of the same rows: the same tables, indexes and syncs, no checks.

The raw side is the database's own driver: one commit per 100 rows, the rows made beforehand, no id looked up, nobody
answered. The log's side takes events by their senders' ids, from several callers at once, and answers each after the
commit. Users and items are known, as nearly all are in a shop that has been open for a day. The two take turns, and the
best run of each counts, so that the machine's other work and the growing indexes weigh on both alike.
"""

import http.client
import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psycopg
import pytest
from processes import ServiceProcess, served

from recommender.events import Kind
from service.clock import instant_text, machine_now
from service.log.append import EventBatch, EventRow, NewEvent, append_event_batches
from service.log.database import Database, open_for_writing
from service.log.dictionaries import ensured_item_ids, ensured_user_ids, item_ids, user_ids
from service.log.names import UserKey
from service.log.writer import Writer

pytestmark = pytest.mark.bench

N_BATCHES, BATCH = 80, 100
N_SINGLES = 256
N_CALLERS = 8
USERS = [UserKey(False, f"u{number}") for number in range(2_000)]
ITEMS = [f"p{number}" for number in range(500)]
COLUMNS = ", ".join(EventRow._fields)
RUNS = 3
ARRAY_TYPES = {
    **dict.fromkeys(("id", "feed_id", "order_id", "currency"), "text"),
    **dict.fromkeys(("seconds_watched", "seconds_total"), "float8"),
    "payload_hash": "bytea",
}
"""Of the columns that are no ``bigint``."""

BestSeconds = Callable[..., float]
Work = Callable[[], object]


@dataclass(frozen=True)
class Logs:
    """The log that takes events in, and where the raw rows go: on SQLite another file, for a file has one writer."""

    kind: str
    url: str
    database: Database
    raw_url: str


@pytest.fixture
def logs(database_url: str, tmp_path: Path) -> Iterator[Logs]:
    """Logs whose users and items are known, under the same numbers."""
    kind = database_url.partition(":")[0].partition("+")[0]
    raw_url = f"sqlite:///{tmp_path / 'raw.sqlite3'}" if kind == "sqlite" else database_url
    with ExitStack() as stack:
        for url in dict.fromkeys((raw_url, database_url)):
            database = open_for_writing(url, erasure_salt=b"of the benchmark")
            stack.callback(database.close)
            assert database.writing is not None
            with database.writing.begin() as connection:
                ensured_user_ids(connection, USERS, now=1)
                ensured_item_ids(connection, ITEMS, now=1)
        yield Logs(kind, database_url, database, raw_url)


@pytest.fixture
def writer(logs: Logs) -> Iterator[Writer]:
    assert logs.database.writing is not None
    made = Writer(logs.database.writing, capacity=1_000, observe=lambda **_: None)
    yield made
    made.close()


class Shoppers:
    """Acts of random users on random items under random ids, one in five of them a purchase; never the same twice."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(1)
        self._now = machine_now()

    def events(self, count: int) -> list[NewEvent]:
        """The next acts, as the log takes them."""
        users, items = self._rng.integers(0, len(USERS), count), self._rng.integers(0, len(ITEMS), count)
        return [
            self._event(number, USERS[user], ITEMS[item])
            for number, (user, item) in enumerate(zip(users, items, strict=True))
        ]

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


Rows = list[tuple[Any, ...]]


def rows_of(logs: Logs, batches: list[list[NewEvent]]) -> list[Rows]:
    """The rows that the log would keep of the events."""
    with logs.database.reader.connect() as connection:
        user_id, item_id = user_ids(connection, USERS), item_ids(connection, ITEMS)
    fields = attrgetter("id", "kind", "at", "order_id", "quantity", "amount_minor", "currency")

    def row(event: NewEvent) -> tuple[Any, ...]:
        id_, kind, at, *paid = fields(event)
        who_what = (user_id[event.user], item_id[event.item])
        return (id_, event.payload_hash(), int(kind), *who_what, at, None, at, None, *paid, None, None, None)

    return [[row(event) for event in batch] for batch in batches]


def raw_inserts(logs: Logs, shoppers: Shoppers) -> Iterator[Callable[[], None]]:
    """Runs of inserting by the driver alone, each of its own 80 times 100 rows."""
    insert = insert_with_sqlite3 if logs.kind == "sqlite" else insert_with_psycopg
    while True:
        rows = rows_of(logs, shoppers.batches())
        yield lambda rows=rows: insert(logs.raw_url, rows)  # type: ignore[misc]


def best_of_each(best_seconds: BestSeconds, one: Iterator[Work], other: Iterator[Work]) -> tuple[float, float]:
    """Seconds of the best run of each of two works that take turns."""
    runs = [(best_seconds(next(one), runs=1), best_seconds(next(other), runs=1)) for _ in range(RUNS)]
    return min(first for first, _ in runs), min(second for _, second in runs)


def insert_with_sqlite3(url: str, batches: list[Rows]) -> None:
    insert = f"INSERT INTO events ({COLUMNS}) VALUES ({', '.join('?' * len(EventRow._fields))})"
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON", "cache_size = -65536"):
            connection.execute(f"PRAGMA {pragma}")
        for rows in batches:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(insert, rows)
            connection.execute("COMMIT")


def insert_with_psycopg(url: str, batches: list[Rows]) -> None:
    arrays = ", ".join(f"%s::{ARRAY_TYPES.get(column, 'bigint')}[]" for column in EventRow._fields)
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
    logs: Logs, writer: Writer, shoppers: Shoppers, note: Any, best_seconds: BestSeconds
) -> None:
    def send(batch: list[NewEvent]) -> None:
        sent = EventBatch(batch, received_at=machine_now())
        results = writer.submit_entry(append_event_batches, sent, rows=len(batch)).result()
        assert {done.result for done in results} == {"accepted"}

    def taken_in() -> Iterator[Work]:
        while True:
            batches = shoppers.batches()
            yield lambda batches=batches: in_parallel(send, batches, callers=N_CALLERS)  # type: ignore[misc]

    took, base = best_of_each(best_seconds, taken_in(), raw_inserts(logs, shoppers))
    ratio = note(
        f"event of 100, writer, {logs.kind}",
        "raw insert",
        seconds=took / (N_BATCHES * BATCH),
        base_seconds=base / (N_BATCHES * BATCH),
    )
    assert ratio <= 2


def test_batches_over_http_are_taken_in_at_half_the_rate_of_raw_inserts_or_better(
    logs: Logs, shoppers: Shoppers, note: Any, best_seconds: BestSeconds, tmp_path: Path
) -> None:
    """A real server process and 8 connections; the clients take their share of the same cores."""
    with served("serve", home=tmp_path / "home", env={"KEMBANG_DATABASE_URL": logs.url}) as service:

        def taken_in() -> Iterator[Work]:
            while True:
                bodies = [wire(batch) for batch in shoppers.batches()]
                yield lambda bodies=bodies: post_all(service, bodies)  # type: ignore[misc]

        burnt = -cpu_seconds(service)
        took, base = best_of_each(best_seconds, taken_in(), raw_inserts(logs, shoppers))
        burnt = (burnt + cpu_seconds(service)) / RUNS
    measured = f"event of 100, HTTP, {logs.kind}"
    base_seconds = base / (N_BATCHES * BATCH)
    note(f"{measured}, CPU", "raw insert", seconds=burnt / (N_BATCHES * BATCH), base_seconds=base_seconds)
    ratio = note(measured, "raw insert", seconds=took / (N_BATCHES * BATCH), base_seconds=base_seconds)
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
    logs: Logs, writer: Writer, shoppers: Shoppers, note: Any, best_seconds: BestSeconds
) -> None:
    """Both with 32 callers waiting at once."""
    assert logs.database.writing is not None
    alone = Writer(logs.database.writing, capacity=1_000, observe=lambda **_: None, group_limit=1)

    def answered_by(writer: Writer) -> Iterator[Work]:
        def send(event: NewEvent) -> None:
            sent = EventBatch([event], received_at=machine_now())
            (done,) = writer.submit_entry(append_event_batches, sent).result()
            assert done.result == "accepted"

        while True:
            singles = shoppers.events(N_SINGLES)
            yield lambda singles=singles: in_parallel(send, singles, callers=32)  # type: ignore[misc]

    took, base = best_of_each(best_seconds, answered_by(writer), answered_by(alone))
    alone.close()
    ratio = note(
        f"one event, shared commits, {logs.kind}",
        "a commit each",
        seconds=took / N_SINGLES,
        base_seconds=base / N_SINGLES,
    )
    assert ratio <= 0.5
