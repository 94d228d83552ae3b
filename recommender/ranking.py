"""Which sources make a feed, with which weights, and how their scores are added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

SOURCES = ("repurchase", "als", "neighbours", "popularity", "segment", "newest")
"""Every source a policy may name."""

PERSONAL_SOURCES = frozenset({"repurchase", "als", "neighbours"})
"""The sources that need the user's own history."""

_POLICY_KEYS = ("sources", "content_share", "rebuy_gap_days")

_LARGEST_WEIGHT = 1e6
"""A source's score is about 1: this much more of one source already shuts out the others, and no sum overflows."""

_LONGEST_GAP_DAYS = 36_500.0
"""A century: once bought, never shown again."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a feed is made of; `None` stands for what training found or the configuration says."""

    sources: Mapping[str, float] | None = None
    """Weight by source, at least one above 0."""
    content_share: float | None = None
    """Content's part of the feed, 0 to 1."""
    rebuy_gap_days: float | None = None
    """For how long a product just bought is left out, at least 0."""

    @classmethod
    def parse(cls, mapping: Mapping[str, Any]) -> Self:
        """The policy that a JSON-like mapping describes; ``{}`` is the default policy.

        Args:
            mapping: Optional keys ``sources`` (a list of names, each with weight 1, or a mapping of name to weight),
                ``content_share`` (0 to 1) and ``rebuy_gap_days`` (0 to 36 500). Null counts as left out.

        Raises:
            ValueError: If a key or source is unknown, or a value is out of its range.
        """
        unknown = sorted(str(key) for key in mapping if key not in _POLICY_KEYS)
        if unknown:
            raise ValueError(f"a policy's keys must be among {', '.join(_POLICY_KEYS)}, got {', '.join(unknown)}")
        sources = mapping.get("sources")
        return cls(
            sources=None if sources is None else _source_weights(sources),
            content_share=_number(mapping, "content_share", 1.0),
            rebuy_gap_days=_number(mapping, "rebuy_gap_days", _LONGEST_GAP_DAYS),
        )


@dataclass(frozen=True, slots=True)
class Weights:
    """The weight of each source in a ranking of products, and in one of content."""

    products: Mapping[str, float]
    content: Mapping[str, float]

    @classmethod
    def same(cls, weights: Mapping[str, float]) -> Self:
        """The same weights for both kinds."""
        return cls(products=weights, content=weights)

    def names(self) -> tuple[str, ...]:
        """The sources with a weight other than 0 for either kind, in the order of `SOURCES`."""
        return tuple(name for name in SOURCES if self.products.get(name, 0.0) or self.content.get(name, 0.0))

    def matrix(self, names: Sequence[str]) -> npt.NDArray[np.float32]:
        """The weights of these sources, shape ``(2, len(names))``: products first, then content."""
        return np.array([[kind.get(name, 0.0) for name in names] for kind in (self.products, self.content)], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Blend:
    """The weighted sum of sources, and what each source put in."""

    names: tuple[str, ...]
    parts: npt.NDArray[np.float32]
    """Scores by source, unweighted, shape ``(n_sources, n_candidates)``."""
    weights: npt.NDArray[np.float32]
    """Shape ``(2, n_sources)``: products first, then content."""
    is_content: npt.NDArray[np.bool_]
    """Shape ``(n_candidates,)``."""
    totals: npt.NDArray[np.float32]
    """The score of each candidate, shape ``(n_candidates,)``."""

    def parts_of(self, candidates: npt.NDArray[np.int64]) -> list[list[tuple[str, float]]]:
        """For each of some candidates, every source and what it put into the score, the largest part first."""
        weighted = self.weights[self.is_content[candidates].astype(np.intp)] * self.parts[:, candidates].T
        order = np.argsort(-weighted, axis=1, kind="stable")
        return [
            [(self.names[source], parts[source]) for source in sources]
            for sources, parts in zip(order.tolist(), weighted.tolist(), strict=True)
        ]


def blend(
    parts: Mapping[str, npt.NDArray[np.float32]], weights: Weights, *, is_content: npt.NDArray[np.bool_]
) -> Blend:
    """The weighted sum of the sources' scores, each on a scale comparable between users.

    Args:
        parts: Scores by source, each of shape ``(n_candidates,)``; at least one.
        weights: Weight by source and kind; a source without weight counts 0.
        is_content: Which candidates are content, shape ``(n_candidates,)``.
    """
    names = tuple(parts)
    stacked = np.stack([parts[name] for name in names])
    matrix = weights.matrix(names)
    by_kind = matrix @ stacked
    return Blend(names, stacked, matrix, is_content, totals=np.where(is_content, by_kind[1], by_kind[0]))


def best(
    totals: npt.NDArray[np.float32],
    candidates: npt.NDArray[np.int64],
    n: int,
    *,
    tie_rank: npt.NDArray[np.integer[Any]],
) -> npt.NDArray[np.int64]:
    """The ``n`` candidates with the highest totals, best first; ties by ``tie_rank``, then by candidate.

    Args:
        totals: The score of everything, shape ``(n_items,)``.
        candidates: Positions in ``totals`` to choose from.
        n: How many at most.
        tie_rank: The lower, the earlier among equals, shape ``(n_items,)``.
    """
    if n <= 0:
        return candidates[:0]
    scores = totals[candidates]
    if len(candidates) > n:
        threshold = np.partition(scores, len(scores) - n)[len(scores) - n]
        kept = scores >= threshold
        candidates, scores = candidates[kept], scores[kept]
    return candidates[np.lexsort((candidates, tie_rank[candidates], -scores))[:n]]


def _source_weights(sources: object) -> dict[str, float]:
    """The weight of each source named in a policy."""
    if isinstance(sources, Mapping):
        pairs = list(sources.items())
    elif isinstance(sources, Sequence) and not isinstance(sources, str):
        pairs = [(name, 1.0) for name in sources]
    else:
        # A wrong shape of the JSON is a wrong value to whoever sent it.
        raise ValueError(  # noqa: TRY004
            f"sources must be a list of names or a mapping of name to weight, got {sources!r}"
        )
    unknown = sorted(str(name) for name, _ in pairs if name not in SOURCES)
    if unknown:
        raise ValueError(f"sources must be among {', '.join(SOURCES)}, got {', '.join(unknown)}")
    named = {name: _in_range(weight, f"the weight of {name}", _LARGEST_WEIGHT) for name, weight in pairs}
    if not any(named.values()):
        raise ValueError(f"at least one source must have a weight above 0, got {named}")
    return {name: named[name] for name in SOURCES if name in named}


def _number(mapping: Mapping[str, Any], key: str, highest: float) -> float | None:
    """The number under ``key``, `None` where the key is missing or null."""
    value = mapping.get(key)
    return None if value is None else _in_range(value, key, highest)


def _in_range(value: object, subject: str, highest: float) -> float:
    """A number of JSON from 0 to ``highest``; compared before it is converted, since an integer may be too long."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= highest:
        raise ValueError(f"{subject} must be a number from 0 to {highest:g}, got {value!r}")
    return float(value)
