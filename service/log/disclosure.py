"""Everything the log holds on a person, in the words she or the shop used: to be handed over."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from recommender.events import Kind
from service.clock import day_text, instant_text
from service.log.letters import letters_about
from service.log.names import UserKey, chunks
from service.log.people import Person, is_act, is_impression, person_behind
from service.log.tables import (
    assignments,
    campaign_entries,
    campaign_units,
    campaigns,
    events,
    experiments,
    exposures,
    imports,
    items,
    users,
)
from service.money import decimal_amount

_PIECE_ROWS = 1_000
_INSTANTS = ("at", "sent_at", "received_at", "first_exposed_at", "recorded_at")

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What is held on one person: who she is, and the sections of what she did and was shown.

    A section is read while it is walked through, so its connection has to stay open; rows come as plain values for
    JSON, without what is not known.
    """

    about: Entry
    sections: Mapping[str, Iterator[Entry]]


def disclosure(connection: Connection, key: UserKey, *, as_of: int) -> Disclosure:
    """Everything held on a user or visitor; for one the log does not know the same, empty.

    A visitor who was merged into a user is that user, here as everywhere.

    Args:
        connection: A reader's connection.
        key: The user or visitor.
        as_of: Now, microseconds UTC.
    """
    person = person_behind(connection, key)
    return Disclosure(
        about={"as_of": instant_text(as_of), **_who(connection, person)},
        sections={
            "events": _events(connection, person),
            "exposures": _exposures(connection, person),
            "assignments": _assignments(connection, person),
            "campaigns": _campaigns(connection, person),
            "cards": _cards(connection, person),
            "refused": _refused(connection, person),
        },
    )


def _who(connection: Connection, person: Person) -> Entry:
    columns = (users.c.id, users.c.external_id, users.c.attributes, users.c.created_at)
    rows = {row.id: row for row in connection.execute(select(*columns).where(users.c.id.in_(person.ids)))}
    own = rows[person.ids[0]] if person.ids else None
    visitors = [rows[id_] for id_ in person.ids[1:]]
    return {
        "visitor_id" if person.key.is_visitor else "user_id": person.key.external_id,
        "first_met_at": None if own is None else instant_text(own.created_at),
        "attributes": {} if own is None else own.attributes,
        "visitors": [
            {
                "visitor_id": row.external_id,
                "first_met_at": instant_text(row.created_at),
                "attributes": row.attributes,
            }
            for row in visitors
        ],
    }


def _events(connection: Connection, person: Person) -> Iterator[Entry]:
    columns = events.c
    query = (
        select(
            columns.id,
            columns.kind,
            items.c.external_id.label("item_id"),
            columns.at,
            columns.sent_at,
            columns.received_at,
            columns.feed_id,
            columns.order_id,
            columns.quantity,
            columns.amount_minor,
            columns.cost_minor,
            columns.fee_minor,
            columns.currency,
            columns.seconds_watched,
            columns.seconds_total,
            imports.c.file_name.label("imported_from"),
        )
        .join(items, items.c.id == columns.item_id)
        .outerjoin(imports, imports.c.id == columns.import_id)
        .order_by(columns.at, columns.seq)
    )
    for which in (is_act, is_impression):
        for row in chain.from_iterable(_pieces(connection, query.where(which(person.ids)))):
            said = row._asdict()
            money = {name: said.pop(f"{name}_minor") for name in ("amount", "cost", "fee")}
            sums = {
                name: None if minor is None else decimal_amount(minor, row.currency) for name, minor in money.items()
            }
            yield _entry({**said, "kind": Kind(row.kind).name.lower(), **sums})


def _exposures(connection: Connection, person: Person) -> Iterator[Entry]:
    columns = exposures.c
    query = (
        select(
            columns.feed_id,
            columns.first_feed_id,
            columns.at,
            columns.surface,
            columns["items"],
            columns.model_version,
            columns.fallback,
            columns.arms,
            columns.is_preview,
        )
        .where(columns.user_id.in_(person.ids))
        .order_by(columns.at, columns.seq)
    )
    for piece in _pieces(connection, query):
        name_of = _item_names(connection, {shown[0] for row in piece for shown in row.items})
        for row in piece:
            shown = [
                {"item_id": name_of[item_id], "position": position, "source": source, "probability": probability}
                for position, (item_id, source, probability) in enumerate(row.items, start=1)
            ]
            yield _entry({**row._asdict(), "items": shown})


def _assignments(connection: Connection, person: Person) -> Iterator[Entry]:
    query = (
        select(experiments.c.key.label("experiment"), assignments.c.arm, assignments.c.first_exposed_at)
        .join(experiments, experiments.c.id == assignments.c.experiment_id)
        .where(assignments.c.user_id.in_(person.ids))
        .order_by(assignments.c.first_exposed_at, experiments.c.key)
    )
    return (_entry(row._asdict()) for row in connection.execute(query))


def _campaigns(connection: Connection, person: Person) -> Iterator[Entry]:
    """Her lots: the campaigns that were to reach her, and those she was held out of."""
    said = campaign_units.c
    query = (
        select(campaigns.c.key.label("campaign"), said.is_contacted, said.activity, said.margin_activity, said.code)
        .join(campaigns, campaigns.c.id == said.campaign_id)
        .where(said.user_id.in_(person.ids))
        .order_by(campaigns.c.id)
    )
    return (_entry(row._asdict()) for row in connection.execute(query))


def _cards(connection: Connection, person: Person) -> Iterator[Entry]:
    """When her cards were stamped and redeemed."""
    said = campaign_entries.c
    query = (
        select(campaigns.c.key.label("campaign"), said.kind, said.day, said.recorded_at)
        .join(campaigns, campaigns.c.id == said.campaign_id)
        .where(said.user_id.in_(person.ids))
        .order_by(said.seq)
    )
    for row in connection.execute(query):
        yield _entry({**row._asdict(), "day": day_text(row.day)})


def _refused(connection: Connection, person: Person) -> Iterator[Entry]:
    """What names her and was never understood: dead letters, word for word."""
    for row in letters_about(connection, person.names):
        file_name = None
        if row.import_id is not None:
            file_name = connection.execute(select(imports.c.file_name).where(imports.c.id == row.import_id)).scalar()
        yield _entry(
            {
                "received_at": row.received_at,
                "origin": row.origin,
                "imported_from": file_name,
                "row_number": row.row_number,
                "event_id": row.event_id,
                "reason": row.reason,
                "payload": row.payload,
            }
        )


def _pieces(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Row[Any]]]:
    return connection.execute(query, execution_options={"stream_results": True}).partitions(_PIECE_ROWS)


def _item_names(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    name_of: dict[int, str] = {}
    for chunk in chunks(list(ids)):
        query = select(items.c.id, items.c.external_id).where(items.c.id.in_(chunk))
        name_of.update({row.id: row.external_id for row in connection.execute(query)})
    return name_of


def _entry(said: Mapping[str, Any]) -> Entry:
    """The row without what is not known, its instants as text."""
    known = {name: value for name, value in said.items() if value is not None}
    return {name: instant_text(value) if name in _INSTANTS else value for name, value in known.items()}
