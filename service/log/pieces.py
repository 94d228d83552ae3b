"""Reading what does not fit memory: a table in pieces of its key, each from a short snapshot of its own.

A snapshot that lasts for a whole table would keep SQLite from ever emptying its WAL beside a busy service. What is
stored while the pieces are read is not among them, and what is erased meanwhile is missing from those still to come.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sqlalchemy import Column, ColumnElement, Connection, Engine, Select, func, select

PIECE_ROWS = 50_000


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


def pieces(reader: Engine, key: Column[int], *, size: int = PIECE_ROWS) -> Iterator[Piece]:
    """The pieces of the table that ``key`` numbers, as far as it goes now, in order.

    Args:
        reader: The log.
        key: An integer primary key.
        size: Keys in a piece; gaps in the numbering make pieces smaller, never larger.
    """
    with reader.connect() as connection:
        # Apart, since SQLite answers each from the end of an index and both together by reading everything.
        first, last = (connection.execute(select(edge(key))).scalar() for edge in (func.min, func.max))
    if first is None or last is None:
        return
    for after in range(first - 1, last, size):
        end = min(after + size, last)
        yield Piece(key, after, end, share=(end - first + 1) / (last - first + 1))


def column_arrays(connection: Connection, query: Select[Any], types: Sequence[DTypeLike]) -> list[NDArray[Any]]:
    """One array per column, read in chunks so that memory holds arrays and one chunk of rows, never all rows."""
    parts: list[list[NDArray[Any]]] = [[] for _ in types]
    result = connection.execution_options(stream_results=True, max_row_buffer=PIECE_ROWS).execute(query)
    for rows in result.partitions(PIECE_ROWS):
        for part, values, type_ in zip(parts, zip(*rows, strict=True), types, strict=True):
            part.append(np.array(values, dtype=type_))
    return [
        np.concatenate(part) if part else np.empty(0, dtype=type_) for part, type_ in zip(parts, types, strict=True)
    ]
