"""Storing many rows in one write: the pieces of an import, and whole frames of a simulated shop.

A piece costs one look-up of its users, one of its items and one insert. Only where the insert left rows out are those
looked up, to tell rows stored before from ids used twice.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from recommender.events import Kind
from service.log import import_pieces
from service.log.append import DeadLetter, append_dead_letters
from service.log.catalogue import CatalogueItem, add_user_attributes, put_items
from service.log.dictionaries import ensured_item_ids, ensured_user_ids
from service.log.event_columns import EventColumns
from service.log.import_pieces import EventPiece, ExpensePiece, ItemPiece, LetterPiece, Piece, UserPiece
from service.log.inserts import insert_rows, stored_hashes
from service.log.names import UserKey
from service.log.suppressions import suppressed
from service.log.tables import dead_letters, events, expenses

_MONEY = [int(Kind.PURCHASE), int(Kind.REFUND)]
_WORDS = {
    import_pieces.ACCEPTED: "accepted",
    import_pieces.UNNAMED: "accepted",
    import_pieces.DUPLICATE: "duplicate",
    import_pieces.CHANGED: "rejected",
    import_pieces.FORGOTTEN: "rejected",
}


@dataclass(frozen=True, slots=True)
class StoredPiece:
    """What became of a piece."""

    results: str
    """Of events and expenses a letter per row, in order: see ``import_pieces``. Empty for what can't be a duplicate."""
    first_seq: int | None = None
    last_seq: int | None = None
    """Lowest and highest ``seq`` of the stored events; None if there are none."""


def put_item_frame(
    connection: Connection, frame: pd.DataFrame, *, now: int, known_from: Literal["sales", "catalogue"]
) -> None:
    """Makes the catalogue say what the frame says.

    Args:
        connection: A writer's connection.
        frame: Column ``item`` (the outside id) and any fields of ``CatalogueItem``; null where not known.
        now: Microseconds UTC.
        known_from: How much the frame knows; sales never overwrite a catalogue.
    """
    put_items(connection, catalogue_items(frame, known_from=known_from), now=now)


def catalogue_items(frame: pd.DataFrame, *, known_from: Literal["sales", "catalogue"]) -> list[CatalogueItem]:
    """The items that a frame of ``put_item_frame`` describes."""
    known = [field.name for field in fields(CatalogueItem) if field.name in frame]
    columns = {name: frame[name].astype(object) for name in known}
    plain = pd.DataFrame({name: values.where(values.notna(), None) for name, values in columns.items()})
    rows: list[dict[str, Any]] = plain.assign(external_id=frame["item"]).to_dict("records")  # type: ignore[assignment]  # column names are strings
    return [CatalogueItem(**row, known_from=known_from) for row in rows]


def append_event_frame(
    connection: Connection, frame: pd.DataFrame, *, received_at: int, on_progress: Callable[[int], None]
) -> NDArray[np.object_]:
    """Appends every row that is new by its id, all in the one transaction, and says what became of each.

    Args:
        connection: A writer's connection.
        frame: Columns ``event_columns.EVENT_COLUMNS``; optional ones null where not given, or left out.
        received_at: Microseconds UTC.
        on_progress: Told how many rows are done.

    Returns:
        ``accepted``, ``duplicate`` or ``rejected`` for each row, in order.
    """
    columns = EventColumns(frame)
    results: list[str] = []
    for start in range(0, len(columns), import_pieces.MOST_ROWS):
        places = np.arange(start, min(start + import_pieces.MOST_ROWS, len(columns)))
        stored = store_piece(connection, columns.piece(places), now=received_at, import_id=None)
        results += [_WORDS[letter] for letter in stored.results]
        on_progress(len(results))
    return np.array(results, dtype=object)


def store_piece(connection: Connection, piece: Piece, *, now: int, import_id: int | None) -> StoredPiece:
    """Stores a piece; one that was stored before changes nothing.

    Rows of people who asked to be forgotten lose the person: what they bought and gave back stays, as money of nobody,
    and their other acts are not stored at all.

    Args:
        connection: A writer's connection.
        piece: What to store.
        now: Microseconds UTC.
        import_id: The import it belongs to; only events can do without.
    """
    match piece:
        case EventPiece():
            return _store_events(connection, piece, now=now, import_id=import_id)
        case ExpensePiece():
            return _store_expenses(connection, piece, now=now, import_id=import_id)
        case ItemPiece():
            put_items(connection, piece.items, now=now)
        case UserPiece():
            countries = zip(piece.users, piece.countries, strict=True)
            said = {UserKey(False, user): {"country": country} for user, country in countries}
            add_user_attributes(connection, said, now=now)
        case LetterPiece():
            _store_letters(connection, piece, now=now, import_id=import_id)
    return StoredPiece("")


def foreseen_results(
    connection: Connection | None, piece: EventPiece | ExpensePiece, *, before: Mapping[str, bytes]
) -> str:
    """The letters that storing the piece would give now, with nothing written.

    Args:
        connection: A reader's connection, which carries the key of who asked to be forgotten; None if there is no log.
        piece: What might be stored.
        before: Payload hash by id, of further rows to take for stored: those of the pieces foreseen before this one.
    """
    known = dict(before)
    if connection is not None:
        known |= stored_hashes(connection, expenses if isinstance(piece, ExpensePiece) else events, piece.ids)
    new = {id_ for id_ in piece.ids if id_ not in known}
    if isinstance(piece, ExpensePiece):
        return _expense_letters(piece, new=new)
    first_hashes = dict(zip(reversed(piece.ids), reversed(piece.payload_hashes), strict=True))
    forgotten = set() if connection is None else suppressed(connection, piece.users)
    is_forgotten = np.array([user in forgotten for user in piece.users] + [False])[piece.user_places]
    return _letters(piece, new=new, known={**first_hashes, **known}, is_forgotten=is_forgotten)


def _expense_letters(piece: ExpensePiece, *, new: Collection[str]) -> str:
    ids = pd.Series(piece.ids, dtype=object)
    is_new = ids.isin(list(new)) & ~ids.duplicated()
    return "".join(np.where(is_new, import_pieces.ACCEPTED, import_pieces.DUPLICATE).tolist())


def _letters(
    piece: EventPiece, *, new: Collection[str], known: Mapping[str, bytes], is_forgotten: NDArray[np.bool_]
) -> str:
    """What becomes of each row.

    Args:
        piece: The rows.
        new: Ids that were not in the log before.
        known: Payload hash in the log by id, of the others and of those that stand twice in the piece.
        is_forgotten: Of which rows the user asked to be forgotten, shape ``(n_rows,)``.
    """
    letters = np.where(
        is_forgotten, np.where(_is_money(piece), import_pieces.UNNAMED, import_pieces.FORGOTTEN), import_pieces.ACCEPTED
    )
    ids = pd.Series(piece.ids, dtype=object)[letters != import_pieces.FORGOTTEN]
    for place in ids.index[ids.duplicated() | ~ids.isin(list(new))].tolist() if known else ():
        is_same = known[piece.ids[place]] == piece.payload_hashes[place]
        # What was changed would be kept word for word, which of the forgotten nothing may be.
        changed = import_pieces.FORGOTTEN if is_forgotten[place] else import_pieces.CHANGED
        letters[place] = import_pieces.DUPLICATE if is_same else changed
    return "".join(letters.tolist())


def _is_money(piece: EventPiece) -> NDArray[np.bool_]:
    return np.isin(piece.kinds, _MONEY)


def _store_events(connection: Connection, piece: EventPiece, *, now: int, import_id: int | None) -> StoredPiece:
    found = ensured_user_ids(connection, piece.users, now=now)
    user_ids = np.array([found.get(user, -1) for user in piece.users] + [-1])[piece.user_places]
    item_ids = ensured_item_ids(connection, piece.items, now=now)
    is_forgotten = (np.array(piece.user_places) >= 0) & (user_ids < 0)
    columns: dict[str, list[Any]] = {
        "id": piece.ids,
        "payload_hash": piece.payload_hashes,
        "kind": piece.kinds,
        "user_id": [None if id_ < 0 else id_ for id_ in user_ids.tolist()],
        "item_id": np.array([item_ids[item] for item in piece.items] + [-1])[piece.item_places].tolist(),
        # A clock that runs a little ahead must not hide an event from the next feed. The hash keeps what was sent.
        "at": np.minimum(piece.at, now).tolist() if piece.at else [],
        "sent_at": piece.sent_at,
        "received_at": [now] * len(piece.ids),
        "feed_id": piece.feed_ids,
        # An order's number may be made of the name that must go.
        "order_id": [None if gone else id_ for id_, gone in zip(piece.order_ids, is_forgotten.tolist(), strict=True)],
        "quantity": piece.quantities,
        "amount_minor": piece.amounts_minor,
        "currency": piece.currencies,
        "seconds_watched": piece.seconds_watched,
        "seconds_total": piece.seconds_total,
        "cost_minor": piece.costs_minor,
        "fee_minor": piece.fees_minor,
        "import_id": [import_id] * len(piece.ids),
    }
    kept = ~is_forgotten | _is_money(piece)
    if not kept.all():
        columns = {name: np.array(values, dtype=object)[kept].tolist() for name, values in columns.items()}
    inserted = insert_rows(connection, events, tuple(columns), list(zip(*columns.values(), strict=True)))
    known = {} if len(inserted.ids) == len(piece.ids) else stored_hashes(connection, events, piece.ids)
    results = _letters(piece, new=inserted.ids, known=known, is_forgotten=is_forgotten)
    return StoredPiece(results, inserted.first_seq, inserted.last_seq)


def _store_expenses(connection: Connection, piece: ExpensePiece, *, now: int, import_id: int | None) -> StoredPiece:
    columns: dict[str, list[Any]] = {
        "id": piece.ids,
        "at": piece.at,
        "category": piece.categories,
        "description": piece.descriptions,
        "payee": piece.payees,
        "amount_minor": piece.amounts_minor,
        "currency": piece.currencies,
        "received_at": [now] * len(piece.ids),
        "import_id": [import_id] * len(piece.ids),
    }
    inserted = insert_rows(connection, expenses, tuple(columns), list(zip(*columns.values(), strict=True)))
    return StoredPiece(_expense_letters(piece, new=inserted.ids))


def _store_letters(connection: Connection, piece: LetterPiece, *, now: int, import_id: int | None) -> None:
    """Keeps the letters that come after the last one kept, so that a piece sent again is kept once."""
    last = (
        select(dead_letters.c.row_number)
        .where(dead_letters.c.import_id == import_id)
        .order_by(dead_letters.c.id.desc())
        .limit(1)
    )
    kept_up_to = connection.execute(last).scalar_one_or_none() or 0
    letters = [
        DeadLetter(
            received_at=now,
            origin="import",
            import_id=import_id,
            row_number=row_number,
            reason=reason,
            payload=payload,
        )
        for row_number, reason, payload in zip(piece.row_numbers, piece.reasons, piece.payloads, strict=True)
        if row_number > kept_up_to
    ]
    append_dead_letters(connection, letters)
