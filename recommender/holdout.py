"""A time split: what users did before an instant, and what they wanted after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recommender.events import Events, interest
from recommender.interactions import History, wanted
from recommender.model import Model


@dataclass(frozen=True, slots=True, eq=False)
class Holdout:
    """The users who showed interest before the split and wanted something after it that the model knows."""

    model: Model
    past: Events
    """Events before the split, ordered by user."""
    past_segments: npt.NDArray[Any]
    """The segment of each past event's user, "" where unknown."""
    past_bounds: npt.NDArray[np.int64]
    """The events of user n are those from the nth bound to the next; shape ``(n_users, 2)``."""
    wanted_rows: npt.NDArray[np.int64]
    """The model's rows that were wanted, ordered by user, each once per user."""
    wanted_bounds: npt.NDArray[np.int64]
    """As ``past_bounds``, for ``wanted_rows``."""

    def __len__(self) -> int:
        return len(self.past_bounds)

    def of_kind(self, is_content: bool) -> Holdout:
        """The same split with wishes of one kind only, and the users who have such a wish."""
        users = np.repeat(np.arange(len(self)), np.diff(self.wanted_bounds, axis=1)[:, 0])
        chosen = self.model.is_content[self.wanted_rows] == is_content
        kept, bounds = _bounds(users[chosen])
        return Holdout(
            self.model, self.past, self.past_segments, self.past_bounds[kept], self.wanted_rows[chosen], bounds
        )

    def sample(self, n_users: int, *, rng: np.random.Generator) -> Holdout:
        """The same split with at most ``n_users``, drawn at random."""
        if len(self) <= n_users:
            return self
        kept = np.sort(rng.choice(len(self), n_users, replace=False))
        lengths = np.diff(self.wanted_bounds[kept], axis=1)[:, 0]
        rows = np.concatenate([self.wanted_rows[start:end] for start, end in self.wanted_bounds[kept]])
        ends = np.cumsum(lengths)
        bounds = np.stack((ends - lengths, ends), axis=1)
        return Holdout(self.model, self.past, self.past_segments, self.past_bounds[kept], rows, bounds)

    def users(self) -> Iterator[tuple[History, npt.NDArray[np.int64]]]:
        """Each user's history at the split, made as serving makes it, and the rows wanted later."""
        now_seconds = self.model.trained_until_seconds
        for (start, end), (first, last) in zip(self.past_bounds.tolist(), self.wanted_bounds.tolist(), strict=True):
            segment = str(self.past_segments[start]) or None
            history = self.model.history(self.past.take(slice(start, end)), segment, now_seconds)
            yield history, self.wanted_rows[first:last]


def holdout(model: Model, events: Events, event_segments: npt.NDArray[Any], *, until_seconds: int) -> Holdout:
    """The time split at the end of the model's training window.

    Args:
        model: Trained on the part of ``events`` before its ``trained_until_seconds``.
        events: Events before and after, in any order.
        event_segments: The segment of each event's user, "" where unknown.
        until_seconds: Later events are not looked at.
    """
    split_seconds = model.trained_until_seconds
    rows = model.rows_of(events.item_ids)
    later = np.flatnonzero((rows >= 0) & (events.at_seconds >= split_seconds) & (events.at_seconds < until_seconds))
    is_wanted = wanted(events.take(later), model.is_content[rows[later]], config=model.config.interest)
    later = later[is_wanted]
    shows_interest = interest(events, model.config.interest) > 0
    order = np.flatnonzero(events.at_seconds < split_seconds)
    order = order[np.argsort(events.user_ids[order], kind="stable")]
    past_users, past_bounds = _bounds(events.user_ids[order])
    # One wish per user and item, however often it was fulfilled.
    wishes = np.unique(np.stack((events.user_ids[later], rows[later]), axis=1), axis=0)
    warm = np.unique(events.user_ids[(rows >= 0) & (events.at_seconds < split_seconds) & shows_interest])
    wishes = wishes[np.isin(wishes[:, 0], warm)]
    users, wanted_bounds = _bounds(wishes[:, 0])
    return Holdout(
        model=model,
        past=events.take(order),
        past_segments=event_segments[order],
        past_bounds=past_bounds[np.searchsorted(past_users, users)],
        wanted_rows=wishes[:, 1],
        wanted_bounds=wanted_bounds,
    )


def _bounds(sorted_values: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The distinct values of a sorted array, and where each begins and ends, shape ``(n, 2)``."""
    values, starts = np.unique(sorted_values, return_index=True)
    return values, np.stack((starts, np.append(starts[1:], len(sorted_values))[: len(starts)]), axis=1)
