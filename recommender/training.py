"""Events to a model, readable from top to bottom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from recommender.configuration import TrainingConfig
from recommender.events import Events, interest
from recommender.holdout import holdout
from recommender.interactions import interactions, rows_of
from recommender.model import Model, Sources, version_of
from recommender.models.als import fit_als
from recommender.models.base import read_only
from recommender.models.neighbours import fit_neighbours
from recommender.models.popularity import fit_popularity, fit_segments
from recommender.models.repurchase import RepurchaseSource
from recommender.ranking import Weights
from recommender.threads import one_blas_thread
from recommender.weighting import fitted_weights, validation_split

__all__ = ["Items", "NothingToTrain", "Segments", "TrainingConfig", "train"]


class NothingToTrain(Exception):
    """No event before the end of the training window shows interest in an item of the catalogue."""


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """The catalogue as equally long columns, in any order. Events on other items are not learnt from."""

    item_ids: npt.NDArray[np.int64]
    is_content: npt.NDArray[np.bool_]
    """Content, or else a product."""
    published_at_seconds: npt.NDArray[np.int64]
    """Unix seconds UTC."""


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """The segment of each user, such as a country, as equally long columns in any order; users may be missing."""

    user_ids: npt.NDArray[np.int64]
    names: npt.NDArray[Any]
    """Text; "" where unknown."""

    def of(self, user_ids: npt.NDArray[np.int64]) -> npt.NDArray[np.str_]:
        """The segment of each of these users, "" where unknown."""
        if len(self.user_ids) == 0:
            return np.full(len(user_ids), "", dtype=np.str_)
        order = np.argsort(self.user_ids, kind="stable")
        rows = rows_of(self.user_ids[order], user_ids)
        found: npt.NDArray[np.str_] = np.where(rows >= 0, self.names.astype(np.str_)[order][rows], "")
        return found


def train(
    events: Events,
    items: Items,
    segments: Segments,
    config: TrainingConfig,
    *,
    until_seconds: int,
    seed: int,
    on_step: Callable[[str], None],
) -> Model:
    """A model of everything before ``until_seconds``, with blend weights fitted on the last part of that window.

    Args:
        events: Events in any order; those at or after ``until_seconds`` are not looked at.
        items: The catalogue; items that nobody showed interest in are left to the feed's newest rung.
        segments: The users' segments.
        config: Hyper-parameters.
        until_seconds: The end of the training window, Unix seconds UTC.
        seed: Seed of everything random; equal inputs and seed give an equal model.
        on_step: Told what is being done, for a progress line.

    Raises:
        NothingToTrain: If no event is usable.
    """
    past = events.before(until_seconds)
    past_segments = segments.of(past.user_ids)
    split_seconds = validation_split(past, config.blend)
    weights = Weights.same(config.blend.start)
    record: dict[str, Any] = {"weights": "as stated: no earlier part of the log to compare on"}
    with one_blas_thread():
        if split_seconds is not None and _usable(past.before(split_seconds), items, config).any():

            def on_earlier_step(step: str) -> None:
                on_step(f"comparing weights: {step}")

            earlier = _fitted(
                past, past_segments, items, config, until_seconds=split_seconds, seed=seed, on_step=on_earlier_step
            )
            split = holdout(earlier, past, past_segments, until_seconds=until_seconds)
            weights, record = fitted_weights(split, config.blend, rng=np.random.default_rng(seed))
        model = _fitted(past, past_segments, items, config, until_seconds=until_seconds, seed=seed, on_step=on_step)
    finished = replace(model, weights=weights, weights_record=record)
    return replace(finished, version=version_of(finished))


def _fitted(
    events: Events,
    event_segments: npt.NDArray[Any],
    items: Items,
    config: TrainingConfig,
    *,
    until_seconds: int,
    seed: int,
    on_step: Callable[[str], None],
) -> Model:
    """A model of the events before ``until_seconds``, with the stated weights and no version yet."""
    usable = _usable(events, items, config) & (events.at_seconds < until_seconds)
    if not usable.any():
        raise NothingToTrain("no event before the end of the training window shows interest in a known item")
    item_ids = np.unique(events.item_ids[usable])
    is_past = events.at_seconds < until_seconds
    past = events.take(is_past)
    on_step("interactions")
    shown = interactions(past, item_ids, config=config.interest, now_seconds=until_seconds)
    als = fit_als(shown.strengths, config.als, seed=seed, on_step=on_step)
    on_step("neighbours")
    neighbours = fit_neighbours(shown.strengths, config.neighbours)
    on_step("popularity")
    popularity = fit_popularity(past, item_ids, graded=shown.settled, config=config.popularity)
    segment = fit_segments(past, item_ids, event_segments[is_past], graded=shown.settled, config=config.popularity)
    repurchase = RepurchaseSource(len(item_ids), config.repurchase.recency, config.repurchase.recency_half_life_days)
    sources = Sources(repurchase, als, neighbours, popularity, segment)
    catalogue = np.argsort(items.item_ids, kind="stable")
    positions = catalogue[np.searchsorted(items.item_ids, item_ids, sorter=catalogue)]
    return Model(
        version="",
        trained_from_seconds=int(past.at_seconds.min()),
        trained_until_seconds=until_seconds,
        item_ids=read_only(item_ids),
        is_content=read_only(items.is_content[positions]),
        sources=sources,
        weights=Weights.same(config.blend.start),
        weights_record={},
        config=config,
    )


def _usable(events: Events, items: Items, config: TrainingConfig) -> npt.NDArray[np.bool_]:
    """Which events show interest in an item of the catalogue."""
    return (interest(events, config.interest) > 0) & np.isin(events.item_ids, items.item_ids)
