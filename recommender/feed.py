"""One user's feed, from a model, a history and what the shop has to show; pure and deterministic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from recommender.configuration import RulesConfig
from recommender.interactions import NOBODY, History
from recommender.model import Model
from recommender.ranking import PERSONAL_SOURCES, Blend, Policy, Weights, best, blend
from recommender.reasons import Reason, explained
from recommender.retrieval import FeedRequest, Pool, newest_scores, pool_for

__all__ = ["Feed", "FeedItem", "FeedRequest", "Reason", "Rung", "compose", "related", "slots"]

_TASTE_SOURCES = PERSONAL_SOURCES - {"repurchase"}

Rung = Literal["segment", "popular", "newest", "again"]
"""The lower rungs of the ladder; "again" shows what the user just bought or watched, where nothing else is left."""


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One item of a feed."""

    item_id: int
    source: str
    """The source that put most into the score; one of `recommender.ranking.SOURCES`."""
    reason: Reason
    score: float
    """Comparable within one feed and kind of item only."""
    probability: float = 1.0
    """The chance with which the policy shows this item here: 1, since nothing is randomised."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The ordered items, and the rung of the ladder they came from."""

    items: tuple[FeedItem, ...]
    fallback: Rung | None
    """`None` where the policy's own sources could answer."""


def compose(model: Model | None, history: History | None, request: FeedRequest) -> Feed:
    """The feed for one request.

    The ladder is personal → segment → popular → newest: where the policy's sources need a history or a segment that
    is not there, the next rung answers, and the feed says which. Where all that may be shown was bought or watched to
    the end just now, it is ranked once more without these two rules ("again"): a feed is empty only where every
    allowed item was excluded or dismissed. Kinds are ranked apart and mixed by slots. Equal inputs give equal feeds;
    equal scores are ordered by popularity, then by row.

    Args:
        model: `None` before the first training.
        history: `None` for somebody never seen.
        request: What is asked for, and what may be shown.

    Raises:
        ValueError: If ``limit`` is below 1, ``allowed`` does not fit the model, or the columns of the newest items
            differ in length.
    """
    _check(model, request)
    weights, fallback = _rung(model, history, request.policy)
    pool, blended, chosen = _ranked(model, history, request, weights=weights, spares_had=True)
    if len(chosen) == 0 and history is not None:
        pool, blended, chosen = _ranked(model, history, request, weights=weights, spares_had=False)
        fallback = "again" if len(chosen) else fallback
    elif "newest" not in weights.names() and len(chosen) and chosen.min() >= pool.n_rows:
        fallback = "newest"
    reasons = explained(chosen, blended, pool, model=model, history=history, request=request)
    items = tuple(
        FeedItem(int(pool.item_ids[entry]), source, reason, float(blended.totals[entry]))
        for entry, (source, reason) in zip(chosen.tolist(), reasons, strict=True)
    )
    return Feed(items=items, fallback=fallback)


def related(model: Model, item_id: int, allowed: npt.NDArray[np.bool_], limit: int) -> tuple[FeedItem, ...]:
    """Items like one item, the most similar first: its neighbours, then those nearest in taste.

    Args:
        model: The fitted model.
        item_id: The item at hand; one that the model does not know has no related items.
        allowed: Which of the model's rows may be shown, shape ``(n_items,)``.
        limit: How many at most.
    """
    row = int(model.rows_of(np.array([item_id], dtype=np.int64))[0])
    if row < 0:
        return ()
    reason = Reason("similar", item_id=item_id)
    items: list[FeedItem] = []
    open_rows = allowed.copy()
    open_rows[row] = False
    for source, similar in (
        ("neighbours", model.sources.neighbours.similar(row)),
        ("als", model.sources.als.similar(row)),
    ):
        candidates = np.flatnonzero(open_rows & (similar > 0))
        chosen = best(similar, candidates, limit - len(items), tie_rank=model.sources.popularity.rank)
        open_rows[chosen] = False
        items += [FeedItem(int(model.item_ids[at]), source, reason, float(similar[at])) for at in chosen]
    return tuple(items)


def slots(limit: int, content_share: float) -> npt.NDArray[np.bool_]:
    """Which positions of a feed belong to content, spread evenly, shape ``(limit,)``.

    Position n is content's where the rounded number of content items due by then goes up.
    """
    # The small addition keeps 5 × 0.4 + 0.5 from falling below its whole number in floating point.
    due = np.floor(np.arange(limit + 1) * content_share + 0.5 + 1e-9)
    rises: npt.NDArray[np.bool_] = np.diff(due) > 0
    return rises


def _check(model: Model | None, request: FeedRequest) -> None:
    if request.limit < 1:
        raise ValueError(f"limit must be at least 1, got {request.limit}")
    n_items = 0 if model is None else len(model.item_ids)
    if len(request.allowed) != n_items:
        raise ValueError(f"allowed must have one entry per row of the model ({n_items}), got {len(request.allowed)}")
    columns = (request.newest_item_ids, request.newest_is_content, request.newest_published_at_seconds)
    if len({len(column) for column in columns}) > 1:
        raise ValueError(f"the columns of newest items must be equally long, got {[len(column) for column in columns]}")


def _rung(model: Model | None, history: History | None, policy: Policy) -> tuple[Weights, Rung | None]:
    """The weights with which this feed is ranked, and the rung where they are not the policy's own."""
    if model is None:
        asks_only_newest = policy.sources is not None and Weights.same(policy.sources).names() == ("newest",)
        return Weights.same({"newest": 1.0}), None if asks_only_newest else "newest"
    weights = model.weights if policy.sources is None else Weights.same(policy.sources)
    names = weights.names()
    has_segment = history is not None and model.sources.segment.knows(history.segment)
    if PERSONAL_SOURCES.isdisjoint(names):
        if names == ("segment",) and not has_segment:
            return Weights.same({"popularity": 1.0}), "popular"
        return weights, None
    if history is not None and _can_answer(names, history):
        return weights, None
    if has_segment:
        return Weights.same({"segment": 1.0}), "segment"
    return Weights.same({"popularity": 1.0}), "popular"


def _can_answer(names: tuple[str, ...], history: History) -> bool:
    """Whether one of the personal sources asked for has something to go by."""
    has_bought = bool((history.purchases[history.rows >= 0] > 0).any())
    return (history.is_warm and not _TASTE_SOURCES.isdisjoint(names)) or (has_bought and "repurchase" in names)


def _ranked(
    model: Model | None, history: History | None, request: FeedRequest, *, weights: Weights, spares_had: bool
) -> tuple[Pool, Blend, npt.NDArray[np.int64]]:
    """What was ranked, its scores, and the entries chosen, in the order of the feed."""
    ranks_new = "newest" in weights.names()
    pool = pool_for(model, history, request, with_new=ranks_new, spares_had=spares_had)
    blended = _blended(model, history, request, weights=weights, pool=pool)
    rules = RulesConfig() if model is None else model.config.rules
    share = request.policy.content_share
    content_slots = slots(request.limit, rules.content_share if share is None else share)
    return pool, blended, _mixed(blended, pool, content_slots, ranks_new=ranks_new)


def _blended(
    model: Model | None, history: History | None, request: FeedRequest, *, weights: Weights, pool: Pool
) -> Blend:
    """The score of every entry of the pool. A new item is average to every source but newness."""
    names = weights.names()
    parts: dict[str, npt.NDArray[np.float32]] = {}
    if model is not None:
        n_new = len(pool.item_ids) - pool.n_rows
        learnt = (name for name in names if name != "newest")
        scores = model.scores(learnt, NOBODY if history is None else history)
        parts = {name: np.pad(values, (0, n_new)) if n_new else values for name, values in scores.items()}
    if "newest" in names:
        parts["newest"] = newest_scores(pool, request.newest_item_ids)
    return blend(parts, weights, is_content=pool.is_content)


def _mixed(
    blended: Blend, pool: Pool, content_slots: npt.NDArray[np.bool_], *, ranks_new: bool
) -> npt.NDArray[np.int64]:
    """The chosen entries of the pool in the order of the feed; a shortage of one kind is filled by the other."""
    limit = len(content_slots)
    queues: list[list[int]] = []
    for of_kind in (~pool.is_content, pool.is_content):
        entries = np.flatnonzero(pool.eligible & of_kind)
        n_ranked = len(entries) if ranks_new else int(np.searchsorted(entries, pool.n_rows))
        ranked = best(blended.totals, entries[:n_ranked], limit, tie_rank=pool.tie_rank)
        new = entries[n_ranked : n_ranked + limit - len(ranked)]
        queues.append([*ranked.tolist(), *new.tolist()][::-1])
    products, content = queues
    chosen: list[int] = []
    for is_contents in content_slots.tolist():
        first, second = (content, products) if is_contents else (products, content)
        if queue := first or second:
            chosen.append(queue.pop())
    return np.array(chosen, dtype=np.int64)
