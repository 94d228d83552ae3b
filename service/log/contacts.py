"""What the shop said of users it may write to: their attributes, by the log's ids."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Engine, select

from service.log.names import chunks
from service.log.tables import users


class Described(NamedTuple):
    """A user and what the shop said of her."""

    user_id: int
    name: str
    """The shop's own id."""
    attributes: Mapping[str, Any]


def described_users(reader: Engine, user_ids: Sequence[int]) -> Iterator[Described]:
    """Those of the ids that are users, without who asked to be forgotten; each piece from a short snapshot of its own.

    Args:
        reader: The log.
        user_ids: The log's own.
    """
    columns = users.c
    for chunk in chunks(user_ids):
        is_asked = columns.id.in_(chunk) & ~columns.is_visitor & ~columns.is_erasing
        query = select(columns.id, columns.external_id, columns.attributes).where(is_asked).order_by(columns.id)
        with reader.connect() as connection:
            rows = connection.execute(query).all()
        yield from (Described(*row) for row in rows)
