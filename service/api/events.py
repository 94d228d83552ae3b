"""``POST /v1/events``: each event decoded on its own, answered on its own, and in the log before the answer."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, get_args

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
from service.log.append import Appended, EventBatch, NewEvent, append_dead_letters, append_event_batches
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
"""How far an event may lie after ``sent_at``, or after its arrival where that is not said; beyond, it is rejected."""

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


_KINDS: dict[str, Kind] = {name: Kind[name.upper()] for name in get_args(KindName)}
_KIND_NAMES: dict[int, str] = {kind: name for name, kind in _KINDS.items()}


class Event(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One act of one user or visitor on one item."""

    # No `gc`: a struct of plain values is in no cycle, and thousands of them would keep the collector busy.
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
    """The line's total, from 0 up; what a refund gives back is positive too, and its kind says the direction."""
    cost: Decimal | None = None
    """What the line's goods cost the shop, from 0 up, in the same currency."""
    fee: Decimal | None = None
    """What the shop paid for selling the line (fees, commissions, postage), from 0 up, in the same currency."""
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
    """Stores up to 500 events and says of each what became of it; the answer comes after the commit.

    Late events and events out of order are welcome. A `sent_at` later than the arrival proves that the sender's clock
    runs ahead, and `at` is moved back by as much; a clock that runs behind can't be told from a delay and is left
    alone. `at` may lie up to 5 minutes after `sent_at`, or after the arrival where `sent_at` is not said, and then
    counts as the arrival; beyond, the event is rejected. The amount of a refund is positive.
    """
    now = request_now(request, services)
    raws = raw_entries(body, "events", most=MOST_EVENTS)
    default_currency = services.settings.currency
    entries = read_entries(raws, lambda raw: _new_event(raw, default_currency=default_currency, now=now))
    sent = _Sent(raws, entries, EventBatch([entry for entry in entries if isinstance(entry, NewEvent)], now))
    results = await asyncio.wrap_future(services.writer.submit_entry(_stored, sent, rows=len(raws)))
    _note(services, entries, results, now=now)
    return EntryResults(results)


class _Sent(NamedTuple):
    """One request's events: as sent, as read, and those of them that the log may take."""

    raws: list[msgspec.Raw]
    entries: list[NewEvent | Refusal]
    batch: EventBatch


def _stored(connection: Connection, requests: Sequence[_Sent]) -> list[list[EntryResult]]:
    """What became of each event of each request; what was rejected is kept in the same commit."""
    appended = append_event_batches(connection, [sent.batch for sent in requests])
    results = [_results(sent.entries, done) for sent, done in zip(requests, appended, strict=True)]
    letters = [
        letter
        for sent, said in zip(requests, results, strict=True)
        for letter in dead_letters(sent.raws, said, received_at=sent.batch.received_at, of_events=True)
    ]
    append_dead_letters(connection, letters)
    return results


def _results(entries: Sequence[NewEvent | Refusal], appended: Sequence[Appended]) -> list[EntryResult]:
    done = iter(appended)
    return [EntryResult.of(entry) if isinstance(entry, Refusal) else EntryResult(*next(done)) for entry in entries]


def _event(text: bytes) -> Event:
    try:
        return storable(text, Event)
    except RequestRefused as error:
        if "`$.kind`" in str(error):
            raise RequestRefused(f"{error}: kind must be one of {', '.join(get_args(KindName))}") from error
        raise


def _new_event(raw: msgspec.Raw, *, default_currency: str, now: int) -> NewEvent:
    text = bytes(raw)
    if len(text) > MOST_EVENT_BYTES:
        raise RequestRefused(f"an event takes at most {MOST_EVENT_BYTES} bytes, got {len(text)}")
    event = _event(text)
    currency = event.currency or default_currency
    amount_minor, cost_minor, fee_minor = (
        None if sum_ is None else minor_units(sum_, currency, subject=name)
        for name, sum_ in (("amount", event.amount), ("cost", event.cost), ("fee", event.fee))
    )
    has_money = amount_minor is not None or cost_minor is not None or fee_minor is not None
    new = NewEvent(
        id=checked_id(event.id, "id", longest=EVENT_ID_CHARACTERS),
        kind=_KINDS[event.kind],
        user=_user(event),
        item=checked_id(event.item_id, "item_id"),
        at=microseconds(event.at),
        sent_at=None if event.sent_at is None else microseconds(event.sent_at),
        feed_id=event.feed_id,
        order_id=event.order_id,
        quantity=event.quantity,
        amount_minor=amount_minor,
        currency=currency if has_money else None,
        seconds_watched=event.seconds_watched,
        seconds_total=event.seconds_total,
        cost_minor=cost_minor,
        fee_minor=fee_minor,
    )
    _check_clock(event, new, now)
    return new


def _check_clock(event: Event, new: NewEvent, now: int) -> None:
    """Refuses instants that no clock setting explains; those that one explains are mended by ``happened_at``."""
    latest = now if new.sent_at is None else new.sent_at
    if new.at > latest + FUTURE_TOLERANCE_SECONDS * 1_000_000:
        told = "in the future" if new.sent_at is None else "after sent_at"
        raise RequestRefused(
            f"at must not lie {told} by more than {FUTURE_TOLERANCE_SECONDS} s, got {event.at.isoformat()}: "
            "check the sender's clock"
        )
    if new.happened_at(now) < 0:
        raise RequestRefused(f"at must not lie before 1970, got {event.at.isoformat()}: check the sender's clock")


def _user(event: Event) -> UserKey:
    if event.user_id is not None and event.visitor_id is None:
        return user_key(event.user_id)
    if event.visitor_id is not None and event.user_id is None:
        return visitor_key(event.visitor_id)
    raise RequestRefused("an event must name either user_id or visitor_id")


def _note(
    services: Services, entries: Sequence[NewEvent | Refusal], results: Sequence[EntryResult], *, now: int
) -> None:
    counts = Counter(
        (None if isinstance(entry, Refusal) else entry.kind, result.result)
        for entry, result in zip(entries, results, strict=True)
    )
    for (kind, said), number in counts.items():
        services.metrics.events.labels("unreadable" if kind is None else _KIND_NAMES[kind], said).inc(number)
    services.metrics.event_lag_seconds.observe_all(
        [
            (now - entry.happened_at(now)) / 1_000_000
            for entry, result in zip(entries, results, strict=True)
            if result.result == "accepted" and not isinstance(entry, Refusal)
        ]
    )
