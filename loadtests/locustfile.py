"""Readers and buyers of a shop, as load.

    locust -f loadtests/locustfile.py --headless --users 40 --spawn-rate 10 --run-time 60s

``--host`` says where the service is (default: the demo on loopback), ``--user-prefix``, ``--user-count`` and
``--user-digits`` or ``--users-file`` which users it knows (default: the demo's), ``--think-seconds`` how long a person
pauses between two requests. Four people in five read, one buys:

- *reader*: feed, impressions, a watch and a like, the next page by its cursor, its impressions
- *buyer*: feed, a view, related items, add to cart, purchase, and the feed that knows of the purchase

Pauses are exponential, so requests of many people arrive nearly at random times. A run fails (exit status 1) if any
request failed, if none was made, or if ``--target-rate`` was given and less than 98 % of it was reached.

**Coordinated omission.** People here wait for their answers, as people do, so while the service stalls they send
nothing, and the requests that they would have sent are missing from the percentiles: with a stall of 2 s in 10 s, ten
fast clients saw a p95 of 7 ms where the requests that were due waited 1.5 s. So:

- have at least ``target rate × longest stall you want to see`` users, each pausing long, rather than few quick ones;
- give ``--target-rate``: ``users / (pause + answer time)`` is what they should reach together, and a run that falls
  short of it has measured the generator's patience;
- report the count, the target and the achieved rate, failures and the maximum beside p50, p95 and p99, and compare them
  with the service's own histogram;
- one Locust process makes some thousands of requests a second and rounds its times: the service's ceiling is measured
  with an open-loop generator, not here.
"""

import random
import uuid
from argparse import ArgumentTypeError
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from locust import FastHttpUser, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

PAGE_ITEMS = 20
"""Items asked for at a time."""
LEAST_OF_TARGET = 0.98
"""Part of the target rate that has to be reached for the percentiles to mean anything."""


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]  # Locust types no listeners
def add_options(parser: LocustArgumentParser) -> None:
    """Adds what is particular to a shop to Locust's options."""
    group = parser.add_argument_group("Shop options")
    group.add_argument("--user-prefix", default="u", help="Users are PREFIX followed by a number (default: u).")
    group.add_argument("--user-count", type=_positive_whole, default=3_000, help="The last number (default: 3000).")
    group.add_argument("--user-digits", type=_positive_whole, default=4, help="Digits, zeros in front (default: 4).")
    group.add_argument("--users-file", type=Path, default=None, help="Ids of users, one on a line, instead.")
    group.add_argument("--think-seconds", type=_positive, default=3.0, help="Mean pause of a person (default: 3).")
    group.add_argument("--target-rate", type=_positive, default=None, help="Requests/s without which the run fails.")


@events.init.add_listener  # type: ignore[untyped-decorator]  # Locust types no listeners
def read_users(environment: Environment, **_: Any) -> None:
    """Reads which users there are, once for all people."""
    options = environment.parsed_options
    if options is None:
        raise ValueError("the options must be parsed before the run, by the locust command")
    environment.user_ids = known_users(  # type: ignore[attr-defined]  # Locust's own place for what a run shares
        prefix=options.user_prefix, count=options.user_count, digits=options.user_digits, file=options.users_file
    )


@events.quitting.add_listener  # type: ignore[untyped-decorator]  # Locust types no listeners
def judge(environment: Environment, **_: Any) -> None:
    """Fails a run whose numbers would mislead; a good run's status is left to Locust, which knows of exceptions."""
    total = environment.stats.total
    target = environment.parsed_options.target_rate if environment.parsed_options else None
    reached = target is None or total.total_rps >= LEAST_OF_TARGET * target
    if total.num_requests == 0 or total.num_failures > 0 or not reached:
        environment.process_exit_code = 1


def known_users(*, prefix: str, count: int, digits: int, file: Path | None) -> list[str]:
    """The ids of the users: the lines of ``file``, or ``prefix`` with the numbers from 1 to ``count``.

    Raises:
        ValueError: If the file names nobody.
    """
    if file is None:
        return [f"{prefix}{number:0{digits}d}" for number in range(1, count + 1)]
    users = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not users:
        raise ValueError(f"users-file must name at least one user, got {file} without any")
    return users


class _Person(FastHttpUser):
    """Somebody with the shop's app; a new customer of the shop at each journey."""

    abstract = True
    host = "http://127.0.0.1:8000"

    def wait_time(self) -> float:
        """Seconds until the next request: exponential, so that nobody keeps step with anybody."""
        return random.expovariate(1.0 / self.environment.parsed_options.think_seconds)

    def pause(self) -> None:
        """Waits as a person does between two requests."""
        self.wait()  # type: ignore[no-untyped-call]  # Locust's own

    def somebody(self) -> str:
        """A user of the shop."""
        return random.choice(self.environment.user_ids)  # type: ignore[no-any-return]

    def feed(self, user: str, *, name: str, cursor: str | None = None) -> dict[str, Any] | None:
        """A page of the user's feed; None if it failed, which Locust counts."""
        query = f"limit={PAGE_ITEMS}" + ("" if cursor is None else f"&cursor={cursor}")
        with self.client.get(f"/v1/users/{user}/feed?{query}", name=name, catch_response=True) as response:
            if response.status_code != 200:
                response.failure(f"answered {response.status_code}")
                return None
            page: dict[str, Any] = response.json()
            if cursor is None and not page["items"]:
                response.failure("the feed was empty")
                return None
            return page

    def tell(self, told: Sequence[dict[str, Any]], *, name: str) -> None:
        """Sends events; one that is not accepted is a failure."""
        with self.client.post("/v1/events", json={"events": list(told)}, name=name, catch_response=True) as response:
            if response.status_code != 202:
                response.failure(f"answered {response.status_code}")
                return
            refused = [result for result in response.json()["results"] if result["result"] != "accepted"]
            if refused:
                response.failure(f"{refused[0]['result']}: {refused[0].get('reason')}")


class Reader(_Person):
    """Scrolls, watches, likes."""

    weight = 4

    @task
    def read(self) -> None:
        """Two pages of a feed."""
        user = self.somebody()
        page = self.feed(user, name="reader: feed")
        if page is None:
            return
        self.pause()
        self.tell(_impressions(user, page), name="reader: impressions")
        self.pause()
        self.tell(_watch_and_like(user, page), name="reader: watch and like")
        if page["next_cursor"] is None:
            return
        self.pause()
        following = self.feed(user, name="reader: next page", cursor=page["next_cursor"])
        if following is not None and following["items"]:
            self.pause()
            self.tell(_impressions(user, following), name="reader: impressions")


class Buyer(_Person):
    """Looks at a product, at others like it, and buys it."""

    weight = 1

    @task
    def buy(self) -> None:
        """From a feed to the feed after the purchase."""
        user = self.somebody()
        page = self.feed(user, name="buyer: feed")
        products = [item for item in page["items"] if item["price"] is not None] if page else []
        if page is None or not products:
            return
        product = random.choice(products)
        self.pause()
        self.tell([_event("view", user, product, page)], name="buyer: view")
        self.pause()
        self.client.get(f"/v1/items/{product['item_id']}/related", name="buyer: related")
        self.pause()
        self.tell([_event("add_to_cart", user, product, page)], name="buyer: add to cart")
        self.pause()
        paid = {
            "quantity": 1,
            "amount": product["price"],
            "currency": product["currency"],
            "order_id": uuid.uuid4().hex,
        }
        self.tell([_event("purchase", user, product, page) | paid], name="buyer: purchase")
        self.pause()
        self.feed(user, name="buyer: feed after purchase")


def _impressions(user: str, page: dict[str, Any]) -> list[dict[str, Any]]:
    return [_event("impression", user, item, page) for item in page["items"]]


def _watch_and_like(user: str, page: dict[str, Any]) -> list[dict[str, Any]]:
    """What somebody does with one item of the page: a piece of content if there is one."""
    content = [item for item in page["items"] if item["kind"] == "content"]
    item = random.choice(content or page["items"])
    length = round(random.uniform(10.0, 120.0), 1)
    watched = {"seconds_watched": round(length * random.random(), 1), "seconds_total": length}
    return [_event("watch", user, item, page) | watched, _event("like", user, item, page)]


def _event(kind: str, user: str, item: dict[str, Any], page: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": uuid.uuid4().hex,
        "kind": kind,
        "user_id": user,
        "item_id": item["item_id"],
        "at": datetime.now(UTC).isoformat(),
        "feed_id": page["feed_id"],
    }


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise ArgumentTypeError(f"must be above 0, got {text}")
    return value


def _positive_whole(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ArgumentTypeError(f"must be at least 1, got {text}")
    return value
