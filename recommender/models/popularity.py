"""What everybody wants now, in the whole shop and per segment of its users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from recommender.events import Events, decay
from recommender.interactions import History, rows_of
from recommender.models.base import Arrays, Scores, read_only, standardised


@dataclass(frozen=True, slots=True)
class PopularityConfig:
    """How fast popularity passes, and when a segment is large enough to have its own."""

    half_life_days: float = 7.0
    """Interest halves in this time: what sells this week."""
    floor: float = 0.1
    """Added before the logarithm, in purchases: a tenth of a purchase apart from nothing is noise."""
    segment_half_life_days: float = 28.0
    """Segments are small, so they look further back."""
    segment_prior: float = 50.0
    """The whole shop's popularity counts in a segment as this many purchases."""
    segment_events: int = 100
    """A segment with fewer events than this has no popularity of its own."""
    segments: int = 50
    """At most this many segments, the largest first."""

    def __post_init__(self) -> None:
        for name in ("half_life_days", "floor", "segment_half_life_days", "segment_prior"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True, eq=False)
class PopularitySource:
    """Recent interest of all users. It decays alike for all items, so its order holds until the next training."""

    interest: npt.NDArray[np.float32]
    """Decayed interest per item at the last training event, in purchases, at least 0, shape ``(n_items,)``."""
    floor: float
    """Added before the logarithm, in purchases."""
    standard: Scores
    """``log(interest + floor)``, standardised over the catalogue."""
    rank: npt.NDArray[np.int32]
    """0 for the most popular item, ties by row: the explicit tie-break of every ranking."""

    def scores(self, history: History) -> Scores:  # noqa: ARG002  # every source is asked alike
        """The standardised popularity, the same for every history."""
        return self.standard

    def contributions(self, history: History, item_rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """All 0: no item of the user's adds to what everybody wants."""
        return np.zeros((len(item_rows), len(history.warm_rows)), dtype=np.float32)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The interest and the floor; scores and ranks follow from them."""
        return {"interest": self.interest, "floor": np.array(self.floor)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The source that `arrays` described."""
        recent, floor = arrays["interest"], float(arrays["floor"])
        rank = np.empty(len(recent), dtype=np.int32)
        rank[np.argsort(-recent, kind="stable")] = np.arange(len(recent), dtype=np.int32)
        standard = standardised(np.log(recent + floor))
        return cls(interest=read_only(recent), floor=floor, standard=read_only(standard), rank=read_only(rank))


@dataclass(frozen=True, slots=True, eq=False)
class SegmentSource:
    """Recent interest of the users of one segment, such as a country."""

    names: tuple[str, ...]
    """The segments that are large enough, sorted."""
    interest: npt.NDArray[np.float32]
    """Decayed interest of the segment's own users, in purchases, at least 0, shape ``(n_segments, n_items)``."""
    prior: npt.NDArray[np.float32]
    """What the whole shop's popularity adds to each segment's, in purchases, above 0, shape ``(n_items,)``."""
    standard: npt.NDArray[np.float32]
    """Standardised log popularity, shape ``(n_segments, n_items)``."""

    def knows(self, segment: str | None) -> bool:
        """Whether this segment has a popularity of its own."""
        return segment in self.names

    def scores(self, history: History) -> Scores:
        """The popularity in the history's segment; all 0 where the segment is unknown."""
        if history.segment is None or history.segment not in self.names:
            return np.zeros(len(self.prior), dtype=np.float32)
        segment_scores: Scores = self.standard[self.names.index(history.segment)]
        return segment_scores

    def interest_in(self, segment: str) -> npt.NDArray[np.float32]:
        """The interest of a known segment's own users in each item, in purchases, shape ``(n_items,)``."""
        own: npt.NDArray[np.float32] = self.interest[self.names.index(segment)]
        return own

    def contributions(self, history: History, item_rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """All 0: no item of the user's adds to what a segment wants."""
        return np.zeros((len(item_rows), len(history.warm_rows)), dtype=np.float32)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The names, as fixed-width text, the interest and the prior; scores follow from them."""
        return {"names": np.array(self.names, dtype=np.str_), "interest": self.interest, "prior": self.prior}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The source that `arrays` described.

        A segment's popularity is shrunk to the shop's: ``log((n_si + m p_i) / (n_s + m))`` with n the decayed
        interest, p the shop's share of item i, m the prior (a Dirichlet prior's posterior mean; Zhai & Lafferty
        2004, section 3).
        """
        own, prior = arrays["interest"], arrays["prior"]
        totals = own.sum(axis=1, keepdims=True, dtype=np.float64) + prior.sum(dtype=np.float64)
        standard = np.zeros(own.shape, dtype=np.float32)
        for segment, shares in enumerate((own + prior) / totals):
            standard[segment] = standardised(np.log(shares))
        return cls(
            names=tuple(str(name) for name in arrays["names"]),
            interest=read_only(own),
            prior=read_only(prior),
            standard=read_only(standard),
        )


def fit_popularity(
    events: Events, item_ids: npt.NDArray[np.int64], *, graded: npt.NDArray[np.float32], config: PopularityConfig
) -> PopularitySource:
    """The popularity of each of ``item_ids`` (sorted) at the instant of the last of ``events``.

    Args:
        events: At least one event.
        item_ids: The model's sorted item ids.
        graded: The interest each event shows.
        config: Half-life and floor.
    """
    rows = rows_of(item_ids, events.item_ids)
    known = rows >= 0
    weights = _recent(events, graded, config.half_life_days)
    recent = np.maximum(np.bincount(rows[known], weights[known], len(item_ids)), 0.0)
    return PopularitySource.from_arrays({"interest": recent.astype(np.float32), "floor": np.array(config.floor)})


def fit_segments(
    events: Events,
    item_ids: npt.NDArray[np.int64],
    event_segments: npt.NDArray[Any],
    *,
    graded: npt.NDArray[np.float32],
    config: PopularityConfig,
) -> SegmentSource:
    """The popularity of each item in each segment that is large enough.

    Args:
        events: At least one event.
        item_ids: The model's sorted item ids.
        event_segments: The name of the segment of each event's user, "" where unknown.
        graded: The interest each event shows.
        config: Half-life, prior, and how large is large enough.
    """
    names, codes, sizes = np.unique(event_segments.astype(np.str_), return_inverse=True, return_counts=True)
    eligible = np.flatnonzero((sizes >= config.segment_events) & (names != ""))
    chosen = np.sort(eligible[np.argsort(-sizes[eligible], kind="stable")][: config.segments])
    rows = rows_of(item_ids, events.item_ids)
    weights = _recent(events, graded, config.segment_half_life_days)
    n_items = len(item_ids)
    shop = np.maximum(np.bincount(rows[rows >= 0], weights[rows >= 0], n_items), 0.0) + config.floor
    prior = config.segment_prior * shop / shop.sum()
    compact = np.full(len(names), -1, dtype=np.int64)
    compact[chosen] = np.arange(len(chosen))
    used = (rows >= 0) & (compact[codes] >= 0)
    cells = compact[codes[used]] * n_items + rows[used]
    counts = np.maximum(np.bincount(cells, weights[used], len(chosen) * n_items), 0.0).reshape(len(chosen), n_items)
    return SegmentSource.from_arrays(
        {"names": names[chosen], "interest": counts.astype(np.float32), "prior": prior.astype(np.float32)}
    )


def _recent(events: Events, graded: npt.NDArray[np.float32], half_life_days: float) -> npt.NDArray[np.float64]:
    """The interest of each event, decayed to the last of them: the training's own end may lie long after it."""
    ages = events.at_seconds.max() - events.at_seconds
    return graded * decay(ages, half_life_days)
