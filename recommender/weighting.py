"""The default weights of the sources, found on the last part of the training window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recommender.configuration import BlendConfig
from recommender.events import SECONDS_PER_DAY, Events
from recommender.holdout import Holdout
from recommender.interactions import left_out
from recommender.ranking import Weights

_K = 20
_DISCOUNTS = 1.0 / np.log2(np.arange(2, _K + 2))


@dataclass(frozen=True, slots=True, eq=False)
class _Comparison:
    """For each user the best candidates of every source, and which of them the user wanted afterwards."""

    parts: npt.NDArray[np.float32]
    """Scores by source, shape ``(n_sources, n_users, n_candidates)``."""
    is_padding: npt.NDArray[np.bool_]
    """Shape ``(n_users, n_candidates)``."""
    hits: npt.NDArray[np.bool_]
    """Shape ``(n_users, n_candidates)``."""
    ideal: npt.NDArray[np.float64]
    """The greatest reachable discounted gain, shape ``(n_users,)``."""


def validation_split(events: Events, config: BlendConfig) -> int | None:
    """The instant from which on events are held back, `None` where the log is too short to hold back a day."""
    if len(events) == 0:
        return None
    first, last = int(events.at_seconds.min()), int(events.at_seconds.max())
    held_back = min((last - first) * config.validation_share, config.validation_days * SECONDS_PER_DAY)
    return None if held_back < SECONDS_PER_DAY else int(last - held_back)


def fitted_weights(
    held_out: Holdout, config: BlendConfig, *, rng: np.random.Generator
) -> tuple[Weights, dict[str, Any]]:
    """The weights under which an earlier model ranks best what its users wanted later, and a record of the search.

    A coordinate search over the stated grids, for products and for content apart, by ndcg@20. The cost is
    bounded: users are drawn, and of each only the best candidates of every source are compared.

    Args:
        held_out: A split of the training window alone; never one that reaches into a test period.
        config: Grids, start and bounds.
        rng: Draws the users.
    """
    found: dict[str, Mapping[str, float]] = {}
    record: dict[str, Any] = {"split_at_seconds": held_out.model.trained_until_seconds}
    for kind, is_content in (("products", False), ("content", True)):
        sample = held_out.of_kind(is_content).sample(config.users, rng=rng)
        if len(sample) < config.fewest_users:
            found[kind] = config.start
            record[kind] = {"users": len(sample), "weights": "as stated: too few users to compare on"}
            continue
        found[kind], score = _searched(_comparison(sample, is_content, config), config)
        record[kind] = {"users": len(sample), "weights": "fitted", "ndcg@20": score}
    return Weights(**found), record


def _searched(comparison: _Comparison, config: BlendConfig) -> tuple[dict[str, float], float]:
    """The best weights that a coordinate search from the stated ones finds, and their mean ndcg@20.

    A source's weight moves only where the gain, user by user, is at least ``config.standard_errors`` of its own
    standard errors: otherwise the search would fit the weights to the noise of one season.
    """
    weights = {name: float(weight) for name, weight in config.start.items()}
    gains = _ndcg(comparison, weights)
    for _ in range(config.rounds):
        for name, grid in config.grids.items():
            tried = [(weight, _ndcg(comparison, weights | {name: weight})) for weight in grid]
            weight, best_gains = max(tried, key=lambda pair: float(pair[1].mean()))
            difference = best_gains - gains
            if difference.mean() > config.standard_errors * difference.std(ddof=1) / np.sqrt(len(difference)):
                weights, gains = weights | {name: weight}, best_gains
    return weights, float(gains.mean())


def _ndcg(comparison: _Comparison, weights: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """The ndcg@20 of each user under some weights."""
    vector = np.array(list(weights.values()), dtype=np.float32)
    totals = np.tensordot(vector, comparison.parts, axes=1)
    totals[comparison.is_padding] = -np.inf
    k = min(_K, totals.shape[1])
    top = np.argpartition(-totals, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(totals, top, axis=1), axis=1, kind="stable")
    hits = np.take_along_axis(comparison.hits, np.take_along_axis(top, order, axis=1), axis=1)
    scores: npt.NDArray[np.float64] = (hits * _DISCOUNTS[:k]).sum(axis=1) / comparison.ideal
    return scores


def _comparison(held_out: Holdout, is_content: bool, config: BlendConfig) -> _Comparison:
    """The candidates of every user of a split, of one kind of item, under the rules of serving."""
    model = held_out.model
    rules = model.config.rules
    days = (rules.rebuy_gap_days, rules.dismissed_days, rules.finished_days)
    n_sources, width = len(config.start), config.candidates * len(config.start)
    parts = np.zeros((n_sources, len(held_out), width), dtype=np.float32)
    is_padding = np.ones((len(held_out), width), dtype=np.bool_)
    hits = np.zeros((len(held_out), width), dtype=np.bool_)
    ideal = np.empty(len(held_out))
    for user, (history, wanted_rows) in enumerate(held_out.users()):
        scores = np.stack(list(model.scores(config.start, history).values()))
        is_open = model.is_content == is_content
        is_open[history.rows[left_out(history, now_seconds=model.trained_until_seconds, days=days)]] = False
        open_rows = np.flatnonzero(is_open)
        candidates = _union_of_best(scores, open_rows, config.candidates)
        parts[:, user, : len(candidates)] = scores[:, candidates]
        is_padding[user, : len(candidates)] = False
        hits[user, : len(candidates)] = np.isin(candidates, wanted_rows)
        ideal[user] = _DISCOUNTS[: len(wanted_rows)].sum()
    return _Comparison(parts=parts, is_padding=is_padding, hits=hits, ideal=ideal)


def _union_of_best(scores: npt.NDArray[np.float32], open_rows: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.int64]:
    """The rows among the ``n`` best of any source, sorted."""
    if len(open_rows) <= n:
        return open_rows
    best = np.argpartition(-scores[:, open_rows], n - 1, axis=1)[:, :n]
    return open_rows[np.unique(best)]
