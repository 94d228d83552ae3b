"""The dead letters that name a person: read in short pieces, since there may be many and each has to be parsed."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from service.log.mentions import PERSON_FIELDS, Mentions, possible_names
from service.log.names import UserKey
from service.log.suppressions import anybody_suppressed, suppressed
from service.log.tables import dead_letters, imports

_PIECE_ROWS = 2_000
_PERSON_MAPPINGS = ("user", "visitor", "user_id", "visitor_id", "customer")


class _Fields(NamedTuple):
    """The headings of an imported file: those that say whom a row is about, and those that say something else."""

    person: frozenset[str]
    other: frozenset[str]


def letters_naming(connection: Connection, names: Collection[str]) -> list[int]:
    """Ids of the dead letters that name the person of these names, oldest first."""
    return [row.id for row in letters_about(connection, names)]


def letters_about(connection: Connection, names: Collection[str]) -> Iterator[Row[Any]]:
    """The dead letters that name the person of these names, oldest first, with all their columns."""
    mentions = Mentions(names)

    @lru_cache(maxsize=64)
    def fields_of(import_id: int) -> _Fields:
        report = connection.execute(select(imports.c.report).where(imports.c.id == import_id)).scalar_one()
        return _fields(report.get("reading", {}).get("mapping", {}))

    last = 0
    columns = dead_letters.c
    while True:
        query = select(dead_letters).where(columns.id > last).order_by(columns.id).limit(_PIECE_ROWS)
        rows = connection.execute(query).all()
        for row in rows:
            if row.import_id is None:
                is_hers = mentions.in_row(row.payload)
            else:
                person, other = fields_of(row.import_id)
                is_hers = mentions.in_row(row.payload, person_fields=person, other_fields=other)
            if is_hers:
                yield row
        if len(rows) < _PIECE_ROWS:
            return
        last = rows[-1].id


def about_the_forgotten(connection: Connection, payloads: Sequence[str]) -> list[bool]:
    """Of each refused row whether somebody it may be about asked to be forgotten, so that it must not be kept."""
    if not anybody_suppressed(connection):
        return [False] * len(payloads)
    names = [possible_names(payload) for payload in payloads]
    keys = {UserKey(is_visitor, name) for some in names for name in some for is_visitor in (False, True)}
    forgotten = {key.external_id for key in suppressed(connection, keys)}
    return [not forgotten.isdisjoint(some) for some in names]


def _fields(mapping: Mapping[str, str]) -> _Fields:
    """Sorts the headings of an import by what they were taken for; an import that was cut off says nothing of them."""
    person = frozenset(heading for field, heading in mapping.items() if field in _PERSON_MAPPINGS)
    # An order's number may be made of its customer's.
    other = frozenset(heading for field, heading in mapping.items() if field not in (*_PERSON_MAPPINGS, "order_id"))
    return _Fields(person | PERSON_FIELDS, other)
