"""Appending events and exposures to the log: idempotent by id, in bulk, inside a writer's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from operator import itemgetter
from typing import Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, insert

from service.log.dictionaries import ensured_item_ids, ensured_user_ids, insert_new
from service.log.inserts import insert_rows, stored_hashes
from service.log.letters import about_the_forgotten
from service.log.names import UserKey
from service.log.tables import assignments, dead_letters, events, exposures

FORGOTTEN = "this user or visitor asked to be forgotten: nothing about them is stored any more"
CHANGED_PAYLOAD = "this id was sent before with another payload: give a new event a new id"

_encode = msgspec.msgpack.Encoder().encode


class NewEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event to append, by the ids its sender knows. Instants in microseconds UTC.

    A frozen dataclass of so many fields would take longer to make than the event to decode, and the garbage collector
    needs to look at none of them: they hold no cycles.
    """

    id: str
    kind: int
    user: UserKey
    item: str
    at: int
    sent_at: int | None = None
    feed_id: str | None = None
    order_id: str | None = None
    quantity: int | None = None
    amount_minor: int | None = None
    currency: str | None = None
    seconds_watched: float | None = None
    seconds_total: float | None = None
    cost_minor: int | None = None
    fee_minor: int | None = None

    def payload_hash(self) -> bytes:
        """16 bytes, equal for equal events however they were spelt.

        ``sent_at`` is left out: a retry is sent later and is still the same event.
        """
        said = (self.kind, self.user, self.item, self.at, self.feed_id, self.order_id, self.quantity)
        paid_and_watched = (self.amount_minor, self.currency, self.seconds_watched, self.seconds_total)
        costs = said_costs(self.cost_minor, self.fee_minor)
        return blake2b(_encode(said + paid_and_watched + costs), digest_size=16).digest()

    def happened_at(self, received_at: int) -> int:
        """When it happened by our clock.

        A ``sent_at`` later than the arrival proves that the sender's clock runs ahead, by at least as much: ``at`` is
        moved back by it. A clock that runs behind can't be told from a delay, and is left alone. Nothing has happened
        later than it arrived: a clock that runs a little ahead must not hide an event from the next feed. What was sent
        remains in the payload's hash, and can be found again from ``sent_at`` and ``received_at``.
        """
        at, sent_at = self.at, self.sent_at
        if sent_at is not None and sent_at > received_at:
            at -= sent_at - received_at
        return min(at, received_at)


def said_costs(cost_minor: int | None, fee_minor: int | None) -> tuple[int | None, ...]:
    """What a payload's hash takes of costs: nothing where none is said, as before there were any."""
    return () if cost_minor is None and fee_minor is None else (cost_minor, fee_minor)


class Appended(NamedTuple):
    """What became of one event."""

    id: str
    result: Literal["accepted", "duplicate", "rejected"]
    reason: str | None = None


class EventRow(NamedTuple):
    """One row of the events table, its columns in the order of the table; the database numbers it."""

    id: str
    payload_hash: bytes
    kind: int
    user_id: int | None
    item_id: int
    at: int
    sent_at: int | None
    received_at: int
    feed_id: str | None
    order_id: str | None
    quantity: int | None
    amount_minor: int | None
    currency: str | None
    seconds_watched: float | None
    seconds_total: float | None
    import_id: int | None
    cost_minor: int | None
    fee_minor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """Something refused, kept with its reason so that its sender can mend it."""

    received_at: int
    origin: Literal["http", "import"]
    reason: str
    payload: str
    event_id: str | None = None
    import_id: int | None = None
    row_number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExposure:
    """One feed as served."""

    feed_id: str
    first_feed_id: str
    user: UserKey
    at: int
    surface: str
    items: Sequence[tuple[int, str, float]]
    model_version: str | None
    fallback: str | None
    arms: Mapping[str, str]
    assigned: Mapping[int, str]
    """Experiment id to arm, for the experiments in which this exposure counts."""
    is_preview: bool


@dataclass(frozen=True, slots=True)
class EventBatch:
    """What arrived together."""

    events: Sequence[NewEvent]
    received_at: int
    """Microseconds UTC."""


def append_events(connection: Connection, new: Sequence[NewEvent], *, received_at: int) -> list[Appended]:
    """What became of each event, in the order given; accepted ones are in the log once the transaction commits.

    Users and items met for the first time get their dictionary rows. An event sent again is a duplicate; another
    payload under a used id is rejected, for the caller to keep what was sent as a dead letter. An event of somebody who
    asked to be forgotten is rejected too, with ``FORGOTTEN``, and must not be kept anywhere.
    """
    (results,) = append_event_batches(connection, [EventBatch(new, received_at)])
    return results


def append_event_batches(connection: Connection, batches: Sequence[EventBatch]) -> list[list[Appended]]:
    """What became of each event of each batch, as ``append_events`` says it, for the statements of one batch."""
    received_at = max((batch.received_at for batch in batches), default=0)
    new = [event for batch in batches for event in batch.events]
    user_id = ensured_user_ids(connection, {event.user for event in new}, now=received_at)
    item_id = ensured_item_ids(connection, {event.item for event in new}, now=received_at)
    rows = [
        _event_row(event, user_id[event.user], item_id[event.item], batch.received_at)
        for batch in batches
        for event in batch.events
        if event.user in user_id
    ]
    appended = iter(_appended_rows(connection, rows))
    return [
        [
            next(appended) if event.user in user_id else Appended(event.id, "rejected", FORGOTTEN)
            for event in batch.events
        ]
        for batch in batches
    ]


def _appended_rows(connection: Connection, rows: Sequence[EventRow]) -> list[Appended]:
    """What became of each row, in the order given: ``id`` and ``payload_hash`` decide, the first of an id counts."""
    first_of: dict[str, EventRow] = {}
    for row in rows:
        first_of.setdefault(row.id, row)
    inserted = insert_rows(connection, events, EventRow._fields, list(first_of.values())).ids
    if len(inserted) == len(rows):
        return [Appended(row.id, "accepted") for row in rows]
    known = stored_hashes(connection, events, [id_ for id_ in first_of if id_ not in inserted])
    return [_appended(row, first_of[row.id], row.id in inserted, known.get(row.id)) for row in rows]


def append_dead_letters(connection: Connection, letters: Sequence[DeadLetter]) -> None:
    """Keeps what was refused; of what is about somebody who asked to be forgotten only that there was something."""
    if letters:
        is_forgotten = about_the_forgotten(connection, [letter.payload for letter in letters])
        kept = [
            replace(letter, reason=FORGOTTEN, payload="", event_id=None)
            if forgotten or letter.reason == FORGOTTEN
            else letter
            for letter, forgotten in zip(letters, is_forgotten, strict=True)
        ]
        connection.execute(insert(dead_letters), [asdict(letter) for letter in kept])


def append_exposure(connection: Connection, new: NewExposure) -> None:
    """Keeps one feed as served."""
    append_exposures(connection, [new])


def append_exposures(connection: Connection, new: Sequence[NewExposure]) -> list[None]:
    """Keeps feeds as served, and makes lasting the arms in which they count; the first exposure of a unit wins.

    What was shown to somebody who asked to be forgotten is kept without saying to whom, and counts in no experiment.

    Returns:
        Nothing of each, as a writer of many callers' entries wants it.
    """
    if not new:
        return []
    now = max(exposure.at for exposure in new)
    user_id = ensured_user_ids(connection, {exposure.user for exposure in new}, now=now)
    connection.execute(insert(exposures), [_exposure_row(exposure, user_id.get(exposure.user)) for exposure in new])
    lasting = [
        {
            "experiment_id": experiment_id,
            "user_id": user_id[exposure.user],
            "arm": arm,
            "first_exposed_at": exposure.at,
        }
        for exposure in new
        for experiment_id, arm in exposure.assigned.items()
        if exposure.user in user_id
    ]
    insert_new(connection, assignments, sorted(lasting, key=itemgetter("user_id", "experiment_id")))
    return [None] * len(new)


def _exposure_row(exposure: NewExposure, user_id: int | None) -> dict[str, object]:
    return {
        "feed_id": exposure.feed_id,
        "first_feed_id": exposure.first_feed_id,
        "user_id": user_id,
        "at": exposure.at,
        "surface": exposure.surface,
        "items": list(exposure.items),
        "model_version": exposure.model_version,
        "fallback": exposure.fallback,
        "arms": dict(exposure.arms),
        "is_preview": exposure.is_preview,
    }


def _appended(row: EventRow, first: EventRow, is_new: bool, stored_hash: bytes | None) -> Appended:
    """What became of a row, from the first of its id that was given with it, and what the log held before."""
    if is_new and row is first:
        return Appended(row.id, "accepted")
    if row.payload_hash == (first.payload_hash if is_new else stored_hash):
        return Appended(row.id, "duplicate")
    return Appended(row.id, "rejected", CHANGED_PAYLOAD)


def _event_row(event: NewEvent, user_id: int, item_id: int, received_at: int) -> EventRow:
    return EventRow(
        event.id,
        event.payload_hash(),
        int(event.kind),
        user_id,
        item_id,
        event.happened_at(received_at),
        event.sent_at,
        received_at,
        event.feed_id,
        event.order_id,
        event.quantity,
        event.amount_minor,
        event.currency,
        event.seconds_watched,
        event.seconds_total,
        None,
        event.cost_minor,
        event.fee_minor,
    )
