"""Events to strengths of interest: a sparse matrix for training, one user's history for serving.

Both go through `net_strengths`, so that a user's row in training and the same user's live history are the
same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from recommender.events import SECONDS_PER_DAY, Events, InterestConfig, Kind, decay, interest

CLEAR_INTEREST = 0.25
"""The grade, in purchases, from which on an act on content says that it was wanted: half a video, a like."""

NEVER = np.iinfo(np.int64).min
"""The instant of what never happened."""


@dataclass(frozen=True, slots=True, eq=False)
class Interactions:
    """Interest of users in items, in total and event by event."""

    strengths: sp.csr_array
    """float32, above 0 wherever stored, shape ``(n_users, n_items)``: a row per user with any event on a known item,
    by rising id, and a column per known item."""
    settled: npt.NDArray[np.float32]
    """The interest of each event by `settled_interest`, 0 on unknown items, shape ``(n_events,)``."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What one user did until now, item by item. All arrays but the last two are aligned with ``item_ids``."""

    now_seconds: int
    """The instant at which ages were taken."""

    item_ids: npt.NDArray[np.int64]
    """The items the user touched, sorted; may hold items the model does not know."""
    rows: npt.NDArray[np.int64]
    """Their rows in the model, -1 where unknown."""
    purchases: npt.NDArray[np.float32]
    """Days with a purchase, 0 where all was given back: two lines of one order are one wish."""
    bought_at_seconds: npt.NDArray[np.int64]
    """The last purchase, or `NEVER`; also where all was given back."""
    dismissed_at_seconds: npt.NDArray[np.int64]
    """The last dismissal, or `NEVER`."""
    finished_at_seconds: npt.NDArray[np.int64]
    """The last time a video was watched to its end, or `NEVER`."""
    segment: str | None
    """The user's segment, if any."""
    warm_rows: npt.NDArray[np.int64]
    """The model's rows in which the user shows interest above 0."""
    warm_strengths: npt.NDArray[np.float32]
    """That interest, aligned with ``warm_rows``."""

    @property
    def is_warm(self) -> bool:
        """Whether the user showed interest in anything the model knows."""
        return len(self.warm_rows) > 0


NOBODY = History(
    now_seconds=0,
    item_ids=np.zeros(0, np.int64),
    rows=np.zeros(0, np.int64),
    purchases=np.zeros(0, np.float32),
    bought_at_seconds=np.zeros(0, np.int64),
    dismissed_at_seconds=np.zeros(0, np.int64),
    finished_at_seconds=np.zeros(0, np.int64),
    segment=None,
    warm_rows=np.zeros(0, np.int64),
    warm_strengths=np.zeros(0, np.float32),
)
"""The history of somebody never seen."""


def rows_of(sorted_ids: npt.NDArray[np.int64], ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The position of each id in ``sorted_ids``, -1 where it is not among them."""
    if len(sorted_ids) == 0:
        return np.full(len(ids), -1, dtype=np.int64)
    positions = np.searchsorted(sorted_ids, ids)
    positions[positions == len(sorted_ids)] = 0
    return np.where(sorted_ids[positions] == ids, positions, -1)


def settled_interest(
    groups: npt.NDArray[np.integer], n_groups: int, *, events: Events, config: InterestConfig
) -> npt.NDArray[np.float32]:
    """The interest each event shows, refunds in proportion to the pieces they give back.

    Two of twelve cups broken on the way are no change of mind: a refund counts with its share of all the pieces that
    the same user bought of the same item, at most 1. One of a purchase that the log does not hold counts 0.

    Args:
        groups: The user and item of each event as one number, 0 to ``n_groups - 1``.
        n_groups: How many groups there are.
        events: The events, aligned with ``groups``.
        config: The grade of each kind of event.
    """
    graded = interest(events, config)
    refunded = events.kinds == Kind.REFUND
    if refunded.any():
        settling = _settling(events, groups, n_groups)
        bought = _pieces(events.kinds == Kind.PURCHASE, events, groups, n_groups)[groups[settling]]
        returned = _given_pieces(events.quantities[settling])
        parts = np.zeros(len(events), dtype=np.float32)
        parts[settling] = np.minimum(returned / np.maximum(bought, returned), 1.0)
        graded[refunded] *= parts[refunded]
    return graded


def net_strengths(
    groups: npt.NDArray[np.integer],
    n_groups: int,
    *,
    settled: npt.NDArray[np.float32],
    ages_seconds: npt.NDArray[np.int64],
    half_life_days: float,
) -> npt.NDArray[np.float32]:
    """Strength of interest per group of events: ``log(1 + max(0, Σ grade · 2^(-age / half-life)))``.

    The logarithm damps the hundredth purchase of the same item; dismissals and refunds take away before it.

    Args:
        groups: The group of each event, 0 to ``n_groups - 1``.
        n_groups: How many groups there are.
        settled: The interest of each event by `settled_interest`, aligned with ``groups``.
        ages_seconds: The age of each event, aligned with ``groups``.
        half_life_days: Interest halves in this time.

    Returns:
        Shape ``(n_groups,)``, at least 0.
    """
    sums = np.bincount(groups, settled * decay(ages_seconds, half_life_days), n_groups)
    return np.log1p(np.maximum(sums, 0.0)).astype(np.float32)


def interactions(
    events: Events, item_ids: npt.NDArray[np.int64], *, config: InterestConfig, now_seconds: int
) -> Interactions:
    """The interest at ``now_seconds`` of users with any event on a known item, in every item of ``item_ids``.

    Args:
        events: Events in any order; those on items outside ``item_ids`` are left out.
        item_ids: Sorted ids, the columns.
        config: Grades and half-life.
        now_seconds: The instant at which ages are taken.
    """
    columns = rows_of(item_ids, events.item_ids)
    is_known = columns >= 0
    known, columns = events.take(is_known), columns[is_known]
    user_ids, rows = np.unique(known.user_ids, return_inverse=True)
    pairs, groups = np.unique(rows * len(item_ids) + columns, return_inverse=True)
    settled = settled_interest(groups, len(pairs), events=known, config=config)
    ages = now_seconds - known.at_seconds
    strengths = net_strengths(
        groups, len(pairs), settled=settled, ages_seconds=ages, half_life_days=config.half_life_days
    )
    positive = strengths > 0
    pair_rows, pair_columns = np.divmod(pairs[positive], max(len(item_ids), 1))
    matrix = sp.coo_array((strengths[positive], (pair_rows, pair_columns)), shape=(len(user_ids), len(item_ids)))
    of_all = np.zeros(len(events), dtype=np.float32)
    of_all[is_known] = settled
    return Interactions(strengths=matrix.tocsr(), settled=of_all)


def live_history(
    events: Events,
    item_ids: npt.NDArray[np.int64],
    *,
    config: InterestConfig,
    segment: str | None,
    now_seconds: int,
    finished_share: float,
) -> History:
    """One user's history at ``now_seconds``, from that user's events in any order.

    Args:
        events: Events of one user; whose they are is not looked at.
        item_ids: The model's sorted item ids.
        config: Grades and half-life, the ones the model was trained with.
        segment: The user's segment, if any.
        now_seconds: The instant at which ages are taken.
        finished_share: A watch of at least this share counts as watched to the end.
    """
    touched, groups = np.unique(events.item_ids, return_inverse=True)
    n_items = len(touched)
    rows = rows_of(item_ids, touched)
    settled = settled_interest(groups, n_items, events=events, config=config)
    ages = now_seconds - events.at_seconds
    strengths = net_strengths(groups, n_items, settled=settled, ages_seconds=ages, half_life_days=config.half_life_days)
    warm = (strengths > 0) & (rows >= 0)
    bought_at, purchases = _bought(events, groups, n_items)
    finished = (events.kinds == Kind.WATCH) & (events.watch_shares >= finished_share)
    return History(
        now_seconds=now_seconds,
        item_ids=touched,
        rows=rows,
        purchases=purchases,
        bought_at_seconds=bought_at,
        dismissed_at_seconds=_last(events.kinds == Kind.DISMISS, events, groups, n_items),
        finished_at_seconds=_last(finished, events, groups, n_items),
        segment=segment,
        warm_rows=rows[warm],
        warm_strengths=strengths[warm],
    )


def wanted(events: Events, is_content: npt.NDArray[np.bool_], *, config: InterestConfig) -> npt.NDArray[np.bool_]:
    """Which events say that their user wanted the item: what offline scores count as a hit.

    For products that is a purchase, for content an act of at least a quarter of a purchase's interest (half a video,
    a like); where a log holds none of these for a kind, any interest at all.

    Args:
        events: Events in any order.
        is_content: Whether each event's item is content, shape ``(n_events,)``.
        config: The grade of each kind of event.
    """
    grades = interest(events, config)
    chosen = np.zeros(len(events), dtype=np.bool_)
    for of_kind, strong in ((~is_content, events.kinds == Kind.PURCHASE), (is_content, grades >= CLEAR_INTEREST)):
        clear = of_kind & strong
        chosen |= clear if clear.any() else of_kind & (grades > 0)
    return chosen


def left_out(history: History, *, now_seconds: int, days: tuple[float, float, float]) -> npt.NDArray[np.bool_]:
    """Which of the history's items a feed leaves out at ``now_seconds``.

    Args:
        history: The user's history.
        now_seconds: The instant of the feed.
        days: For how long after a purchase, after a dismissal and after watching to the end.

    Returns:
        Shape of ``history.item_ids``.
    """
    instants = (history.bought_at_seconds, history.dismissed_at_seconds, history.finished_at_seconds)
    out = np.zeros(len(history.item_ids), dtype=np.bool_)
    for at_seconds, n_days in zip(instants, days, strict=True):
        out |= at_seconds > now_seconds - n_days * SECONDS_PER_DAY
    return out


def _last(
    chosen: npt.NDArray[np.bool_], events: Events, groups: npt.NDArray[np.intp], n_groups: int
) -> npt.NDArray[np.int64]:
    """The latest instant of the chosen events per group, `NEVER` where there is none."""
    latest = np.full(n_groups, NEVER, dtype=np.int64)
    if chosen.any():
        np.maximum.at(latest, groups[chosen], events.at_seconds[chosen])
    return latest


def _bought(
    events: Events, groups: npt.NDArray[np.intp], n_groups: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The last purchase and the number of days with one, per group; `NEVER` and 0 where nothing was kept.

    The log does not tie a refund to its purchase, so all pieces bought are set against all pieces given back from the
    first purchase on. Days are UTC's: they only have to part orders.
    """
    purchased = events.kinds == Kind.PURCHASE
    bought_at = _last(purchased, events, groups, n_groups)
    days = np.unique((events.at_seconds[purchased] // SECONDS_PER_DAY) * n_groups + groups[purchased])
    counts = np.bincount(days % max(n_groups, 1), minlength=n_groups)
    settling = _settling(events, groups, n_groups)
    if len(settling):
        bought = _pieces(purchased, events, groups, n_groups)
        returned = _pieces(settling, events, groups, n_groups)
        is_returned = (returned > 0) & (returned >= bought)
        bought_at[is_returned], counts[is_returned] = NEVER, 0
    return bought_at, counts.astype(np.float32)


def _settling(events: Events, groups: npt.NDArray[np.integer], n_groups: int) -> npt.NDArray[np.intp]:
    """The positions of the refunds that give back what this log saw bought: none before its group's first purchase.

    An earlier one belongs to a purchase from before the log; it must not take back what was bought later.
    """
    refunded = np.flatnonzero(events.kinds == Kind.REFUND)
    if len(refunded) == 0:
        return refunded
    purchased = events.kinds == Kind.PURCHASE
    first_seconds = np.full(n_groups, np.iinfo(np.int64).max)
    np.minimum.at(first_seconds, groups[purchased], events.at_seconds[purchased])
    settling: npt.NDArray[np.intp] = refunded[events.at_seconds[refunded] >= first_seconds[groups[refunded]]]
    return settling


def _pieces(
    chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp], events: Events, groups: npt.NDArray[np.integer], n_groups: int
) -> npt.NDArray[np.float64]:
    """The pieces of the chosen events per group."""
    return np.bincount(groups[chosen], _given_pieces(events.quantities[chosen]), n_groups).astype(
        np.float64, copy=False
    )


def _given_pieces(quantities: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The quantities, 1 where none was given."""
    return np.where(np.isnan(quantities), np.float32(1.0), quantities)
