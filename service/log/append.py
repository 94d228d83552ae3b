"""Appending events and exposures to the log: idempotent by id, in bulk, inside a writer's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, insert, select

from service.log.dictionaries import ensured_item_ids, ensured_user_ids, insert_new
from service.log.letters import about_the_forgotten
from service.log.names import UserKey, chunks
from service.log.tables import assignments, dead_letters, events, exposures

FORGOTTEN = "this user or visitor asked to be forgotten: nothing about them is stored any more"
CHANGED_PAYLOAD = "this id was sent before with another payload: give a new event a new id"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """One event to append, by the ids its sender knows. Instants in microseconds UTC."""

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

    def payload_hash(self) -> bytes:
        """16 bytes, equal for equal events however they were spelt.

        ``sent_at`` is left out: a retry is sent later and is still the same event.
        """
        said = (self.kind, self.user, self.item, self.at, self.feed_id, self.order_id, self.quantity)
        paid_and_watched = (self.amount_minor, self.currency, self.seconds_watched, self.seconds_total)
        return blake2b(msgspec.msgpack.encode(said + paid_and_watched), digest_size=16).digest()


class Appended(NamedTuple):
    """What became of one event."""

    id: str
    result: Literal["accepted", "duplicate", "rejected"]
    reason: str | None = None


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


def append_events(connection: Connection, new: Sequence[NewEvent], *, received_at: int) -> list[Appended]:
    """What became of each event, in the order given; accepted ones are in the log once the transaction commits.

    Users and items met for the first time get their dictionary rows. An event sent again is a duplicate; another
    payload under a used id is rejected, for the caller to keep what was sent as a dead letter. An event of somebody who
    asked to be forgotten is rejected too, with ``FORGOTTEN``, and must not be kept anywhere.
    """
    if not new:
        return []
    user_id = ensured_user_ids(connection, {event.user for event in new}, now=received_at)
    item_id = ensured_item_ids(connection, {event.item for event in new}, now=received_at)
    rows = [
        _event_row(event, user_id[event.user], item_id[event.item], received_at)
        for event in new
        if event.user in user_id
    ]
    appended = iter(append_rows(connection, rows))
    return [next(appended) if event.user in user_id else Appended(event.id, "rejected", FORGOTTEN) for event in new]


def append_rows(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[Appended]:
    """What became of each row of the events table, in the order given. ``id`` and ``payload_hash`` decide."""
    known = _stored_hashes(connection, [row["id"] for row in rows])
    fresh: list[dict[str, Any]] = []
    results: list[Appended] = []
    for row in rows:
        stored = known.get(row["id"])
        if stored is None:
            known[row["id"]] = row["payload_hash"]
            fresh.append(row)
            results.append(Appended(row["id"], "accepted"))
        elif stored == row["payload_hash"]:
            results.append(Appended(row["id"], "duplicate"))
        else:
            results.append(Appended(row["id"], "rejected", CHANGED_PAYLOAD))
    if insert_new(connection, events, fresh) == len(fresh):
        return results
    return _after_a_race(connection, fresh, results)


def stored_ids(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of the ids that the log holds already."""
    return set(_stored_hashes(connection, ids))


def append_dead_letters(connection: Connection, letters: Sequence[DeadLetter]) -> None:
    """Keeps what was refused; of what is about somebody who asked to be forgotten only that there was something."""
    if letters:
        is_forgotten = about_the_forgotten(connection, [letter.payload for letter in letters])
        kept = [
            replace(letter, reason=FORGOTTEN, payload="", event_id=None) if forgotten else letter
            for letter, forgotten in zip(letters, is_forgotten, strict=True)
        ]
        connection.execute(insert(dead_letters), [asdict(letter) for letter in kept])


def append_exposure(connection: Connection, new: NewExposure) -> None:
    """Keeps a feed as served, and makes lasting the arms in which it counts; the first exposure of a unit wins.

    What was shown to somebody who asked to be forgotten is kept without saying to whom, and counts in no experiment.
    """
    user_id = ensured_user_ids(connection, [new.user], now=new.at).get(new.user)
    connection.execute(
        insert(exposures),
        {
            "feed_id": new.feed_id,
            "first_feed_id": new.first_feed_id,
            "user_id": user_id,
            "at": new.at,
            "surface": new.surface,
            "items": list(new.items),
            "model_version": new.model_version,
            "fallback": new.fallback,
            "arms": dict(new.arms),
            "is_preview": new.is_preview,
        },
    )
    insert_new(
        connection,
        assignments,
        [
            {"experiment_id": experiment_id, "user_id": user_id, "arm": arm, "first_exposed_at": new.at}
            for experiment_id, arm in new.assigned.items()
            if user_id is not None
        ],
    )


def _event_row(event: NewEvent, user_id: int, item_id: int, received_at: int) -> dict[str, Any]:
    return {
        "id": event.id,
        "payload_hash": event.payload_hash(),
        "kind": event.kind,
        "user_id": user_id,
        "item_id": item_id,
        # A clock that runs a little ahead must not hide an event from the next feed. The hash keeps what was sent.
        "at": min(event.at, received_at),
        "sent_at": event.sent_at,
        "received_at": received_at,
        "feed_id": event.feed_id,
        "order_id": event.order_id,
        "quantity": event.quantity,
        "amount_minor": event.amount_minor,
        "currency": event.currency,
        "seconds_watched": event.seconds_watched,
        "seconds_total": event.seconds_total,
        "import_id": None,
    }


def _stored_hashes(connection: Connection, ids: Sequence[str]) -> dict[str, bytes]:
    stored: dict[str, bytes] = {}
    for chunk in chunks(ids):
        query = select(events.c.id, events.c.payload_hash).where(events.c.id.in_(chunk))
        stored.update({row.id: row.payload_hash for row in connection.execute(query)})
    return stored


def _after_a_race(
    connection: Connection, fresh: Sequence[dict[str, Any]], results: Sequence[Appended]
) -> list[Appended]:
    """The results once another replica has stored some of the ids between our look and our insert (PostgreSQL)."""
    stored = _stored_hashes(connection, [row["id"] for row in fresh])
    changed = {row["id"] for row in fresh if stored[row["id"]] != row["payload_hash"]}
    return [
        Appended(result.id, "rejected", CHANGED_PAYLOAD)
        if result.result == "accepted" and result.id in changed
        else result
        for result in results
    ]
