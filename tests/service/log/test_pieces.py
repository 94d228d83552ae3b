"""Promises of reading in pieces: every row once, in order, whatever gaps the numbering has."""

from typing import Any

import pytest
from sqlalchemy import insert, select

from service.log.database import Database
from service.log.pieces import pieces
from service.log.tables import users
from service.log.writer import Writer


def add_users(writer: Writer, ids: list[int]) -> None:
    rows = [{"id": id_, "is_visitor": False, "external_id": str(id_), "attributes": {}, "created_at": 1} for id_ in ids]
    writer.run(lambda connection: connection.execute(insert(users), rows))


@pytest.mark.parametrize("ids", [[7], [3, 4, 20, 21, 22, 90]])
def test_every_row_is_in_one_piece_and_none_in_two(database: Database, writer: Writer, ids: list[int]) -> None:
    add_users(writer, ids)
    for size in (1, 3, 1_000):
        read: list[Any] = []
        shares = []
        for piece in pieces(database.reader, users.c.id, size=size):
            with database.reader.connect() as connection:
                found = connection.execute(select(users.c.id).where(piece.holds).order_by(users.c.id)).scalars().all()
            assert len(found) <= size
            read += found
            shares.append(piece.share)
        assert read == ids
        assert shares == sorted(shares)
        assert shares[-1] == 1.0


def test_a_table_without_rows_has_no_pieces(database: Database) -> None:
    assert list(pieces(database.reader, users.c.id)) == []


def test_what_comes_later_is_not_waited_for(database: Database, writer: Writer) -> None:
    add_users(writer, [1, 2])
    found = pieces(database.reader, users.c.id, size=1)
    first = next(found)
    add_users(writer, [3, 4, 5])
    assert [piece.last for piece in (first, *found)] == [1, 2]
