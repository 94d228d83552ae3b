"""``POST /v1/events``: each event decoded on its own, answered on its own, and in the log before the answer."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import RawBody
from msgspec import Meta, Struct

from recommender.events import Kind
from service.api.answers import body_refusals
from service.api.batches import (
    EVENT_ID_CHARACTERS,
    EntryResult,
    EntryResults,
    Refusal,
    dead_letters,
    operation_for,
    raw_entries,
    read_entries,
)
from service.api.requests import request_now, user_key, visitor_key
from service.api.text import Currency, ItemId, PersonId, checked_id, name_schema, storable
from service.clock import microseconds
from service.log.append import NewEvent, append_dead_letters, append_events
from service.log.database import Connection
from service.log.names import UserKey
from service.money import minor_units
from service.problems import RequestRefused
from service.wiring import Services

MOST_EVENTS = 500
MOST_BYTES = 1_000_000
MOST_EVENT_BYTES = 32_000
MOST_SECONDS = 10_000_000
"""Longest time watched, 115 days: what is far beyond, and a length next to nothing, have no place in 32 bits."""
FUTURE_TOLERANCE_SECONDS = 300
"""A sender's clock may run ahead this far: such an event counts as happening on arrival. Beyond, it is rejected."""

KindName = Literal[
    "impression",
    "view",
    "watch",
    "like",
    "share",
    "comment",
    "follow",
    "save",
    "add_to_cart",
    "purchase",
    "refund",
    "dismiss",
]


class Event(Struct, kw_only=True, forbid_unknown_fields=True):
    """One act of one user or visitor on one item."""

    id: Annotated[str, Meta(extra_json_schema=name_schema(EVENT_ID_CHARACTERS))]
    kind: KindName
    item_id: ItemId
    at: Annotated[datetime, Meta(tz=True)]
    user_id: PersonId | None = None
    visitor_id: PersonId | None = None
    sent_at: Annotated[datetime, Meta(tz=True)] | None = None
    feed_id: Annotated[str, Meta(max_length=64)] | None = None
    order_id: Annotated[str, Meta(max_length=128)] | None = None
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    amount: Decimal | None = None
    currency: Currency | None = None
    seconds_watched: Annotated[float, Meta(ge=0, le=MOST_SECONDS)] | None = None
    seconds_total: Annotated[float, Meta(ge=0.001, le=MOST_SECONDS)] | None = None


_SOMEBODY, _NOBODY = {"type": "string"}, {"type": "null"}
_ONE_PERSON = {
    "oneOf": [
        {"required": ["user_id"], "properties": {"user_id": _SOMEBODY, "visitor_id": _NOBODY}},
        {"required": ["visitor_id"], "properties": {"user_id": _NOBODY, "visitor_id": _SOMEBODY}},
    ]
}


@post(
    "/v1/events",
    status_code=202,
    request_max_body_size=MOST_BYTES,
    operation_class=operation_for("events", Annotated[Event, Meta(extra_json_schema=_ONE_PERSON)], most=MOST_EVENTS),
    responses=body_refusals(),
    summary="Tell what users did",
)
async def post_events(
    body: RawBody, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> EntryResults:
    """Stores up to 500 events and says of each what became of it; the answer comes after the commit."""
    now = request_now(request, services)
    raws = raw_entries(body, "events", most=MOST_EVENTS)
    default_currency = services.settings.currency
    entries = read_entries(raws, lambda raw: _new_event(raw, default_currency=default_currency, now=now))
    good = [entry for entry in entries if isinstance(entry, NewEvent)]

    def store(connection: Connection) -> list[EntryResult]:
        appended = iter(append_events(connection, good, received_at=now))
        results = [
            EntryResult.of(entry) if isinstance(entry, Refusal) else EntryResult(*next(appended)) for entry in entries
        ]
        append_dead_letters(connection, dead_letters(raws, results, received_at=now, of_events=True))
        return results

    results = await asyncio.wrap_future(services.writer.submit(store))
    _note(services, entries, results, now=now)
    return EntryResults(results)


def _event(raw: msgspec.Raw) -> Event:
    try:
        return storable(raw, Event)
    except RequestRefused as error:
        if "`$.kind`" in str(error):
            raise RequestRefused(f"{error}: kind must be one of {', '.join(get_args(KindName))}") from error
        raise


def _new_event(raw: msgspec.Raw, *, default_currency: str, now: int) -> NewEvent:
    if len(bytes(raw)) > MOST_EVENT_BYTES:
        raise RequestRefused(f"an event takes at most {MOST_EVENT_BYTES} bytes, got {len(bytes(raw))}")
    event = _event(raw)
    currency = event.currency or default_currency
    return NewEvent(
        id=checked_id(event.id, "id", longest=EVENT_ID_CHARACTERS),
        kind=Kind[event.kind.upper()],
        user=_user(event),
        item=checked_id(event.item_id, "item_id"),
        at=_at(event, now),
        sent_at=None if event.sent_at is None else microseconds(event.sent_at),
        feed_id=event.feed_id,
        order_id=event.order_id,
        quantity=event.quantity,
        amount_minor=None if event.amount is None else minor_units(event.amount, currency, subject="amount"),
        currency=None if event.amount is None else currency,
        seconds_watched=event.seconds_watched,
        seconds_total=event.seconds_total,
    )


def _at(event: Event, now: int) -> int:
    at = microseconds(event.at)
    if at < 0:
        raise RequestRefused(f"at must not lie before 1970, got {event.at.isoformat()}: check the sender's clock")
    if at > now + FUTURE_TOLERANCE_SECONDS * 1_000_000:
        raise RequestRefused(f"at must not lie in the future, got {event.at.isoformat()}: check the sender's clock")
    return at


def _user(event: Event) -> UserKey:
    if event.user_id is not None and event.visitor_id is None:
        return user_key(event.user_id)
    if event.visitor_id is not None and event.user_id is None:
        return visitor_key(event.visitor_id)
    raise RequestRefused("an event must name either user_id or visitor_id")


def _note(
    services: Services, entries: Sequence[NewEvent | Refusal], results: Sequence[EntryResult], *, now: int
) -> None:
    for entry, result in zip(entries, results, strict=True):
        if isinstance(entry, Refusal):
            services.metrics.events.labels("unreadable", "rejected").inc()
            continue
        services.metrics.events.labels(Kind(entry.kind).name.lower(), result.result).inc()
        if result.result == "accepted":
            services.metrics.event_lag_seconds.observe(max(0, now - entry.at) / 1_000_000)
