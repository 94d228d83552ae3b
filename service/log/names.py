"""How the log names people, and how many names fit one statement."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import Column, ColumnElement, Text, any_, bindparam, func, select
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


def among_texts(column: Column[Any], dialect: str) -> ColumnElement[bool]:
    """Whether the column is one of the texts that the statement is given as ``texts``; see ``given_texts``.

    They are one parameter however many they are, so that a statement is made and compiled once.
    """
    if dialect == "postgresql":
        return column == any_(bindparam("texts", type_=ARRAY(Text)))
    listed = func.json_each(bindparam("texts", type_=Text)).table_valued("value", name="listed")
    return column.in_(select(listed.c.value))


def given_texts(texts: Collection[str], dialect: str) -> dict[str, object]:
    """The parameter of a statement with ``among_texts``."""
    return {"texts": list(texts) if dialect == "postgresql" else msgspec.json.encode(list(texts)).decode()}
