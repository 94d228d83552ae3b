"""Cutting a sheet into the pieces that are stored one by one."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.jobs.importing.reading import Sheet
from service.log.bulk import catalogue_items
from service.log.event_columns import EventColumns
from service.log.import_pieces import MOST_ROWS, EventPiece, ExpensePiece, ItemPiece, LetterPiece, UserPiece

PIECE_SECONDS = 0.03
"""How long the write of a piece should take: so much later may be the feed that comes in between."""

_FEWEST_ROWS = 500
"""Below this a write is mostly its sync to disk: fewer rows would not make it shorter."""

_DESCRIBED_AT_ONCE = 500
"""Items, users or letters of one piece."""


class Pace:
    """How many rows the next piece should have, learnt from how long the last ones took.

    Args:
        is_alone: Whether nobody else waits for the log; then pieces are as large as they may be, for each costs a sync.
    """

    def __init__(self, *, is_alone: bool) -> None:
        self._is_alone = is_alone
        self.rows = MOST_ROWS if is_alone else _FEWEST_ROWS

    def note(self, seconds: float) -> None:
        """Takes note of how long a piece of ``rows`` took."""
        if self._is_alone:
            return
        wanted = self.rows * PIECE_SECONDS / max(seconds, 1e-6)
        # Half-way and at most doubled: one slow sync says little of the next.
        self.rows = int(np.clip((self.rows + min(wanted, 3 * self.rows)) / 2, _FEWEST_ROWS, MOST_ROWS))


def row_pieces(sheet: Sheet, pace: Pace) -> Iterator[tuple[NDArray[np.int64], EventPiece | ExpensePiece]]:
    """The events or expenses in the order of their ids, each piece with its rows' places in the sheet."""
    if sheet.kind == "items":
        return
    if sheet.kind == "expenses":
        columns: EventColumns | None = None
        order = np.asarray(sheet.expenses["id"].argsort(kind="stable"), dtype=np.int64)
    else:
        columns = EventColumns(sheet.events)
        order = columns.by_id()
    start = 0
    while start < len(order):
        places = order[start : start + pace.rows]
        start += len(places)
        yield places, _expenses(sheet.expenses.iloc[places]) if columns is None else columns.piece(places)


def item_pieces(sheet: Sheet) -> Iterator[ItemPiece]:
    """What the sheet says of items; a sheet of sales says less than a catalogue."""
    if sheet.kind != "sales":
        for part in _parts(sheet.items):
            yield ItemPiece(items=catalogue_items(part, known_from="catalogue"))
        return
    described = sheet.items.assign(
        kind="product",
        title=sheet.items["title"].fillna(sheet.items["item"]),
        # What never had a price was never sold: codes of the bookkeeping, stock notes.
        available=sheet.items["price_minor"].notna(),
        published_at=sheet.items["first_at"],
    )
    for part in _parts(described):
        yield ItemPiece(items=catalogue_items(part, known_from="sales"))


def user_pieces(sheet: Sheet) -> Iterator[UserPiece]:
    """Where the sheet's customers live, of those of whom it says so."""
    if "country" not in sheet.users:
        return
    known = sheet.users.loc[sheet.users["country"].notna() & (sheet.users["country"] != "")]
    for part in _parts(known):
        yield UserPiece(users=part["user"].tolist(), countries=part["country"].tolist())


def letter_pieces(refused: pd.DataFrame) -> Iterator[LetterPiece]:
    """The refused rows as letters to the owner, in the order of the file."""
    for part in _parts(refused):
        yield LetterPiece(
            row_numbers=part["row_number"].tolist(),
            reasons=(part["reason"] + ": " + part["detail"]).tolist(),
            payloads=part["row"].tolist(),
        )


def _parts(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, len(frame), _DESCRIBED_AT_ONCE):
        yield frame.iloc[start : start + _DESCRIBED_AT_ONCE]


def _expenses(rows: pd.DataFrame) -> ExpensePiece:
    texts = {name: rows[name].fillna("").tolist() for name in ("category", "description", "payee")}
    return ExpensePiece(
        ids=rows["id"].tolist(),
        at=rows["at"].tolist(),
        categories=texts["category"],
        descriptions=texts["description"],
        payees=texts["payee"],
        amounts_minor=rows["amount_minor"].tolist(),
        currencies=rows["currency"].tolist(),
    )
