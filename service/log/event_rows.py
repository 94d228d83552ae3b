"""Rows of the events table: many with one statement, each id once.

This is the hot path of the log, so it speaks to the drivers without the SQL compiler.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from sqlalchemy import Connection, Dialect, select

from service.log.names import among
from service.log.tables import events


class EventRow(NamedTuple):
    """One row, its columns in the order of the table; the database numbers it."""

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


def insert_event_rows(connection: Connection, rows: Sequence[EventRow]) -> set[str]:
    """Inserts the rows whose ids are new and leaves the others as they are stored.

    Args:
        connection: A writer's connection.
        rows: Rows of different ids.

    Returns:
        The ids that were new.
    """
    if not rows:
        return set()
    if connection.dialect.name == "postgresql":
        return _inserted_by_postgresql(connection, rows)
    return _inserted_by_sqlite(connection, rows)


def stored_hashes(connection: Connection, ids: Sequence[str]) -> dict[str, bytes]:
    """The payload hash of each of the ids that the log holds."""
    query = select(events.c.id, events.c.payload_hash).where(among(connection, events.c.id, ids))
    return {id_: bytes(payload_hash) for id_, payload_hash in connection.execute(query)}


def _inserted_by_postgresql(connection: Connection, rows: Sequence[EventRow]) -> set[str]:
    columns = tuple(list(column) for column in zip(*rows, strict=True))
    return set(connection.exec_driver_sql(_postgresql_insert(connection.dialect), columns).scalars())


def _inserted_by_sqlite(connection: Connection, rows: Sequence[EventRow]) -> set[str]:
    last_seq = connection.exec_driver_sql("SELECT coalesce(max(seq), 0) FROM events").scalar_one()
    count = connection.exec_driver_sql(_SQLITE_INSERT, rows).rowcount
    ids = {row.id for row in rows}
    if count == len(ids):
        return ids
    # Nobody else writes, so what is numbered higher than before was inserted here.
    query = select(events.c.id).where(among(connection, events.c.id, ids), events.c.seq > last_seq)
    return set(connection.execute(query).scalars())


@cache
def _postgresql_insert(dialect: Dialect) -> str:
    arrays = ", ".join(f"%s::{_array_type(column, dialect)}[]" for column in EventRow._fields)
    # Returning the ids costs little and needs no second look.
    return f"INSERT INTO events ({_COLUMNS}) SELECT * FROM unnest({arrays}) ON CONFLICT (id) DO NOTHING RETURNING id"  # noqa: S608  names of our own columns


def _array_type(column: str, dialect: Dialect) -> str:
    """The type of a column's values; of text without its length, since a cast to it would cut in silence."""
    type_ = events.c[column].type
    return "text" if type_.python_type is str else type_.compile(dialect)


_COLUMNS = ", ".join(EventRow._fields)
_SQLITE_INSERT = (
    f"INSERT INTO events ({_COLUMNS}) VALUES ({', '.join('?' * len(EventRow._fields))}) ON CONFLICT (id) DO NOTHING"  # noqa: S608  names of our own columns
)
