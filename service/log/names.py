"""How the log names people, and how many names fit one statement."""

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Text, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

T = TypeVar("T")

CHUNK = 5_000
"""Values in one IN list; SQLite takes 32,766."""


class UserKey(NamedTuple):
    """Who acts: the shop's own id of a user, or a browser's id of a visitor."""

    is_visitor: bool
    external_id: str


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The values in pieces that fit one statement."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def among(connection: Connection, column: Column[Any], texts: Collection[str]) -> ColumnElement[bool]:
    """Whether the column is one of the texts: one parameter however many they are, so one statement, compiled once."""
    if connection.dialect.name == "postgresql":
        return column == any_(literal(list(texts), ARRAY(Text)))
    listed = func.json_each(json.dumps(list(texts))).table_valued("value")
    return column.in_(select(listed.c.value))
