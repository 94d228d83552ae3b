"""Items liked by the same users: a fixed-width table of each item's nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from recommender.interactions import History
from recommender.models.base import Arrays, Scores, read_only, standardised

_CELLS_PER_CHUNK = 1_000_000


@dataclass(frozen=True, slots=True)
class NeighboursConfig:
    """How similarities between items are scaled: ``W_ij = d_i^-a · Σ_u r_ui r_uj d_u^-c · d_j^-b``."""

    width: int = 100
    """Neighbours kept per item, after scaling."""
    source_penalty: float = 0.5
    """a: damps items of the history that everybody has."""
    target_penalty: float = 0.7
    """b: damps popular items among the recommended."""
    user_penalty: float = 1.0
    """c: damps users with long histories, whose pairs say little."""

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"width must be at least 1, got {self.width}")


@dataclass(frozen=True, slots=True, eq=False)
class NeighboursSource:
    """The best neighbours of each item."""

    neighbour_rows: npt.NDArray[np.int32]
    """Best first, shape ``(n_items, width)``; padded with row 0 at similarity 0."""
    similarities: npt.NDArray[np.float32]
    """Aligned with ``neighbour_rows``, at least 0."""

    def scores(self, history: History) -> Scores:
        """sqrt(Σ_j r_uj W_ji) over the history, standardised over the catalogue.

        The root tames a heavy tail: without it one pair of items that are always bought together outweighs
        all other sources.
        """
        n_items = len(self.neighbour_rows)
        if len(history.warm_rows) == 0:
            return np.zeros(n_items, dtype=np.float32)
        added = self.similarities[history.warm_rows] * history.warm_strengths[:, None]
        raw = np.bincount(self.neighbour_rows[history.warm_rows].ravel(), added.ravel(), n_items)
        return standardised(np.sqrt(raw))

    def contributions(self, history: History, item_rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """r_uj W_ji of each item j of the history for each item i."""
        near, similarities = self.neighbour_rows[history.warm_rows], self.similarities[history.warm_rows]
        added = np.zeros((len(item_rows), len(history.warm_rows)), dtype=np.float32)
        for position, item_row in enumerate(item_rows):
            added[position] = np.where(near == item_row, similarities, 0.0).sum(axis=1) * history.warm_strengths
        return added

    def similar(self, item_row: int) -> Scores:
        """The similarity of every item to one, 0 outside its neighbours, shape ``(n_items,)``."""
        similar = np.zeros(len(self.neighbour_rows), dtype=np.float32)
        np.add.at(similar, self.neighbour_rows[item_row], self.similarities[item_row])
        return similar

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Both tables."""
        return {"neighbour_rows": self.neighbour_rows, "similarities": self.similarities}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The source that `arrays` described."""
        return cls(neighbour_rows=read_only(arrays["neighbour_rows"]), similarities=read_only(arrays["similarities"]))


def fit_neighbours(strengths: sp.csr_array, config: NeighboursConfig) -> NeighboursSource:
    """The neighbours of every item under a matrix of strengths, shape ``(n_users, n_items)``.

    An item is no neighbour of its own. The work is that of the pairs of items that share a user, not of all pairs,
    and memory is bounded: the similarities are made for some items at a time.
    """
    n_items = strengths.shape[1]
    width = max(1, min(config.width, n_items - 1))
    item_degrees = np.bincount(strengths.indices, minlength=n_items).astype(np.float64)
    user_degrees = np.diff(strengths.indptr).astype(np.float64)
    by_user = sp.csr_array(sp.diags_array(_power(user_degrees, -config.user_penalty)) @ strengths)
    targets = _power(item_degrees, -config.target_penalty)
    sources = _power(item_degrees, -config.source_penalty)
    by_item = sp.csr_array(strengths.T)
    neighbour_rows = np.zeros((n_items, width), dtype=np.int32)
    similarities = np.zeros((n_items, width), dtype=np.float32)
    for chunk in _chunks(by_item, user_degrees, width):
        shared = sp.csr_array(by_item[chunk] @ by_user)
        owners = np.repeat(chunk, np.diff(shared.indptr))
        shared.data *= sources[owners] * targets[shared.indices]
        shared.data[shared.indices == owners] = 0.0
        neighbour_rows[chunk], similarities[chunk] = _best_stored(shared, width)
    return NeighboursSource.from_arrays({"neighbour_rows": neighbour_rows, "similarities": similarities})


def _chunks(by_item: sp.csr_array, user_degrees: npt.NDArray[np.float64], width: int) -> list[npt.NDArray[np.int64]]:
    """All items in groups of about equally many candidates, so that the tables of a group hold little padding.

    An item has at most as many candidates as its users have items, and never more than there are items.
    """
    most = np.minimum(by_item.astype(np.bool_) @ user_degrees, by_item.shape[0])
    order = np.argsort(most, kind="stable")
    group = np.cumsum(np.maximum(most[order], width)) // _CELLS_PER_CHUNK
    return np.split(order, np.flatnonzero(np.diff(group)) + 1)


def _best_stored(shared: sp.csr_array, width: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """The columns and values of the ``width`` largest stored values of each row, best first, padded with 0 and 0."""
    lengths = np.diff(shared.indptr)
    places = np.arange(max(int(lengths.max(initial=0)), width))
    is_stored = places < lengths[:, None]
    values = np.zeros(is_stored.shape)
    columns = np.zeros(is_stored.shape, dtype=np.int32)
    values[is_stored], columns[is_stored] = shared.data, shared.indices
    if len(places) > width:
        kept = np.argpartition(-values, width - 1, axis=1)[:, :width]
        values, columns = np.take_along_axis(values, kept, axis=1), np.take_along_axis(columns, kept, axis=1)
    order = np.lexsort((columns, -values), axis=1)
    values, columns = np.take_along_axis(values, order, axis=1), np.take_along_axis(columns, order, axis=1)
    return np.where(values > 0, columns, 0), values.astype(np.float32)


def _power(degrees: npt.NDArray[np.float64], exponent: float) -> npt.NDArray[np.float64]:
    """Degrees to a power; those of 0 count as 1, they meet zeros only."""
    powers: npt.NDArray[np.float64] = np.maximum(degrees, 1.0) ** exponent
    return powers
