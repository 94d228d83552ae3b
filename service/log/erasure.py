"""Forgetting a person in the log: in pieces, each a short transaction, and a look that nothing is left.

First the person is put on the list of the forgotten and hidden from every look-up, in one transaction: from then on
nothing brings her back, not even a crash. Then go her dead letters and rows, a piece at a time, so that no feed waits
long, and with the last of them her names. Whoever begins again finishes what was cut off.

All rows that are hers go, whatever they carry. Rows of other people and of nobody stay as they are, even where an order
number or an event's id was made with her name.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

from recommender.events import Kind
from service.log.dictionaries import insert_new
from service.log.letters import letters_naming
from service.log.names import UserKey, chunks
from service.log.people import PIECE_ROWS, Person, is_act, is_impression, person_behind
from service.log.suppressions import subject_hash
from service.log.tables import (
    assignments,
    campaign_entries,
    campaign_units,
    campaigns,
    dead_letters,
    erased_units,
    events,
    experiments,
    exposures,
    suppressions,
    users,
)

TABLES = (
    "events",
    "exposures",
    "assignments",
    "campaign_units",
    "campaign_entries",
    "dead_letters",
    "visitors",
    "users",
)
"""What ``Removed.rows`` counts: rows of these tables, those of the dictionary by whether they named a visitor."""

_MONEY_KINDS = {int(Kind.PURCHASE): "purchases", int(Kind.REFUND): "refunds"}


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed of a person: counts and sums that name nobody."""

    rows: Mapping[str, int] = field(default_factory=dict)
    """Rows by table, all of ``TABLES``."""
    money: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Currency to the sums of ``purchases`` and ``refunds`` in minor units."""
    units: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Experiment key to arm to units taken out of it."""

    def __add__(self, other: "Removed") -> "Removed":
        """Both together."""
        return Removed(
            _sum(self.rows, other.rows), _nested_sum(self.money, other.money), _nested_sum(self.units, other.units)
        )

    def to_mapping(self) -> dict[str, Any]:
        """As kept in the list of the forgotten."""
        return {"removed": dict(self.rows), "money_minor": dict(self.money), "units": dict(self.units)}

    @classmethod
    def nothing(cls) -> "Removed":
        """What is removed of somebody the log does not know: zero rows of each table."""
        return cls(dict.fromkeys(TABLES, 0))

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Removed":
        """What ``to_mapping`` made."""
        return cls(kept.get("removed", {}), kept.get("money_minor", {}), kept.get("units", {}))


def erase(connection: Connection, key: UserKey, *, now: int) -> Removed:
    """What was removed of the person, all in the caller's one transaction.

    For a log that nobody else is writing, such as a backup that is being restored; a service works in pieces.

    Args:
        connection: A writer's connection.
        key: The user or visitor.
        now: Microseconds UTC.
    """
    person = begin_erasure(connection, key, now=now)
    removed = Removed.nothing() + remove_letters(connection, person, letters_naming(connection, person.names))
    is_done = False
    while not is_done:
        piece, is_done = remove_piece(connection, person)
        removed += piece
    return removed


def begin_erasure(connection: Connection, key: UserKey, *, now: int) -> Person:
    """The person behind a user or visitor, from this transaction on forgotten and found by no look-up.

    A visitor who was merged into a user is that user, here as everywhere.
    """
    # Held to the transaction's end, so that no replica merges another visitor into her meanwhile.
    _lock(connection, person_behind(connection, key))
    person = person_behind(connection, key)
    told = [
        {
            "subject_hash": subject_hash(connection, each),
            "erased_at": now,
            "receipt": (Removed.nothing() if each == person.key else Removed()).to_mapping(),
        }
        for each in person.keys
    ]
    insert_new(connection, suppressions, told)
    connection.execute(update(users).where(users.c.id.in_(person.ids)).values(is_erasing=True))
    return person


def remove_letters(connection: Connection, person: Person, letter_ids: Collection[int]) -> Removed:
    """What was removed: the given dead letters."""
    gone = 0
    for chunk in chunks(list(letter_ids)):
        gone += connection.execute(delete(dead_letters).where(dead_letters.c.id.in_(chunk))).rowcount
    return _noted(connection, person, Removed({"dead_letters": gone}))


def remove_piece(connection: Connection, person: Person, *, most: int = PIECE_ROWS) -> tuple[Removed, bool]:
    """What was removed: at most ``most`` rows; and whether nothing of the person is left, her names included."""
    # A replica that has just found her must not add a row behind our back: this waits for it, and it for us.
    _lock(connection, person)
    removed = Removed.nothing()
    for remove in _REMOVALS:
        removed += remove(connection, person.ids, most - sum(removed.rows.values()))
    is_done = sum(removed.rows.values()) < most
    if is_done:
        removed += _without_names(connection, person)
    return _noted(connection, person, removed), is_done


def what_is_left(connection: Connection, person: Person) -> dict[str, int]:
    """A second look: rows by table that still are the person's; all zero once she is forgotten."""
    names = person.names
    found = {table.name: _count(connection, table, person.ids) for table in _HERS}
    found["dead_letters"] = len(letters_naming(connection, names))
    kinds = [key.is_visitor for key in person.keys if person_behind(connection, key).ids]
    return {**found, "visitors": sum(kinds), "users": len(kinds) - sum(kinds)}


def _lock(connection: Connection, person: Person) -> None:
    """Holds the person's names to the transaction's end (PostgreSQL; on SQLite nobody else writes anyway)."""
    connection.execute(select(users.c.id).where(users.c.id.in_(person.ids)).with_for_update())


def _without_acts(connection: Connection, ids: Collection[int], most: int) -> Removed:
    return _without_events(connection, is_act(ids), most)


def _without_impressions(connection: Connection, ids: Collection[int], most: int) -> Removed:
    return _without_events(connection, is_impression(ids), most)


def _without_events(connection: Connection, whose: ColumnElement[bool], most: int) -> Removed:
    columns = events.c
    piece = select(columns.seq).where(whose).limit(most).scalar_subquery()
    gone = connection.execute(
        delete(events).where(columns.seq.in_(piece)).returning(columns.kind, columns.amount_minor, columns.currency)
    ).all()
    money: dict[str, dict[str, int]] = {}
    for kind, amount_minor, currency in gone:
        if amount_minor is not None and kind in _MONEY_KINDS:
            sums = money.setdefault(currency, dict.fromkeys(_MONEY_KINDS.values(), 0))
            sums[_MONEY_KINDS[kind]] += amount_minor
    return Removed({"events": len(gone)}, money)


def _without_exposures(connection: Connection, ids: Collection[int], most: int) -> Removed:
    piece = select(exposures.c.seq).where(exposures.c.user_id.in_(ids)).limit(most).scalar_subquery()
    return Removed({"exposures": connection.execute(delete(exposures).where(exposures.c.seq.in_(piece))).rowcount})


def _without_assignments(connection: Connection, ids: Collection[int], most: int) -> Removed:
    """There are as many as experiments, few enough for one piece; each leaves a unit fewer, and says so."""
    if most <= 0:
        return Removed()
    gone = connection.execute(
        delete(assignments)
        .where(assignments.c.user_id.in_(ids))
        .returning(assignments.c.experiment_id, assignments.c.arm)
    ).all()
    if not gone:
        return Removed()
    key_of = {row.id: row.key for row in connection.execute(select(experiments.c.id, experiments.c.key))}
    units: dict[str, dict[str, int]] = {}
    for experiment_id, arm in gone:
        units = _nested_sum(units, {key_of[experiment_id]: {arm: 1}})
        _count_erased_unit(connection, experiment_id, arm)
    return Removed({"assignments": len(gone)}, {}, units)


def _without_campaigns(connection: Connection, ids: Collection[int], most: int) -> Removed:
    """Her lots and cards, as few as the campaigns; each campaign counts a unit fewer in the arm of her lot."""
    if most <= 0:
        return Removed()
    entries = connection.execute(delete(campaign_entries).where(campaign_entries.c.user_id.in_(ids))).rowcount
    columns = campaign_units.c
    gone = connection.execute(
        delete(campaign_units).where(columns.user_id.in_(ids)).returning(columns.campaign_id, columns.is_contacted)
    ).all()
    for campaign_id, is_contacted in gone:
        count = campaigns.c.erased_contacted if is_contacted else campaigns.c.erased_held_out
        connection.execute(update(campaigns).where(campaigns.c.id == campaign_id).values({count: count + 1}))
    return Removed({"campaign_units": len(gone), "campaign_entries": entries})


def _count_erased_unit(connection: Connection, experiment_id: int, arm: str) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    one = dialect.insert(erased_units).values(experiment_id=experiment_id, arm=arm, units=1)
    connection.execute(
        one.on_conflict_do_update(index_elements=["experiment_id", "arm"], set_={"units": erased_units.c.units + 1})
    )


def _without_names(connection: Connection, person: Person) -> Removed:
    """Overwrites the dictionary rows, which then are nobody's.

    Deleted they can't be: no index of ours tells a database that nothing refers to them, so that it would read all
    events to find out, and every write would wait.
    """
    for id_ in person.ids:
        nobody = {"external_id": f"erased-{secrets.token_hex(16)}", "attributes": {}, "created_at": 0}
        connection.execute(update(users).where(users.c.id == id_).values(**nobody, merged_into=None, is_erasing=True))
    if not person.ids:
        return Removed()
    n_visitors = len(person.visitors) + person.key.is_visitor
    return Removed({"visitors": n_visitors, "users": len(person.ids) - n_visitors})


_HERS = (events, exposures, assignments, campaign_units, campaign_entries)
_REMOVALS = (_without_acts, _without_impressions, _without_exposures, _without_assignments, _without_campaigns)


def _noted(connection: Connection, person: Person, removed: Removed) -> Removed:
    """The same, added to the receipt in the list of the forgotten."""
    whose = suppressions.c.subject_hash == subject_hash(connection, person.key)
    kept = connection.execute(select(suppressions.c.receipt).where(whose).with_for_update()).scalar_one_or_none()
    if kept is not None:
        connection.execute(update(suppressions).where(whose).values(receipt=(Removed.of(kept) + removed).to_mapping()))
    return removed


def _count(connection: Connection, table: Table, ids: Collection[int]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(table.c.user_id.in_(ids))).scalar_one())


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def _nested_sum(
    one: Mapping[str, Mapping[str, int]], other: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, int]]:
    return {name: _sum(one.get(name, {}), other.get(name, {})) for name in {**one, **other}}
