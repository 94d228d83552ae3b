"""What the user bought before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from recommender.events import decay
from recommender.interactions import History
from recommender.models.base import Arrays, Scores


@dataclass(frozen=True, slots=True)
class RepurchaseConfig:
    """How much a recent purchase counts beside the number of purchases."""

    recency: float = 0.2
    """A purchase just made adds this to the logarithm of the count; on the Online Retail log .1 to .3 do alike."""
    recency_half_life_days: float = 30.0
    """The addition halves in this time."""

    def __post_init__(self) -> None:
        if not self.recency_half_life_days > 0:
            raise ValueError(f"recency_half_life_days must be above 0, got {self.recency_half_life_days}")


@dataclass(frozen=True, slots=True, eq=False)
class RepurchaseSource:
    """The user's own purchases: ``log(1 + days of purchase) + recency · 2^(-age of the last / half-life)``.

    P-TopFreq of Li et al. (2023), *A Next Basket Recommendation Reality Check*, with a little recency; plain counts
    beat decayed ones on the Online Retail log. The scale is absolute (one purchase = log 2): a deviation over the
    catalogue would shrink with every further item that the user buys.
    """

    n_items: int
    recency: float
    recency_half_life_days: float

    def scores(self, history: History) -> Scores:
        """The score of each item the user bought and kept, 0 elsewhere."""
        scores = np.zeros(self.n_items, dtype=np.float32)
        own = np.flatnonzero((history.rows >= 0) & (history.purchases > 0))
        ages = history.now_seconds - np.maximum(history.bought_at_seconds[own], 0)
        recent = self.recency * decay(ages, self.recency_half_life_days)
        scores[history.rows[own]] = np.log1p(history.purchases[own]) + recent
        return scores

    def contributions(self, history: History, item_rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """The score itself where the item is the very item of the history."""
        scores = self.scores(history)
        same = item_rows[:, None] == history.warm_rows
        return np.where(same, scores[item_rows][:, None], np.float32(0.0))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The size of the catalogue and the configuration; all else is in the history."""
        return {
            "n_items": np.array(self.n_items),
            "recency": np.array(self.recency),
            "recency_half_life_days": np.array(self.recency_half_life_days),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The source that `arrays` described."""
        return cls(
            n_items=int(arrays["n_items"]),
            recency=float(arrays["recency"]),
            recency_half_life_days=float(arrays["recency_half_life_days"]),
        )
