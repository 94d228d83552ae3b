"""``POST /v1/events``: each event decoded on its own, answered on its own, and in the log before the answer."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import RawBody
from msgspec import Meta, Struct

from recommender.events import Kind
from service.api.batches import EntryResult, EntryResults, Refusal, operation_for, raw_entries, readable_id
from service.api.requests import id_problem, request_now
from service.clock import microseconds
from service.log.append import Appended, DeadLetter, NewEvent, append_dead_letters, append_events
from service.log.database import Connection
from service.log.dictionaries import UserKey
from service.money import AmountRefused, minor_units
from service.wiring import Services

MOST_EVENTS = 500
MOST_BYTES = 1_000_000
MOST_EVENT_BYTES = 32_000
FUTURE_TOLERANCE_SECONDS = 300
"""A sender's clock may run ahead this far: such an event counts as happening on arrival. Beyond, it is rejected."""

_ID_CHARACTERS = 128

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

    id: str
    kind: KindName
    item_id: str
    at: Annotated[datetime, Meta(tz=True)]
    user_id: str | None = None
    visitor_id: str | None = None
    sent_at: Annotated[datetime, Meta(tz=True)] | None = None
    feed_id: Annotated[str, Meta(max_length=64)] | None = None
    order_id: Annotated[str, Meta(max_length=128)] | None = None
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    amount: Decimal | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None
    seconds_watched: Annotated[float, Meta(ge=0)] | None = None
    seconds_total: Annotated[float, Meta(gt=0)] | None = None


class _EventRefused(ValueError):
    """One event of a batch can't be stored."""


@post(
    "/v1/events",
    status_code=202,
    request_max_body_size=MOST_BYTES,
    operation_class=operation_for("events", Event),
    summary="Tell what users did",
)
async def post_events(
    body: RawBody, request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> EntryResults:
    """Stores up to 500 events and says of each what became of it; the answer comes after the commit."""
    now = request_now(request, services)
    raws = raw_entries(body, "events", most=MOST_EVENTS)
    decoded = [_decoded(raw, default_currency=services.settings.currency, now=now) for raw in raws]
    good = [event for event in decoded if isinstance(event, NewEvent)]
    letters = [
        DeadLetter(
            received_at=now,
            origin="http",
            reason=entry.reason,
            payload=bytes(raw).decode(errors="replace"),
            event_id=entry.id,
        )
        for raw, entry in zip(raws, decoded, strict=True)
        if isinstance(entry, Refusal)
    ]

    def store(connection: Connection) -> list[Appended]:
        append_dead_letters(connection, letters)
        return append_events(connection, good, received_at=now)

    appended = iter(await asyncio.wrap_future(services.writer.submit(store)))
    results = [
        EntryResult.of(entry) if isinstance(entry, Refusal) else EntryResult(*next(appended)) for entry in decoded
    ]
    _note(services, decoded, results, now=now)
    return EntryResults(results)


def _decoded(raw: msgspec.Raw, *, default_currency: str, now: int) -> NewEvent | Refusal:
    """The event to store, or its id (if it can be read) and the reason why it can't be stored."""
    if len(bytes(raw)) > MOST_EVENT_BYTES:
        return Refusal(None, f"an event takes at most {MOST_EVENT_BYTES} bytes, got {len(bytes(raw))}")
    try:
        return _new_event(msgspec.json.decode(raw, type=Event), default_currency=default_currency, now=now)
    except (msgspec.DecodeError, UnicodeDecodeError, AmountRefused, _EventRefused) as error:
        return Refusal(readable_id(raw), str(error))


def _new_event(event: Event, *, default_currency: str, now: int) -> NewEvent:
    for text, subject, longest in ((event.id, "id", _ID_CHARACTERS), (event.item_id, "item_id", 256)):
        if problem := id_problem(text, subject, longest=longest):
            raise _EventRefused(problem)
    at = microseconds(event.at)
    if at > now + FUTURE_TOLERANCE_SECONDS * 1_000_000:
        raise _EventRefused(f"at must not lie in the future, got {event.at.isoformat()}: check the sender's clock")
    currency = event.currency or default_currency
    return NewEvent(
        id=event.id,
        kind=Kind[event.kind.upper()],
        user=_user(event),
        item=event.item_id,
        at=at,
        sent_at=None if event.sent_at is None else microseconds(event.sent_at),
        feed_id=event.feed_id,
        order_id=event.order_id,
        quantity=event.quantity,
        amount_minor=None if event.amount is None else minor_units(event.amount, currency, subject="amount"),
        currency=None if event.amount is None else currency,
        seconds_watched=event.seconds_watched,
        seconds_total=event.seconds_total,
    )


def _user(event: Event) -> UserKey:
    named = [
        (UserKey(is_visitor, id_), subject)
        for is_visitor, id_, subject in ((False, event.user_id, "user_id"), (True, event.visitor_id, "visitor_id"))
        if id_ is not None
    ]
    if len(named) != 1:
        raise _EventRefused("an event must name either user_id or visitor_id")
    key, subject = named[0]
    if problem := id_problem(key.external_id, subject):
        raise _EventRefused(problem)
    return key


def _note(
    services: Services, decoded: Sequence[NewEvent | Refusal], results: Sequence[EntryResult], *, now: int
) -> None:
    for entry, result in zip(decoded, results, strict=True):
        if isinstance(entry, Refusal):
            services.metrics.events.labels("unreadable", "rejected").inc()
            continue
        services.metrics.events.labels(Kind(entry.kind).name.lower(), result.result).inc()
        if result.result == "accepted":
            services.metrics.event_lag_seconds.observe(max(0, now - entry.at) / 1_000_000)
