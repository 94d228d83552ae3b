"""One user as the next feed needs to know her: who she is, what she did lately, where she was assigned."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, func, select

from recommender.events import Kind
from service.log.names import UserKey
from service.log.tables import assignments, events, exposures, users

RECENT_EVENTS = 2_000
"""Acts of one user that a feed looks back on; more would not change a taste and would cost every request."""


@dataclass(frozen=True, slots=True)
class UserHistory:
    """What the log knows of one user, newest event last."""

    user_id: int
    attributes: Mapping[str, Any]
    item_ids: NDArray[np.int64]
    kinds: NDArray[np.int8]
    at: NDArray[np.int64]
    """Microseconds UTC."""
    quantities: NDArray[np.float32]
    watch_shares: NDArray[np.float32]
    """Watched share of the length, 0 to 1; nan where it was not said."""
    arms: Mapping[int, str]
    """Experiment id to the arm that the first exposure made lasting."""


def user_history(reader: Engine, key: UserKey) -> UserHistory | None:
    """What the log knows of a user or visitor now; None for one it has never met."""
    with reader.connect() as connection:
        row = connection.execute(
            select(users.c.id, users.c.attributes).where(users.c.id == _id_behind(key))
        ).one_or_none()
        if row is None:
            return None
        return _history(connection, row.id, row.attributes)


def shown_item_ids(reader: Engine, user: UserKey, first_feed_id: str) -> list[int] | None:
    """The items on all pages so far of the feed that began with ``first_feed_id``; None if it isn't this user's."""
    query = select(exposures.c["items"]).where(
        exposures.c.first_feed_id == first_feed_id, exposures.c.user_id == _id_behind(user)
    )
    with reader.connect() as connection:
        pages = connection.execute(query).scalars().all()
    return [item_id for page in pages for item_id, *_ in page] if pages else None


def _id_behind(key: UserKey) -> Any:
    """The log's id of a user or visitor, as a scalar subquery; of a merged visitor the user's, of the erased none."""
    query = select(func.coalesce(users.c.merged_into, users.c.id)).where(
        users.c.is_visitor == key.is_visitor, users.c.external_id == key.external_id, ~users.c.is_erasing
    )
    return query.scalar_subquery()


def _history(connection: Connection, user_id: int, attributes: Mapping[str, Any]) -> UserHistory:
    columns = events.c
    rows = connection.execute(
        select(
            columns.item_id, columns.kind, columns.at, columns.quantity, columns.seconds_watched, columns.seconds_total
        )
        # What was merely on the screen is no act of hers, and there is so much of it that it would crowd out the rest.
        .where(columns.user_id == user_id, columns.kind != int(Kind.IMPRESSION))
        .order_by(columns.at.desc(), columns.seq.desc())
        .limit(RECENT_EVENTS)
    ).all()[::-1]
    item_ids, kinds, at, quantities, watched, total = zip(*rows, strict=True) if rows else ((),) * 6
    lasting = connection.execute(
        select(assignments.c.experiment_id, assignments.c.arm).where(assignments.c.user_id == user_id)
    )
    return UserHistory(
        user_id=user_id,
        attributes=attributes,
        item_ids=np.array(item_ids, dtype=np.int64),
        kinds=np.array(kinds, dtype=np.int8),
        at=np.array(at, dtype=np.int64),
        quantities=np.array(quantities, dtype=np.float32),
        watch_shares=watch_shares(np.array(watched, dtype=np.float32), np.array(total, dtype=np.float32)),
        arms={row.experiment_id: row.arm for row in lasting},
    )


def watch_shares(watched: NDArray[np.float32], total: NDArray[np.float32]) -> NDArray[np.float32]:
    """Watched share of the length, clipped to 0..1 (loops count once); nan where either is not known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(total > 0, watched / total, np.nan)
    return np.clip(shares, 0.0, 1.0).astype(np.float32)
