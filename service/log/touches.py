"""What attribution looks at: who bought what, what she had been shown, and what she did with it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Engine, Text, and_, cast, func, or_, select

from recommender.events import Kind
from service.log.extracts import Period, shown_items
from service.log.frames import ORDER_KEY
from service.log.pieces import column_arrays, pieces
from service.log.tables import events, exposures, items

NOBODY = -1
"""Stands for the user of an anonymous sale."""

ENGAGEMENT = (Kind.VIEW, Kind.WATCH, Kind.LIKE, Kind.SHARE, Kind.SAVE, Kind.COMMENT, Kind.FOLLOW)
"""Acts by which somebody says that content meant something to her."""

_FEEDS_AT_A_TIME = 10_000

_PURCHASE_TYPES = {
    "user": np.int64,
    "order_key": object,
    "item": np.int64,
    "at": np.int64,
    "amount_minor": np.int64,
    "is_refund": np.bool_,
    "currency": object,
}


def purchase_frame(reader: Engine, *, since: int, until: int, refunds_until: int) -> pd.DataFrame:
    """Every purchase from ``since`` on and before ``until``, and every refund from ``since`` on, for whatever it is.

    Args:
        reader: The log.
        since: Microseconds UTC, as are the others.
        until: Where purchases end.
        refunds_until: Where refunds end.

    Returns:
        Columns ``user`` (int64, ``NOBODY`` for anonymous sales), ``order`` (int64 code), ``order_key`` (category, what
        the order is called), ``item`` (int64), ``at`` (microseconds UTC), ``amount_minor`` (int64, 0 where none was
        said), ``is_refund`` (bool), ``currency`` (category, ``""`` without an amount).
    """
    said = events.c
    chosen = (said.at >= since) & or_(
        and_(said.kind == int(Kind.PURCHASE), said.at < until),
        and_(said.kind == int(Kind.REFUND), said.at < refunds_until),
    )
    query = select(
        func.coalesce(said.user_id, NOBODY),
        ORDER_KEY,
        said.item_id,
        said.at,
        func.coalesce(said.amount_minor, 0),
        said.kind == int(Kind.REFUND),
        func.coalesce(said.currency, ""),
    ).where(chosen)
    parts: list[NDArray[np.void]] = [np.empty(0, dtype=list(_PURCHASE_TYPES.items()))]
    for piece in pieces(reader, said.seq):
        with reader.connect() as connection:
            parts.append(column_arrays(connection, query.where(piece.holds), _PURCHASE_TYPES))
    whole = np.concatenate(parts)
    frame = pd.DataFrame({name: whole[name] for name in _PURCHASE_TYPES})
    frame = frame.astype({"order_key": "category", "currency": "category"})
    return frame.assign(order=frame["order_key"].cat.codes.astype(np.int64))


def acts_frame(reader: Engine, user_ids: NDArray[np.int64], period: Period) -> pd.DataFrame:
    """What the users did with content in the period: ``user``, ``item``, ``at`` (microseconds UTC)."""
    said = events.c
    query = (
        select(said.user_id, said.item_id, said.at)
        .join(items, items.c.id == said.item_id)
        .where(
            said.user_id.in_(user_ids.tolist()),
            # No impressions: said apart because the index by user is only used where this condition is.
            said.kind != int(Kind.IMPRESSION),
            said.kind.in_([int(kind) for kind in ENGAGEMENT]),
            items.c.kind == "content",
            *period.conditions(said.at),
        )
    )
    with reader.connect() as connection:
        found = column_arrays(connection, query, dict.fromkeys(("user", "item", "at"), np.int64))
    return pd.DataFrame({name: found[name] for name in ("user", "item", "at")})


def shown_frame(reader: Engine, period: Period, *, wanted: pd.DataFrame) -> pd.DataFrame:
    """When users were shown, in earnest and in the period, what they are wanted with; previews are left out.

    Most of what was shown is dropped as it is read: of twenty items in a feed, hardly one was bought or acted on.

    Args:
        reader: The log.
        period: When.
        wanted: Pairs of ``user`` and ``item`` (int64), in any order and number.

    Returns:
        One row per item shown: ``user``, ``feed`` (int64, later feeds higher), ``at`` (microseconds UTC), ``item``,
        ``position`` (from 1 on, on its page), ``source``.
    """
    said = exposures.c
    pairs = _Pairs(wanted)
    query = select(said.user_id, said.seq, said.at, cast(said["items"], Text)).where(
        said.user_id.in_(pairs.users.tolist()), ~said.is_preview, *period.conditions(said.at)
    )
    parts = [_shown([], pairs)]
    with reader.connect() as connection:
        streamed = connection.execution_options(stream_results=True, max_row_buffer=_FEEDS_AT_A_TIME).execute(query)
        parts += [_shown(rows, pairs) for rows in streamed.partitions(_FEEDS_AT_A_TIME)]
    return pd.concat(parts, ignore_index=True)


class _Pairs:
    """Pairs of user and item as single numbers: the user's place among the wanted, and the item."""

    def __init__(self, wanted: pd.DataFrame) -> None:
        self.users = np.unique(wanted["user"].to_numpy())
        item = wanted["item"].to_numpy()
        self._items = int(item.max(initial=0)) + 1
        self._wanted = np.unique(self._codes(wanted["user"].to_numpy(), item))

    def hold(self, user: NDArray[np.int64], item: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each pair is wanted; the users must be."""
        return (item < self._items) & np.isin(self._codes(user, item), self._wanted)

    def _codes(self, user: NDArray[np.int64], item: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(self.users, user) * self._items + item


def _shown(feeds: Sequence[Any], pairs: _Pairs) -> pd.DataFrame:
    users, seqs, instants, texts = zip(*feeds, strict=True) if feeds else ((),) * 4
    user, feed, at = (np.array(values, dtype=np.int64) for values in (users, seqs, instants))
    shown = shown_items(texts)
    kept = np.flatnonzero(pairs.hold(user[shown.row], shown.item_id))
    row = shown.row[kept]
    return pd.DataFrame(
        {
            "user": user[row],
            "feed": feed[row],
            "at": at[row],
            "item": shown.item_id[kept],
            "position": shown.position[kept],
            "source": shown.source[kept],
        }
    )


def content_item_ids(reader: Engine) -> NDArray[np.int64]:
    """The log's ids of all content."""
    with reader.connect() as connection:
        found = column_arrays(connection, select(items.c.id).where(items.c.kind == "content"), {"item": np.int64})
    return found["item"]
