"""What customers did beside ordering, each up to a landmark of her own: read piece by piece, kept as short rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, func, select

from customers.activity import Acts
from recommender.events import Kind
from service.log.pieces import column_arrays, pieces
from service.log.sales import after_merges
from service.log.tables import events, items
from service.log.touches import ENGAGEMENT

_TYPES: dict[str, Any] = {
    "user": np.int64,
    "at": np.int64,
    "kind": np.int8,
    "watched": np.float32,
    "item": np.int64,
    "is_content": np.bool_,
}
_SEEN = (int(Kind.WATCH), int(Kind.VIEW))


@dataclass(frozen=True, slots=True, eq=False)
class LoggedActivity:
    """Acts of customers before their landmarks, and which content they saw by then.

    Attributes:
        acts: Views, watches, likes, shares, saves, comments and follows, of content and products.
        seen_rows: Customers, shape ``(n_seen,)``; a pair with ``seen_items`` may stand there more than once.
        seen_items: The log's ids of the content that they watched or viewed, same shape.
    """

    acts: Acts
    seen_rows: NDArray[np.int64]
    seen_items: NDArray[np.int64]


def activity_before(
    reader: Engine,
    user_ids: NDArray[np.int64],
    *,
    until: NDArray[np.int64],
    on_progress: Callable[[float], None] = lambda _: None,
) -> LoggedActivity:
    """What each of the users did before the instant that belongs to her.

    What visitors did counts from the moment that they are merged into a user.

    Args:
        reader: The log.
        user_ids: The log's own, rising, shape ``(n_users,)``; rows of the answer are places in it.
        until: Microseconds UTC, same shape.
        on_progress: Told how much is read, 0 to 1.
    """
    said = events.c
    query = (
        select(
            said.user_id,
            said.at,
            said.kind,
            func.coalesce(said.seconds_watched, 0.0),
            said.item_id,
            items.c.kind == "content",
        )
        .join(items, items.c.id == said.item_id)
        .where(
            said.user_id.is_not(None),
            said.kind.in_([int(kind) for kind in ENGAGEMENT]),
            said.at < int(until.max(initial=0)),
        )
    )
    kept = [np.empty(0, dtype=[("row", np.int32), ("at", np.int64), ("watched", np.float32), ("kind", np.int8)])]
    seen = [np.empty((0, 2), dtype=np.int64)]
    for piece in pieces(reader, said.seq):
        with reader.connect() as connection:
            rows = column_arrays(connection, query.where(piece.holds).order_by(said.seq), _TYPES)
        owners = after_merges(reader, rows["user"])
        places = np.minimum(np.searchsorted(user_ids, owners), max(user_ids.size - 1, 0))
        if user_ids.size:
            mine = (user_ids[places] == owners) & (rows["at"] < until[places])
            rows, places = rows[mine], places[mine]
            kept.append(_short(rows, places, kept[0].dtype))
            of_content = rows["is_content"] & np.isin(rows["kind"], _SEEN)
            pairs = np.column_stack([places[of_content], rows["item"][of_content]])
            seen.append(np.unique(pairs, axis=0))
        on_progress(piece.share)
    acts, pairs = np.concatenate(kept), np.concatenate(seen)
    kinds = acts["kind"]
    return LoggedActivity(
        Acts(
            acts["row"].copy(),
            acts["at"].copy(),
            acts["watched"].copy(),
            kinds == int(Kind.LIKE),
            kinds == int(Kind.SHARE),
        ),
        pairs[:, 0],
        pairs[:, 1],
    )


def _short(rows: NDArray[np.void], places: NDArray[np.int64], dtype: Any) -> NDArray[np.void]:
    short = np.empty(rows.size, dtype=dtype)
    short["row"], short["at"], short["watched"], short["kind"] = places, rows["at"], rows["watched"], rows["kind"]
    return short
