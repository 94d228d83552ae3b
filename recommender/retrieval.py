"""What may be ranked for one request: the model's rows that are allowed, and new items it does not know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recommender.configuration import RulesConfig
from recommender.interactions import History, left_out
from recommender.model import Model
from recommender.models.base import Scores, standardised
from recommender.ranking import Policy


@dataclass(frozen=True, slots=True, eq=False)
class FeedRequest:
    """What is asked for, and what may be shown."""

    limit: int
    """Items wanted, at least 1."""
    now_seconds: int
    """The instant of the feed, Unix seconds UTC."""
    policy: Policy
    allowed: npt.NDArray[np.bool_]
    """Which of the model's rows may be shown (availability, filters), shape ``(n_items,)``; empty without a model."""
    excluded_item_ids: npt.NDArray[np.int64]
    """Shown on earlier pages or ruled out by the caller."""
    newest_item_ids: npt.NDArray[np.int64]
    """Items that may be shown, newest first; may hold items the model does not know."""
    newest_is_content: npt.NDArray[np.bool_]
    """Content, or else a product, aligned with ``newest_item_ids``."""
    newest_published_at_seconds: npt.NDArray[np.int64]
    """When each was published, Unix seconds UTC, aligned with ``newest_item_ids``."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """The model's rows, followed, where they are needed, by new items that the model does not know."""

    item_ids: npt.NDArray[np.int64]
    is_content: npt.NDArray[np.bool_]
    eligible: npt.NDArray[np.bool_]
    """What may be shown to this user now."""
    tie_rank: npt.NDArray[np.integer[Any]]
    """Among equal scores the lower rank comes first: popularity, then age."""
    n_rows: int
    """How many entries are the model's rows."""


def pool_for(
    model: Model | None, history: History | None, request: FeedRequest, *, with_new: bool, spares_had: bool = True
) -> Pool:
    """What may be ranked.

    Left out are items not allowed, excluded by the caller, bought within the rebuy gap, dismissed, and videos
    watched to the end. New items are looked up only where they can matter: the list is long, and most
    feeds need none.

    Args:
        model: `None` before the first training.
        history: `None` for somebody never seen.
        request: What is asked for.
        with_new: Whether new items are ranked with the others, rather than only filling a shortage.
        spares_had: Whether what was just bought or watched to the end is left out; what was dismissed always is.
    """
    rules = RulesConfig() if model is None else model.config.rules
    banned_ids = _banned_ids(history, request, rules, spares_had=spares_had)
    if model is None:
        return _with_new(None, np.zeros(0, dtype=np.bool_), banned_ids, request)
    eligible = request.allowed.copy()
    rows = model.rows_of(banned_ids)
    eligible[rows[rows >= 0]] = False
    n_content = np.count_nonzero(eligible & model.is_content)
    n_products = np.count_nonzero(eligible) - n_content
    n_new_content = np.count_nonzero(request.newest_is_content)
    n_new_products = len(request.newest_is_content) - n_new_content
    is_short = (n_content < request.limit and n_new_content > 0) or (n_products < request.limit and n_new_products > 0)
    if with_new or is_short:
        return _with_new(model, eligible, banned_ids, request)
    return Pool(model.item_ids, model.is_content, eligible, model.sources.popularity.rank, len(model.item_ids))


def newest_scores(pool: Pool, newest_item_ids: npt.NDArray[np.int64]) -> Scores:
    """Newness of every entry of the pool: its place in the list of newest items, standardised.

    An entry outside the list counts as older than all in it.
    """
    order = np.argsort(pool.item_ids, kind="stable")
    positions = np.searchsorted(pool.item_ids, newest_item_ids, sorter=order)
    positions = order[np.minimum(positions, len(order) - 1)] if len(order) else positions[:0]
    found = pool.item_ids[positions] == newest_item_ids[: len(positions)]
    places = np.full(len(pool.item_ids), len(newest_item_ids), dtype=np.float64)
    places[positions[found]] = np.flatnonzero(found)
    return standardised(-places)


def _banned_ids(
    history: History | None, request: FeedRequest, rules: RulesConfig, *, spares_had: bool
) -> npt.NDArray[np.int64]:
    """The items that this user's acts or the caller rule out."""
    if history is None:
        return request.excluded_item_ids
    asked = request.policy.rebuy_gap_days
    gap_days = rules.rebuy_gap_days if asked is None else asked
    days = (gap_days, rules.dismissed_days, rules.finished_days) if spares_had else (0.0, rules.dismissed_days, 0.0)
    own = history.item_ids[left_out(history, now_seconds=request.now_seconds, days=days)]
    return np.concatenate((request.excluded_item_ids, own))


def _with_new(
    model: Model | None, eligible: npt.NDArray[np.bool_], banned_ids: npt.NDArray[np.int64], request: FeedRequest
) -> Pool:
    """The model's rows, and after them the new items that it does not know, newest first."""
    if model is None:
        known_ids, known_is_content, known_rank = np.zeros(0, np.int64), np.zeros(0, np.bool_), np.zeros(0, np.int32)
        is_new = np.ones(len(request.newest_item_ids), dtype=np.bool_)
    else:
        known_ids, known_is_content, known_rank = model.item_ids, model.is_content, model.sources.popularity.rank
        is_new = model.rows_of(request.newest_item_ids) < 0
    new_ids = request.newest_item_ids[is_new]
    return Pool(
        item_ids=np.concatenate((known_ids, new_ids)),
        is_content=np.concatenate((known_is_content, request.newest_is_content[is_new])),
        eligible=np.concatenate((eligible, ~np.isin(new_ids, banned_ids))),
        tie_rank=np.concatenate((known_rank, len(known_ids) + np.arange(len(new_ids)))),
        n_rows=len(known_ids),
    )
