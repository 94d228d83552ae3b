"""The promise the rest stands on: what was answered is in the log, whatever kills the process, and in it once."""

import random
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from processes import ServiceProcess, served
from sqlalchemy import select

from service.log.database import open_for_writing
from service.log.tables import events, exposures

N_WRITERS = 8
ROUNDS = 3
BATCH = 20
NOW = "2026-11-20T12:00:00Z"
ITEMS = [{"id": f"p{number}", "kind": "product", "title": f"Product {number}"} for number in range(4)]


@dataclass
class Storefront:
    """One of several that send events and ask for feeds at once, and remember what they were answered."""

    name: str
    acknowledged: set[str] = field(default_factory=set)
    served_feeds: set[str] = field(default_factory=set)
    unanswered: list[dict[str, Any]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def act(self, service: ServiceProcess, answered: threading.Semaphore) -> None:
        """Sends until the service is gone. What got no answer last time is sent again first, as a good client does."""
        with httpx.Client(base_url=service.base_url, timeout=20) as client:
            try:
                while True:
                    self.unanswered = self.unanswered or [self._event() for _ in range(BATCH)]
                    self._send(client)
                    self._ask(client)
                    answered.release()
            except httpx.TransportError:
                return
            finally:
                answered.release()

    def _event(self) -> dict[str, Any]:
        number = next(self.numbers)
        id_, user = f"{self.name}-{number}", f"{self.name}-{number % 3}"
        return {"id": id_, "kind": "view", "user_id": user, "item_id": f"p{number % 4}", "at": NOW}

    def _send(self, client: httpx.Client) -> None:
        answer = client.post("/v1/events", json={"events": self.unanswered})
        assert answer.status_code == 202, answer.text
        results = answer.json()["results"]
        assert [result["id"] for result in results] == [event["id"] for event in self.unanswered]
        assert {result["result"] for result in results} <= {"accepted", "duplicate"}
        self.acknowledged.update(event["id"] for event in self.unanswered)
        self.unanswered = []

    def _ask(self, client: httpx.Client) -> None:
        answer = client.get(f"/v1/users/{self.name}-0/feed")
        assert answer.status_code == 200, answer.text
        self.served_feeds.add(answer.json()["feed_id"])


def kill_under_load(service: ServiceProcess, storefronts: list[Storefront], *, after_answers: int) -> None:
    answered = threading.Semaphore(0)
    with ThreadPoolExecutor(len(storefronts)) as pool:
        acting = [pool.submit(storefront.act, service, answered) for storefront in storefronts]
        for _ in range(after_answers):
            answered.acquire()
        service.kill()
        for act in acting:
            act.result()


def stored(database_url: str) -> tuple[Counter[str], Counter[str]]:
    """How often each event and each exposure is in the log."""
    database = open_for_writing(database_url, erasure_salt=b"of the tests")
    with database.reader.connect() as connection:
        kept = [Counter(connection.execute(select(column)).scalars()) for column in (events.c.id, exposures.c.feed_id)]
    database.close()
    return kept[0], kept[1]


def test_nothing_that_was_answered_is_lost_and_nothing_is_stored_twice_when_the_process_is_killed(
    database_url: str, tmp_path: Path
) -> None:
    """Killed in mid-flight, three times; each time the next process goes on with the log as the last one left it."""
    rng = random.Random(20_261_120)
    storefronts = [Storefront(f"s{number}") for number in range(N_WRITERS)]
    environment = {"KEMBANG_DATABASE_URL": database_url}
    for _ in range(ROUNDS):
        with served("serve", home=tmp_path / "home", env=environment) as service:
            httpx.put(f"{service.base_url}/v1/items", json={"items": ITEMS}, timeout=20).raise_for_status()
            kill_under_load(service, storefronts, after_answers=rng.randint(20, 120))
    kept_events, kept_exposures = stored(database_url)
    assert set().union(*(storefront.acknowledged for storefront in storefronts)) - set(kept_events) == set()
    assert set().union(*(storefront.served_feeds for storefront in storefronts)) - set(kept_exposures) == set()
    assert {id_: times for id_, times in (kept_events + kept_exposures).items() if times > 1} == {}
    assert all(len(storefront.acknowledged) >= BATCH for storefront in storefronts)
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as log:
            assert log.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert log.execute("PRAGMA foreign_key_check").fetchall() == []
