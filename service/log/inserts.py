"""Many rows with one statement, each id once.

This is the hot path of the log, so it speaks to the drivers in tuples, without the SQL compiler.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, Select, Table, literal, select

from service.log.names import among_texts, given_texts
from service.log.tables import events

_ROWS_TOGETHER = (100, 10, 1)
"""Rows of one statement on SQLite: as many as are left of the first, then of the next."""


class Inserted(NamedTuple):
    """The rows that an insert added."""

    ids: frozenset[str]
    first_seq: int | None
    last_seq: int | None
    """Lowest and highest ``seq`` among them; None if there are none."""


def insert_rows(
    connection: Connection, table: Table, names: tuple[str, ...], rows: Sequence[Sequence[Any]]
) -> Inserted:
    """Inserts the rows whose ids are new and leaves the others as they are stored; of equal ids the first counts.

    Args:
        connection: A writer's connection.
        table: One that numbers its rows by ``seq`` and has a unique ``id``.
        names: The columns that are given, ``id`` first.
        rows: Their values, row by row.
    """
    if not rows:
        return Inserted(frozenset(), None, None)
    if connection.dialect.name == "postgresql":
        return _inserted_by_postgresql(connection, table, names, rows)
    return _inserted_by_sqlite(connection, table, names, rows)


def stored_hashes(connection: Connection, table: Table, ids: Collection[str]) -> dict[str, bytes]:
    """Payload hash by id, of those ids that the table holds; an expense's id is its content's hash and needs none."""
    dialect = connection.dialect.name
    found = connection.execute(_hashes_query(table, dialect), given_texts(ids, dialect))
    return {id_: bytes(hash_) for id_, hash_ in found}


@cache
def _hashes_query(table: Table, dialect: str) -> Select[Any]:
    payload_hash = table.c.payload_hash if table is events else literal(b"")
    return select(table.c.id, payload_hash).where(among_texts(table.c.id, dialect))


def _inserted_by_postgresql(
    connection: Connection, table: Table, names: tuple[str, ...], rows: Sequence[Sequence[Any]]
) -> Inserted:
    columns = tuple(list(column) for column in zip(*rows, strict=True))
    statement = _postgresql_insert(table, names, connection.dialect)
    added = connection.exec_driver_sql(statement, columns).all()
    seqs = [seq for _, seq in added]
    return Inserted(frozenset(id_ for id_, _ in added), min(seqs, default=None), max(seqs, default=None))


def _inserted_by_sqlite(
    connection: Connection, table: Table, names: tuple[str, ...], rows: Sequence[Sequence[Any]]
) -> Inserted:
    # SQLite numbers rows upwards from the highest there is, and nobody else writes meanwhile.
    last_before = connection.exec_driver_sql(f"SELECT coalesce(max(seq), 0) FROM {table.name}").scalar_one()  # noqa: S608  name of our own table
    n_added = sum(_added_together(connection, table, names, rows))
    if n_added == 0:
        return Inserted(frozenset(), None, None)
    if n_added == len(rows):
        added: Collection[str] = [row[0] for row in rows]
    else:
        added = connection.execute(select(table.c.id).where(table.c.seq > last_before)).scalars().all()
    return Inserted(frozenset(added), last_before + 1, last_before + n_added)


def _added_together(
    connection: Connection, table: Table, names: tuple[str, ...], rows: Sequence[Sequence[Any]]
) -> Iterator[int]:
    """How many rows each statement added.

    The driver lets other threads run once per statement. One for each row would hand the interpreter to and fro with
    the thread that answers requests, which costs more than the rows.
    """
    start = 0
    for n_rows in _ROWS_TOGETHER:
        while start + n_rows <= len(rows):
            values = tuple(chain.from_iterable(rows[start : start + n_rows]))
            yield connection.exec_driver_sql(_sqlite_insert(table, names, n_rows), values).rowcount
            start += n_rows


@cache
def _sqlite_insert(table: Table, names: tuple[str, ...], n_rows: int) -> str:
    marks = ", ".join([f"({', '.join('?' * len(names))})"] * n_rows)
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES {marks} ON CONFLICT (id) DO NOTHING"  # noqa: S608  names of our own table


@cache
def _postgresql_insert(table: Table, names: tuple[str, ...], dialect: Dialect) -> str:
    arrays = ", ".join(f"%s::{_array_type(table, name, dialect)}[]" for name in names)
    # Returning the ids costs little and needs no second look.
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM unnest({arrays}) "  # noqa: S608  names of our own table
        "ON CONFLICT (id) DO NOTHING RETURNING id, seq"
    )


def _array_type(table: Table, name: str, dialect: Dialect) -> str:
    """The type of a column's values; of text without its length, since a cast to it would cut in silence."""
    type_ = table.c[name].type
    return "text" if type_.python_type is str else type_.compile(dialect)
