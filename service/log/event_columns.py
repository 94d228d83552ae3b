"""A frame of events made ready to be cut into the pieces that are stored."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.events import Kind
from service.log.import_pieces import EventPiece
from service.log.names import UserKey

EVENT_COLUMNS = (
    "id",
    "payload_hash",
    "kind",
    "user",
    "item",
    "at",
    "order_id",
    "quantity",
    "amount_minor",
    "currency",
    "seconds_watched",
    "seconds_total",
    "feed_id",
    "sent_at",
    "cost_minor",
    "fee_minor",
)
"""Columns of an event frame: ``kind`` is the wire name, ``user`` the shop's own id or null (an anonymous sale); where
there is a column ``visitor`` too, it says of which rows ``user`` is a visitor's id."""

_CODES = {kind.name.lower(): int(kind) for kind in Kind}


class EventColumns:
    """An event frame made ready to be cut into pieces: every name is looked at once, not once per piece.

    Args:
        frame: Columns ``EVENT_COLUMNS``; optional ones null where not given, or left out.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._columns = {
            name: frame[name].array for name in ("id", "payload_hash", *EVENT_COLUMNS[5:]) if name in frame
        }
        self._kinds = frame["kind"].map(_CODES).to_numpy(dtype=np.int64)
        codes, users = pd.factorize(frame["user"])
        self._users = [str(user) for user in users.tolist()]
        self._is_visitor = frame["visitor"].to_numpy(dtype=bool) if "visitor" in frame else np.zeros(len(frame), bool)
        # A user and a visitor may have the same id and are two people all the same.
        self._user_codes = np.where(codes < 0, -1, 2 * codes + self._is_visitor)
        self._item_codes, items = pd.factorize(frame["item"])
        self._items = [str(item) for item in items.tolist()]

    def __len__(self) -> int:
        return len(self._kinds)

    def by_id(self) -> NDArray[np.int64]:
        """Places of the rows in the order of their ids, equal ids in the order of the frame.

        Stored in this order, hashed ids touch the pages of their index one after the other instead of all of them all
        the time, which halves what a big import costs.
        """
        return np.asarray(pd.Series(self._columns["id"]).argsort(kind="stable"), dtype=np.int64)

    def piece(self, places: NDArray[np.int64]) -> EventPiece:
        """The rows at the given places, in that order."""
        users, user_places = np.unique(self._user_codes[places], return_inverse=True)
        named = users[users >= 0]
        items, item_places = np.unique(self._item_codes[places], return_inverse=True)
        return EventPiece(
            ids=self._values("id", places),
            payload_hashes=self._values("payload_hash", places),
            kinds=self._kinds[places].tolist(),
            users=[UserKey(bool(code % 2), self._users[code // 2]) for code in named.tolist()],
            user_places=(user_places - (len(users) - len(named))).tolist(),
            items=[self._items[code] for code in items.tolist()],
            item_places=item_places.tolist(),
            at=self._values("at", places),
            sent_at=self._values("sent_at", places),
            feed_ids=self._values("feed_id", places),
            order_ids=self._values("order_id", places),
            quantities=self._values("quantity", places),
            amounts_minor=self._values("amount_minor", places),
            currencies=self._values("currency", places),
            seconds_watched=self._values("seconds_watched", places),
            seconds_total=self._values("seconds_total", places),
            costs_minor=self._values("cost_minor", places),
            fees_minor=self._values("fee_minor", places),
        )

    def _values(self, name: str, places: NDArray[np.int64]) -> list[Any]:
        """Plain values, None where there is none."""
        if name not in self._columns:
            return [None] * len(places)
        taken = self._columns[name].take(places)
        if taken.dtype.kind in "iu" and isinstance(taken.dtype, np.dtype):
            return list(taken.tolist())
        plain = pd.Series(taken).astype(object)
        return plain.where(plain.notna(), None).tolist()
