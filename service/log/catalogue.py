"""The catalogue and the users' attributes, as the log keeps them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from service.log.counters import next_number
from service.log.dictionaries import ensured_user_ids
from service.log.names import UserKey, chunks
from service.log.tables import items, users


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueItem:
    """One item as the shop describes it. Instants in microseconds UTC, price in minor units of ``currency``."""

    external_id: str
    kind: str
    title: str | None
    url: str | None = None
    image_url: str | None = None
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    creator: str | None = None
    price_minor: int | None = None
    currency: str | None = None
    available: bool = True
    is_service: bool = False
    published_at: int | None = None
    """When the item came out; None keeps what is known, or takes the instant of the first mention."""
    attributes: dict[str, Any] = field(default_factory=dict)
    known_from: Literal["sales", "catalogue"] = "catalogue"
    """A sales file knows less than a catalogue, and never overwrites one."""


def put_items(connection: Connection, new: Sequence[CatalogueItem], *, now: int) -> None:
    """Makes the catalogue say what the given items say; an item named twice ends as its last mention."""
    if not new:
        return
    latest = {item.external_id: item for item in new}.values()
    dated = [item for item in latest if item.published_at is not None]
    undated = [item for item in latest if item.published_at is None]
    stamp = {"updated_at": now, "change": next_number(connection, "catalogue")}
    _upsert(connection, dated, stamp, kept=("external_id",))
    _upsert(connection, undated, stamp, kept=("external_id", "published_at"))


def put_user_attributes(connection: Connection, new: Mapping[UserKey, dict[str, Any]], *, now: int) -> set[UserKey]:
    """Replaces the attributes of the given users; those met for the first time get their dictionary row.

    Returns:
        Those who asked to be forgotten: nothing of them is stored.
    """
    if not new:
        return set()
    ids = ensured_user_ids(connection, list(new), now=now)
    statement = update(users).where(users.c.id == bindparam("user_id")).values(attributes=bindparam("said"))
    rows = [{"user_id": ids[key], "said": said} for key, said in new.items() if key in ids]
    if rows:
        connection.execute(statement, rows)
    return {key for key in new if key not in ids}


def add_user_attributes(connection: Connection, new: Mapping[UserKey, dict[str, Any]], *, now: int) -> None:
    """Gives attributes to those users of whom none is known yet; what the shop itself said stays."""
    ids = ensured_user_ids(connection, list(new), now=now)
    described: set[int] = set()
    for chunk in chunks(list(ids.values())):
        rows = connection.execute(select(users.c.id, users.c.attributes).where(users.c.id.in_(chunk)))
        described.update(id_ for id_, attributes in rows if attributes)
    undescribed = {key: said for key, said in new.items() if key in ids and ids[key] not in described}
    put_user_attributes(connection, undescribed, now=now)


def items_changed_since(connection: Connection, change: int) -> tuple[dict[int, CatalogueItem], int]:
    """Every item changed after a numbered change, by its integer id, and the number of the last change among them.

    Items known only from events are left out.
    """
    said = [items.c[field_.name] for field_ in fields(CatalogueItem)]
    query = select(items.c.id, items.c.change, *said).where(items.c.change > change)
    found, last = {}, change
    for id_, changed, *values in connection.execute(query):
        known = dict(zip((column.name for column in said), values, strict=True))
        found[id_] = CatalogueItem(**{**known, "categories": tuple(known["categories"]), "tags": tuple(known["tags"])})
        last = max(last, changed)
    return found, last


def _upsert(
    connection: Connection, new: Sequence[CatalogueItem], stamp: Mapping[str, int], *, kept: Sequence[str]
) -> None:
    if not new:
        return
    now = stamp["updated_at"]
    rows = [
        {**asdict(item), "published_at": now if item.published_at is None else item.published_at, **stamp}
        for item in new
    ]
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(items)
    changes = {column: insert.excluded[column] for column in rows[0] if column not in kept}
    may_change = (items.c.known_from != "catalogue") | (insert.excluded.known_from == "catalogue")
    connection.execute(
        insert.on_conflict_do_update(index_elements=["external_id"], set_=changes, where=may_change), rows
    )
