"""Merging a visitor into the user she turned out to be.

The dictionary says so first, so that whatever comes under the visitor's id from then on is the user's; then her rows
are moved, a piece at a time, so that no feed waits long. Whoever merges again finishes what was cut off. On several
replicas an event that another one is storing at that very instant may be left under the visitor's id: merging again
moves it, and forgetting and handing over find it where it is.

- Of two assignments in one experiment the one whose first exposure was earlier stays: it is what she met first.
- What the shop said of the user stays; what it said of the visitor alone is added.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select, update
from sqlalchemy.sql.elements import ColumnElement

from service.log.dictionaries import ensured_user_ids, insert_new
from service.log.names import UserKey
from service.log.people import PIECE_ROWS, is_act, is_impression
from service.log.suppressions import suppressed
from service.log.tables import assignments, events, exposures, users


class MergeRefused(Exception):
    """These two can't be one person; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Rows that became the user's."""

    events: int = 0
    exposures: int = 0
    assignments: int = 0

    def __add__(self, other: "Moved") -> "Moved":
        """Both together."""
        return Moved(self.events + other.events, self.exposures + other.exposures, self.assignments + other.assignments)


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge that the dictionary knows of: the log's ids of both, and the assignments moved with it."""

    user_id: int
    visitor_id: int
    moved: Moved


def begin_merge(connection: Connection, user: UserKey, visitor: UserKey, *, now: int) -> Merge:
    """Makes the visitor the user's from this transaction on; who is not known yet gets a dictionary row.

    Args:
        connection: A writer's connection.
        user: The user.
        visitor: The visitor who turned out to be that user.
        now: Microseconds UTC.

    Raises:
        MergeRefused: If the visitor is another user's, or one of the two asked to be forgotten.
    """
    user_id = ensured_user_ids(connection, [user], now=now).get(user)
    # A visitor that was met never is made here, so that her late events find the way.
    fresh = {**visitor._asdict(), "attributes": {}, "created_at": now, "merged_into": user_id}
    if user_id is None or suppressed(connection, [user, visitor]):
        raise MergeRefused(
            "the user or the visitor asked to be forgotten: give the browser a new visitor id, or lift the suppression "
            "if the same person has come back and agrees"
        )
    insert_new(connection, users, [fresh])
    named = users.c.is_visitor.is_(True) & (users.c.external_id == visitor.external_id)
    columns = (users.c.id, users.c.merged_into, users.c.attributes)
    found = connection.execute(select(*columns).where(named).with_for_update()).one()
    if found.merged_into not in (None, user_id):
        raise MergeRefused(
            "this visitor has been merged into another user: give the browser a new visitor id after a log-out"
        )
    if found.merged_into is None:
        connection.execute(update(users).where(named).values(merged_into=user_id, attributes={}))
        _add_attributes(connection, user_id, found.attributes)
    return Merge(user_id, found.id, Moved(assignments=_moved_assignments(connection, user_id, found.id)))


def move_piece(connection: Connection, merge: Merge, *, most: int = PIECE_ROWS) -> tuple[Moved, bool]:
    """How many rows became the user's, at most ``most``; and whether none is left to move."""
    acts = _moved(connection, events, is_act([merge.visitor_id]), merge, most)
    seen = _moved(connection, events, is_impression([merge.visitor_id]), merge, most - acts)
    shown = _moved(connection, exposures, exposures.c.user_id == merge.visitor_id, merge, most - acts - seen)
    return Moved(events=acts + seen, exposures=shown), acts + seen + shown < most


def _moved(connection: Connection, table: Table, whose: ColumnElement[bool], merge: Merge, most: int) -> int:
    piece = select(table.c.seq).where(whose).limit(most).scalar_subquery()
    return connection.execute(update(table).where(table.c.seq.in_(piece)).values(user_id=merge.user_id)).rowcount


def _add_attributes(connection: Connection, user_id: int, said: dict[str, Any]) -> None:
    if said:
        known = connection.execute(select(users.c.attributes).where(users.c.id == user_id)).scalar_one()
        connection.execute(update(users).where(users.c.id == user_id).values(attributes={**said, **known}))


def _moved_assignments(connection: Connection, user_id: int, visitor_id: int) -> int:
    """How many experiments met the visitor; there are few, so one is moved after another."""
    columns = assignments.c
    query = select(columns.experiment_id, columns.arm, columns.first_exposed_at)
    first_of = {row.experiment_id: row for row in connection.execute(query.where(columns.user_id == user_id))}
    met = connection.execute(query.where(columns.user_id == visitor_id)).all()
    for row in met:
        of_visitor = assignments.update().where(
            columns.experiment_id == row.experiment_id, columns.user_id == visitor_id
        )
        own = first_of.get(row.experiment_id)
        if own is None:
            connection.execute(of_visitor.values(user_id=user_id))
            continue
        connection.execute(
            assignments.delete().where(columns.experiment_id == row.experiment_id, columns.user_id == visitor_id)
        )
        if row.first_exposed_at < own.first_exposed_at:
            connection.execute(
                assignments.update()
                .where(columns.experiment_id == row.experiment_id, columns.user_id == user_id)
                .values(arm=row.arm, first_exposed_at=row.first_exposed_at)
            )
    return len(met)
