"""Imports as the log keeps them: which file, when, and what became of its rows; and how they are taken out again.

An import is many short writes. One that was cut off has no ``finished_at``; importing the file again completes it, for
its rows are known by their ids.

Events have no index on ``import_id``, which would cost every row for the sake of a few mistakes. Instead each import
remembers the lowest and highest ``seq`` it stored: whoever looks for its rows reads that range of the primary key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, delete, exists, func, insert, or_, select, update

from recommender.events import Kind
from service.log.bulk import store_piece
from service.log.counters import next_number
from service.log.import_pieces import Piece
from service.log.names import chunks
from service.log.tables import (
    assignments,
    campaign_units,
    dead_letters,
    events,
    expenses,
    exposures,
    imports,
    items,
    users,
)


class ImportUnknown(LookupError):
    """The log has no import of this number."""


class ImportClosed(Exception):
    """The import takes no rows, or can't be taken out."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import. Instants in microseconds UTC."""

    id: int
    file_name: str
    started_at: int
    finished_at: int | None
    undone_at: int | None
    first_seq: int | None
    last_seq: int | None
    report: dict[str, Any]
    """What became of its rows, in the shape of the command's JSON; of one not finished only its ``kind``."""

    @property
    def became(self) -> str:
        """``undone``, ``finished``, or ``not finished``: one that is running, or was cut off."""
        if self.undone_at is not None:
            return "undone"
        return "not finished" if self.finished_at is None else "finished"

    @property
    def seqs(self) -> range:
        """Every ``seq`` that its events may have."""
        if self.first_seq is None or self.last_seq is None:
            return range(0)
        return range(self.first_seq, self.last_seq + 1)


def begin_import(connection: Connection, *, file_name: str, kind: str, now: int) -> int:
    """The number of a new import; every row that it stores or refuses carries it."""
    statement = insert(imports).values(file_name=file_name, started_at=now, report={"kind": kind})
    inserted = connection.execute(statement).inserted_primary_key
    if inserted is None:
        raise LookupError(f"the database gave no id to the import of {file_name}")
    return int(inserted[0])


def store_import_piece(connection: Connection, import_id: int, piece: Piece, *, now: int) -> str:
    """What became of the piece's rows, a letter each: see ``service.log.import_pieces``.

    Raises:
        ImportUnknown: If there is no such import.
        ImportClosed: If it is finished or was undone.
    """
    found = _locked(connection, import_id)
    if found.finished_at is not None:
        raise ImportClosed(f"import {import_id} of {found.file_name} takes no more rows: import the file again")
    stored = store_piece(connection, piece, now=now, import_id=import_id)
    if stored.first_seq is not None and stored.last_seq is not None:
        first, last = (stored.first_seq, stored.last_seq) if not found.seqs else (found.seqs[0], found.seqs[-1])
        widened = {"first_seq": min(first, stored.first_seq), "last_seq": max(last, stored.last_seq)}
        connection.execute(update(imports).where(imports.c.id == import_id).values(widened))
    return stored.results


def finish_import(connection: Connection, import_id: int, *, report: Mapping[str, Any], now: int) -> None:
    """Keeps the account of a finished import; of one that is finished already the first account stays.

    Raises:
        ImportUnknown: If there is no such import.
    """
    if _locked(connection, import_id).finished_at is None:
        values = {"report": dict(report), "finished_at": now}
        connection.execute(update(imports).where(imports.c.id == import_id).values(values))


def all_imports(connection: Connection) -> list[Import]:
    """Every import, in the order of their numbers."""
    return [_import(row) for row in connection.execute(select(imports).order_by(imports.c.id)).mappings()]


def close_import(connection: Connection, import_id: int, *, now: int) -> Import:
    """The import, which takes no more rows from now on.

    Raises:
        ImportUnknown: If there is no such import.
        ImportClosed: If it was one of a catalogue.
    """
    found = _locked(connection, import_id)
    if found.report.get("kind") == "items":
        raise ImportClosed(
            f"import {import_id} of {found.file_name} described items, and what it overwrote is not kept: "
            "import the right file, it overwrites in turn"
        )
    if found.finished_at is None:
        connection.execute(update(imports).where(imports.c.id == import_id).values(finished_at=now))
    return found


def items_mentioned(connection: Connection, import_id: int, seqs: range) -> set[int]:
    """The integer ids of the items of an import's events within a range of ``seq``."""
    query = select(events.c.item_id).distinct().where(*_rows(import_id, seqs))
    return set(connection.execute(query).scalars())


def users_mentioned(connection: Connection, import_id: int, seqs: range) -> set[int]:
    """The integer ids of the users of an import's events within a range of ``seq``."""
    query = select(events.c.user_id).distinct().where(*_rows(import_id, seqs), events.c.user_id.is_not(None))
    return set(connection.execute(query).scalars())


def forget_items(connection: Connection, item_ids: Sequence[int], *, now: int) -> int:
    """Takes away what sales files said of the items; what a catalogue said stays. How many knew nothing else.

    Their dictionary rows stay, as bare numbers that no feed shows: events have no index by item, so that the database
    would read all of them for each row to prove that it may go.
    """
    nothing: dict[str, Any] = {
        **dict.fromkeys(("title", "url", "image_url", "creator", "price_minor", "currency")),
        "categories": [],
        "tags": [],
        "attributes": {},
        "known_from": "events",
        "available": False,
        "is_service": False,
    }
    stamp = {"updated_at": now, "change": next_number(connection, "catalogue")}
    only_sales = (items.c.id.in_(item_ids), items.c.known_from == "sales")
    return connection.execute(update(items).where(*only_sales).values(**nothing, **stamp)).rowcount


def forget_countries(connection: Connection, import_: Import, user_ids: Sequence[int]) -> int:
    """Takes the country away from users who came with the import and of whom nothing else is known. How many."""
    elsewhere = or_(
        *(
            # Each of the two has an index of its own.
            exists().where(events.c.user_id == users.c.id, sort, *_not_of(import_.id))
            for sort in (events.c.kind == Kind.IMPRESSION, events.c.kind != Kind.IMPRESSION)
        ),
        exists().where(exposures.c.user_id == users.c.id),
        exists().where(assignments.c.user_id == users.c.id),
        exists().where(campaign_units.c.user_id == users.c.id),
    )
    query = select(users.c.id, users.c.attributes).where(
        users.c.id.in_(user_ids), users.c.created_at >= import_.started_at, ~elsewhere
    )
    only_country = [id_ for id_, attributes in connection.execute(query) if list(attributes) == ["country"]]
    for chunk in chunks(only_country):
        connection.execute(update(users).where(users.c.id.in_(chunk)).values(attributes={}))
    return len(only_country)


def remove_events(connection: Connection, import_id: int, seqs: range) -> int:
    """Takes out the import's events within a range of ``seq``; how many there were."""
    return connection.execute(delete(events).where(*_rows(import_id, seqs))).rowcount


def remove_some_expenses(connection: Connection, import_id: int, *, most: int) -> int:
    """Takes out up to ``most`` of the import's expenses; how many there were."""
    return _remove_some(connection, expenses, expenses.c.seq, import_id, most)


def remove_some_dead_letters(connection: Connection, import_id: int, *, most: int) -> int:
    """Takes out up to ``most`` of the import's dead letters; how many there were."""
    return _remove_some(connection, dead_letters, dead_letters.c.id, import_id, most)


def mark_undone(connection: Connection, import_id: int, *, now: int) -> None:
    """Says of the import that its rows are gone; the first instant stays."""
    undone_at = func.coalesce(imports.c.undone_at, now)
    connection.execute(update(imports).where(imports.c.id == import_id).values(undone_at=undone_at))


def _locked(connection: Connection, import_id: int) -> Import:
    """The import, which no other transaction changes until this one ends."""
    row = connection.execute(select(imports).where(imports.c.id == import_id).with_for_update()).mappings().first()
    if row is None:
        raise ImportUnknown(f"there is no import {import_id}: see kembang import --list")
    return _import(row)


def _import(row: Mapping[Any, Any]) -> Import:
    return Import(**row)


def _rows(import_id: int, seqs: range) -> tuple[Any, ...]:
    return (events.c.seq.between(seqs.start, seqs.stop - 1), events.c.import_id == import_id)


def _not_of(import_id: int) -> tuple[Any, ...]:
    return (or_(events.c.import_id.is_(None), events.c.import_id != import_id),)


def _remove_some(connection: Connection, table: Table, key: Any, import_id: int, most: int) -> int:
    some = select(key).where(table.c.import_id == import_id).limit(most)
    return connection.execute(delete(table).where(key.in_(some))).rowcount
