"""The dictionaries of the log: outside ids to the integers that everything else is stored under."""

from collections.abc import Collection, Sequence
from functools import cache
from itertools import repeat
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Select, Table, Text, func, select
from sqlalchemy.dialects import postgresql, sqlite

from service.log.names import UserKey, among_texts, chunks, given_texts
from service.log.suppressions import suppressed
from service.log.tables import items, users


def ensured_user_ids(connection: Connection, keys: Collection[UserKey], *, now: int) -> dict[UserKey, int]:
    """The integer id of each user and visitor; those met for the first time get one.

    Who asked to be forgotten gets none, and is missing from the answer. A visitor who has been merged into a user has
    the user's.
    """
    known = user_ids(connection, keys, are_held=True)
    # Sorted, so that replicas which meet the same newcomers at once take turns instead of waiting for each other.
    missing = sorted({key for key in keys if key not in known})
    if missing:
        # Erasing hides the dictionary row first of all, so only newcomers have to be looked up among the forgotten.
        forgotten = suppressed(connection, missing)
        missing = [key for key in missing if key not in forgotten]
        rows = [{**key._asdict(), "attributes": {}, "created_at": now} for key in missing]
        insert_new(connection, users, rows)
        known |= user_ids(connection, missing, are_held=True)
    return known


def user_ids(connection: Connection, keys: Collection[UserKey], *, are_held: bool = False) -> dict[UserKey, int]:
    """The integer id of each key that the log knows; of a merged visitor the user's, of who is being erased none.

    Args:
        connection: A connection, a writer's if they are to be held.
        keys: Users and visitors.
        are_held: Whether nobody may erase whom this finds until the transaction ends (PostgreSQL; on SQLite there is
            one writer). A foreign key takes the same lock when a row is inserted, but then it is too late.
    """
    found: dict[UserKey, int] = {}
    for is_visitor in (False, True):
        wanted = {external_id for each_is_visitor, external_id in keys if each_is_visitor is is_visitor}
        if wanted:
            query = _users_query(connection.dialect.name, is_visitor=is_visitor, are_held=are_held)
            ids = _looked_up(connection, query, wanted)
            found.update(zip(map(UserKey, repeat(is_visitor), ids), ids.values(), strict=False))
    return found


def ensured_item_ids(connection: Connection, external_ids: Collection[str], *, now: int) -> dict[str, int]:
    """The integer id of each item; those met for the first time get one, and no title: they are not shown."""
    known = item_ids(connection, external_ids)
    missing = sorted({external_id for external_id in external_ids if external_id not in known})  # as of users
    if missing:
        insert_new(connection, items, [_unnamed_item(external_id, now) for external_id in missing])
        known |= item_ids(connection, missing)
    return known


def item_ids(connection: Connection, external_ids: Collection[str]) -> dict[str, int]:
    """The integer id of each item that the log knows."""
    if not external_ids:
        return {}
    return _looked_up(connection, _items_query(connection.dialect.name), set(external_ids))


class ItemLabel(NamedTuple):
    """What an item is called outside."""

    external_id: str
    kind: str
    title: str | None


def item_labels(connection: Connection, ids: Collection[int]) -> dict[int, ItemLabel]:
    """What each item is called, by the log's integer id."""
    found: dict[int, ItemLabel] = {}
    for chunk in chunks(list(set(ids))):
        query = select(items.c.id, items.c.external_id, items.c.kind, items.c.title).where(items.c.id.in_(chunk))
        found.update({id_: ItemLabel(*label) for id_, *label in connection.execute(query)})
    return found


def insert_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Inserts the rows that are new; one whose key is there already is left as it is.

    Returns:
        How many were new, or -1 where the database does not say (PostgreSQL).
    """
    if not rows:
        return 0
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows).rowcount


@cache
def _users_query(dialect: str, *, is_visitor: bool, are_held: bool) -> Select[Any]:
    known = (users.c.is_visitor == is_visitor) & ~users.c.is_erasing
    query = select(users.c.external_id, func.coalesce(users.c.merged_into, users.c.id).label("id")).where(
        known, among_texts(users.c.external_id, dialect)
    )
    if are_held and dialect == "postgresql":
        return query.with_for_update(read=True, key_share=True)
    return _one_row(query, dialect)


@cache
def _items_query(dialect: str) -> Select[Any]:
    query = select(items.c.external_id, items.c.id).where(among_texts(items.c.external_id, dialect))
    return _one_row(query, dialect)


def _one_row(pairs: Select[Any], dialect: str) -> Select[Any]:
    """On SQLite, external ids and integers as one JSON object.

    The driver lets other threads run once per row; hundreds of rows would hand the interpreter to and fro with the
    thread that answers requests.
    """
    if dialect == "postgresql":
        return pairs
    found = pairs.subquery()
    return select(func.json_group_object(found.c.external_id, found.c.id, type_=Text))


def _looked_up(connection: Connection, query: Select[Any], external_ids: Collection[str]) -> dict[str, int]:
    dialect = connection.dialect.name
    found = connection.execute(query, given_texts(external_ids, dialect))
    if dialect == "postgresql":
        return {external_id: id_ for external_id, id_ in found.all()}  # noqa: C416  a Row is no pair to mypy
    return msgspec.json.decode(found.scalar_one(), type=dict[str, int])


def _unnamed_item(external_id: str, now: int) -> dict[str, Any]:
    return {
        "external_id": external_id,
        "kind": "product",
        "known_from": "events",
        "categories": [],
        "tags": [],
        "available": False,
        "published_at": now,
        "attributes": {},
        "updated_at": now,
        "change": 0,
    }
