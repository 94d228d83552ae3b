"""How well policies would have served users in hindsight, on a time split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from recommender.events import Events
from recommender.feed import FeedRequest, compose
from recommender.holdout import Holdout, holdout
from recommender.interactions import History
from recommender.model import Model
from recommender.ranking import Policy, best
from recommender.threads import one_blas_thread
from recommender.training import Items, Segments, TrainingConfig, train

PROTOCOL = (
    "train-tuned, time split, full catalogue: trained on events before the split, weights fitted inside that window; "
    "scored on users with interest before the split and a wish after it; wishes (purchases of products, clear interest "
    "in content) count for items known at the split, also for items had before; all rules of serving apply to default"
)

Ranker = Callable[[History], npt.NDArray[np.int64]]
"""The model's rows that a policy shows for a history, best first; -1 stands for an item it does not know."""


def evaluate(
    events: Events,
    items: Items,
    segments: Segments,
    config: TrainingConfig,
    *,
    split_at_seconds: int,
    until_seconds: int,
    seed: int,
    k: int = 20,
    on_step: Callable[[str], None] = lambda _step: None,
) -> dict[str, Any]:
    """Offline scores of what is served and of honest baselines.

    Args:
        events: Events in any order.
        items: The catalogue.
        segments: The users' segments.
        config: Hyper-parameters.
        split_at_seconds: Training ends and the test begins here, Unix seconds UTC.
        until_seconds: The test ends here.
        seed: Seed of the training.
        k: Length of the lists that are scored.
        on_step: Told what is being done, for a progress line.

    Returns:
        ``protocol``, ``split_at`` and ``until`` (ISO instants), ``k``, ``model_version``, and by policy ``recall@k``,
        ``ndcg@k``, ``coverage`` and ``users``, each as `scored` says.

    Raises:
        NothingToTrain: If no event before the split is usable.
        ValueError: If the test would end before it begins.
    """
    if until_seconds <= split_at_seconds:
        raise ValueError(f"until_seconds must be after the split at {split_at_seconds}, got {until_seconds}")
    model = train(events, items, segments, config, until_seconds=split_at_seconds, seed=seed, on_step=on_step)
    split = holdout(model, events, segments.of(events.user_ids), until_seconds=until_seconds)
    policies = {}
    with one_blas_thread():
        for name, ranker in _rankers(model, items, k).items():
            on_step(f"scoring {name}")
            policies[name] = scored(split, ranker, k)
    return {
        "protocol": PROTOCOL,
        "split_at": datetime.fromtimestamp(split_at_seconds, UTC).isoformat(),
        "until": datetime.fromtimestamp(until_seconds, UTC).isoformat(),
        "k": k,
        "model_version": model.version,
        "policies": policies,
    }


def scored(split: Holdout, ranker: Ranker, k: int) -> dict[str, float | int]:
    """Mean recall and ndcg at ``k`` over the users of a split, coverage, and how many users there are.

    Coverage is the part of the items that the model knows, those somebody showed interest in before the split, that
    is on at least one user's list. Scores are 0 where the split has no users.
    """
    shown = np.zeros(len(split.model.item_ids), dtype=np.bool_)
    recalls, gains = np.zeros(len(split)), np.zeros(len(split))
    for user, (history, wanted_rows) in enumerate(split.users()):
        ranked = ranker(history)[:k]
        shown[ranked[ranked >= 0]] = True
        recalls[user] = recall(ranked, wanted_rows)
        gains[user] = ndcg(ranked, wanted_rows, k)
    users = max(len(split), 1)
    return {
        f"recall@{k}": float(recalls.sum() / users),
        f"ndcg@{k}": float(gains.sum() / users),
        "coverage": float(shown.mean()),
        "users": len(split),
    }


def recall(ranked: npt.NDArray[np.int64], wanted_rows: npt.NDArray[np.int64]) -> float:
    """The part of what was wanted that is in the list, 0 to 1."""
    return float(np.isin(wanted_rows, ranked).mean())


def ndcg(ranked: npt.NDArray[np.int64], wanted_rows: npt.NDArray[np.int64], k: int) -> float:
    """Discounted gain of the list over that of the best list of ``k``, binary relevance, 0 to 1.

    A hit at position n (from 1) gains 1 / log2(n + 1); the best list has min(k, wanted) hits at its top.
    Järvelin & Kekäläinen (2002), *Cumulated Gain-Based Evaluation of IR Techniques*.
    """
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    gained = discounts[: len(ranked)][np.isin(ranked[:k], wanted_rows)].sum()
    return float(gained / discounts[: len(wanted_rows)].sum())


def _rankers(model: Model, items: Items, k: int) -> Mapping[str, Ranker]:
    """The policies that are compared. The baselines are spared the rules of serving, which only cost."""
    own, filled = (own_most_frequent(model, k, fill=fill) for fill in (False, True))
    return {
        "default": served(model, items, Policy.parse({}), k),
        "als": served(model, items, Policy.parse({"sources": ["als"], "rebuy_gap_days": 0}), k),
        "popularity": served(model, items, Policy.parse({"sources": ["popularity"], "rebuy_gap_days": 0}), k),
        "own_most_frequent": own,
        "own_most_frequent_then_popularity": filled,
    }


def served(model: Model, items: Items, policy: Policy, k: int) -> Ranker:
    """What `recommender.feed.compose` shows at the end of the training window, every known item being available."""
    now_seconds = model.trained_until_seconds
    published = np.flatnonzero(items.published_at_seconds < now_seconds)
    newest = published[np.argsort(-items.published_at_seconds[published], kind="stable")]
    request = FeedRequest(
        limit=k,
        now_seconds=now_seconds,
        policy=policy,
        allowed=np.ones(len(model.item_ids), dtype=np.bool_),
        excluded_item_ids=np.zeros(0, dtype=np.int64),
        newest_item_ids=items.item_ids[newest],
        newest_is_content=items.is_content[newest],
        newest_published_at_seconds=items.published_at_seconds[newest],
    )

    def ranked(history: History) -> npt.NDArray[np.int64]:
        shown = compose(model, history, request).items
        return model.rows_of(np.array([item.item_id for item in shown], dtype=np.int64))

    return ranked


def own_most_frequent(model: Model, k: int, *, fill: bool) -> Ranker:
    """What the user bought on most days, or, having bought nothing, showed most interest in.

    Li et al. (2023), *A Next Basket Recommendation Reality Check*: P-TopFreq, which knows nothing but the user's own
    counts, and GP-TopFreq, which breaks ties and fills the list by popularity.

    Args:
        model: The fitted model, for its rows and its popularity.
        k: Length of the list.
        fill: Whether popularity breaks ties and fills the list; without it ties go by row.
    """
    n_items = len(model.item_ids)
    tie_rank = model.sources.popularity.rank if fill else np.arange(n_items, dtype=np.int32)

    def ranked(history: History) -> npt.NDArray[np.int64]:
        counts = np.zeros(n_items, dtype=np.float32)
        own = (history.rows >= 0) & (history.purchases > 0)
        counts[history.rows[own]] = history.purchases[own]
        if not own.any():
            counts[history.warm_rows] = history.warm_strengths
        candidates = np.arange(n_items) if fill else np.flatnonzero(counts)
        return best(counts, candidates, k, tie_rank=tie_rank)

    return ranked
