"""A person as the log holds her: a user, or a visitor who never became one, with all visitors merged into her."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, literal, select
from sqlalchemy.sql.elements import ColumnElement

from recommender.events import Kind
from service.log.names import UserKey
from service.log.tables import events, users

PIECE_ROWS = 500
"""Rows that one transaction moves or removes; a feed whose commit comes behind it waits some tens of milliseconds."""

# Said literally, so that both databases see that the partial indexes over these rows may be used.
_IMPRESSION = literal(int(Kind.IMPRESSION), literal_execute=True)


@dataclass(frozen=True, slots=True)
class Person:
    """All her names, and the integers her rows are stored under."""

    key: UserKey
    """The user, or the visitor who never became one."""
    visitors: tuple[UserKey, ...]
    """Visitors merged into her."""
    ids: tuple[int, ...]
    """Her own, then those of ``visitors``; empty for somebody the log does not know."""

    @property
    def keys(self) -> tuple[UserKey, ...]:
        """Everything she was ever called."""
        return (self.key, *self.visitors)

    @property
    def names(self) -> frozenset[str]:
        """The same without saying which are users' and which visitors'."""
        return frozenset(key.external_id for key in self.keys)


def person_behind(connection: Connection, key: UserKey) -> Person:
    """Who a user or visitor is; a merged visitor is the user, and somebody who is being erased is found too."""
    named = (users.c.is_visitor == key.is_visitor) & (users.c.external_id == key.external_id)
    id_ = connection.execute(select(func.coalesce(users.c.merged_into, users.c.id)).where(named)).scalar_one_or_none()
    if id_ is None:
        return Person(key, (), ())
    columns = (users.c.id, users.c.is_visitor, users.c.external_id)
    own = connection.execute(select(*columns).where(users.c.id == id_)).one()
    merged = connection.execute(select(*columns).where(users.c.merged_into == id_).order_by(users.c.id)).all()
    return Person(
        key=UserKey(own.is_visitor, own.external_id),
        visitors=tuple(UserKey(row.is_visitor, row.external_id) for row in merged),
        ids=(own.id, *(row.id for row in merged)),
    )


def is_act(ids: Collection[int]) -> ColumnElement[bool]:
    """Condition on events: an act of one of the users, found by an index."""
    return events.c.user_id.in_(ids) & (events.c.kind != _IMPRESSION)


def is_impression(ids: Collection[int]) -> ColumnElement[bool]:
    """Condition on events: shown to one of the users, found by an index."""
    return events.c.user_id.in_(ids) & (events.c.kind == _IMPRESSION)
