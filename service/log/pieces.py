"""Reading what does not fit memory: a table in pieces of its key, each from a short snapshot of its own.

A snapshot that lasts for a whole table would keep SQLite from ever emptying its WAL, and PostgreSQL from clearing away
dead rows, beside a busy service. What that promises: every row that was there at the start and is still there at the
end is read, and no row twice. Rows that are appended meanwhile are left for the next reading; a row that is erased,
merged or taken out again meanwhile may be read as it was or as it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sqlalchemy import Column, ColumnElement, Connection, Engine, Select, func, select

PIECE_ROWS = 50_000
"""Rows that one transaction reads: some tens of milliseconds, and some ten megabytes not yet in arrays."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The rows of a table whose key lies above ``after`` and up to ``last``."""

    key: Column[int]
    after: int
    last: int
    share: float
    """How much of the table is read once this piece is, 0 to 1."""

    @property
    def holds(self) -> ColumnElement[bool]:
        """The condition that a row is in this piece."""
        return (self.key > self.after) & (self.key <= self.last)


def pieces(reader: Engine, key: Column[int], *, size: int | None = None) -> Iterator[Piece]:
    """The pieces of the table that ``key`` numbers, as far as it goes now, in order.

    Args:
        reader: The log.
        key: An indexed column of integers.
        size: Keys in a piece, ``PIECE_ROWS`` by default; gaps in the numbering make pieces smaller, never larger.
    """
    size = size or PIECE_ROWS
    with reader.connect() as connection:
        # Apart, since SQLite answers each from the end of an index and both together by reading everything.
        first, last = (connection.execute(select(edge(key))).scalar() for edge in (func.min, func.max))
    start = first
    while first is not None and last is not None and start is not None:
        end = min(start + size - 1, last)
        yield Piece(key, start - 1, end, share=(end - first + 1) / (last - first + 1))
        with reader.connect() as connection:
            # Gaps may be far wider than a piece, where imports were taken out again.
            start = connection.execute(select(func.min(key)).where(key > end, key <= last)).scalar()


def column_arrays(connection: Connection, query: Select[Any], types: Mapping[str, DTypeLike]) -> NDArray[np.void]:
    """The rows of the query as one structured array; null is nan in a column of floats.

    For what fits memory as rows of Python objects first, such as a piece.

    Args:
        connection: A reader's connection.
        query: What to read.
        types: Name and type of each column of the query, in its order.
    """
    # The driver's own tuples become an array in one step, without a row object or a Python loop for each.
    cursor = connection.execute(query).cursor
    return np.array([] if cursor is None else cursor.fetchall(), dtype=list(types.items()))
