"""A shop's storefront as the service meets it: a client that speaks HTTP and stops at the first refusal."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx

from service.clock import instant_text
from service.demo.assortment import CURRENCY
from service.demo.customers import VisitAct
from service.demo.histories import US_PER_SECOND
from service.money import decimal_amount

_MOST_EVENTS = 500
"""Events that one request may hold."""
_MOST_USERS = 1_000
"""Users that one request may hold."""
_MOST_TRIES = 5
"""Times that a request is sent while the service says 503."""
_LONGEST_WAIT_SECONDS = 10.0
"""A service that asks for a longer pause is not busy but down."""
_NOW_HEADER = "X-Kembang-Now"


class PlayStopped(RuntimeError):
    """The service refused something or can't be reached, so that the play can't mean anything any more."""


class ShownFeed(NamedTuple):
    """A feed as answered."""

    feed_id: str
    items: tuple[str, ...]
    arms: Mapping[str, str]


@dataclass(slots=True)
class Tally:
    """What went on between a storefront and the service."""

    unavailable: int = 0
    """Answers of 503, each followed by another try."""


@dataclass(frozen=True, slots=True)
class Storefront:
    """Speaks for the shop; every request names the instant of the simulated clock at which it is made."""

    client: httpx.AsyncClient
    """With the service's address as ``base_url``."""
    tally: Tally = field(default_factory=Tally)
    """Kept up to date."""

    async def put_users(self, attributes: Mapping[str, Mapping[str, str]], *, now_us: int) -> None:
        """Tells what the shop knows of its users.

        Raises:
            PlayStopped: If the service refuses one of them or can't be reached.
        """
        users = [{"id": user, "attributes": dict(said)} for user, said in attributes.items()]
        for start in range(0, len(users), _MOST_USERS):
            answer = await self._asked(
                "PUT", "/v1/users", now_us=now_us, json={"users": users[start : start + _MOST_USERS]}
            )
            _check_results(answer, "user")

    async def post_events(self, events: Sequence[Mapping[str, Any]], *, now_us: int) -> None:
        """Tells what users did.

        Raises:
            PlayStopped: If the service refuses one event or can't be reached.
        """
        for start in range(0, len(events), _MOST_EVENTS):
            answer = await self._asked(
                "POST", "/v1/events", now_us=now_us, json={"events": list(events[start : start + _MOST_EVENTS])}
            )
            _check_results(answer, "event")

    async def feed(self, user: str, *, limit: int, now_us: int, preview_arm: str | None = None) -> ShownFeed:
        """The feed of ``user``; with ``preview_arm`` (``experiment:arm``) one that counts in no experiment.

        Raises:
            PlayStopped: If the service refuses, answers without items, or can't be reached.
        """
        params = {"limit": str(limit)} | ({} if preview_arm is None else {"preview_arm": preview_arm})
        answer = await self._asked("GET", f"/v1/users/{user}/feed", now_us=now_us, params=params)
        items = tuple(item["item_id"] for item in answer["items"])
        if not items:
            raise PlayStopped(f"the feed of {user} was empty: has the service a catalogue?")
        return ShownFeed(answer["feed_id"], items, answer["arms"])

    async def start_experiment(self, design: Mapping[str, Any], *, now_us: int) -> None:
        """Makes and starts the experiment that ``design`` describes.

        Raises:
            PlayStopped: If the service refuses it or can't be reached.
        """
        await self._asked("POST", "/v1/experiments", now_us=now_us, json=dict(design))
        await self._asked("POST", f"/v1/experiments/{design['key']}/start", now_us=now_us)

    async def stop_experiment(self, key: str, *, now_us: int) -> None:
        """Stops the experiment, so that the next play's customers don't meet it.

        Raises:
            PlayStopped: If the service refuses or can't be reached.
        """
        await self._asked("POST", f"/v1/experiments/{key}/stop", now_us=now_us)

    async def results(self, key: str, *, now_us: int) -> dict[str, Any]:
        """What the experiment has shown by ``now_us``.

        Raises:
            PlayStopped: If the service refuses or can't be reached.
        """
        return await self._asked("GET", f"/v1/experiments/{key}/results", now_us=now_us)

    async def _asked(self, method: str, path: str, *, now_us: int, **content: Any) -> dict[str, Any]:
        headers = {_NOW_HEADER: instant_text(now_us)}
        for tried in range(1, _MOST_TRIES + 1):
            try:
                response = await self.client.request(method, path, headers=headers, **content)
            except httpx.HTTPError as error:
                said = str(error) or type(error).__name__
                raise PlayStopped(f"{method} {path} got no answer from {self.client.base_url}: {said}") from error
            pause = _pause_seconds(response)
            if pause is None or tried == _MOST_TRIES:
                break
            self.tally.unavailable += 1
            await asyncio.sleep(pause)
        if not response.is_success:
            raise PlayStopped(f"{method} {path} was answered {response.status_code}: {_detail(response)}")
        answer: dict[str, Any] = response.json()
        return answer


def wire_event(
    act: VisitAct, *, id_: str, user: str, order_id: str, feed_id: str | None, shown_at_us: int
) -> dict[str, Any]:
    """The event of ``POST /v1/events`` that tells of an act; ``order_id`` and ``feed_id`` only where they belong."""
    event: dict[str, Any] = {
        "id": id_,
        "kind": act.kind.name.lower(),
        "user_id": user,
        "item_id": act.item,
        "at": instant_text(shown_at_us + act.after_seconds * US_PER_SECOND),
    }
    if act.from_feed and feed_id is not None:
        event["feed_id"] = feed_id
    if act.seconds_watched is not None:
        event |= {"seconds_watched": act.seconds_watched, "seconds_total": act.seconds_total}
    if act.amount_minor is not None:
        amount = str(decimal_amount(act.amount_minor, CURRENCY))
        event |= {"order_id": order_id, "quantity": act.quantity, "amount": amount, "currency": CURRENCY}
    return event


def _check_results(answer: Mapping[str, Any], subject: str) -> None:
    refused = [result for result in answer["results"] if result["result"] == "rejected"]
    if refused:
        first = refused[0]
        raise PlayStopped(
            f"the service rejected {len(refused)} of {len(answer['results'])} {subject}s; "
            f"{first['id']}: {first.get('reason', 'no reason given')}"
        )


def _pause_seconds(response: httpx.Response) -> float | None:
    """How long the service asks to wait before the same request is sent again; None if it doesn't."""
    after = response.headers.get("Retry-After", "")
    if response.status_code != httpx.codes.SERVICE_UNAVAILABLE or not after.isdigit():
        return None
    return float(after) if float(after) <= _LONGEST_WAIT_SECONDS else None


def _detail(response: httpx.Response) -> str:
    """The problem's own words, or the beginning of whatever came instead."""
    if response.headers.get("Content-Type", "").startswith("application/problem+json"):
        return str(response.json().get("detail", ""))
    return response.text[:200]
