"""The fitted model as it is held in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from recommender.configuration import TrainingConfig
from recommender.events import Events
from recommender.interactions import History, live_history, rows_of
from recommender.models.als import AlsSource
from recommender.models.base import Scores, Source
from recommender.models.neighbours import NeighboursSource
from recommender.models.popularity import PopularitySource, SegmentSource
from recommender.models.repurchase import RepurchaseSource
from recommender.ranking import Weights


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """The fitted sources; their field names are the names a policy uses."""

    repurchase: RepurchaseSource
    als: AlsSource
    neighbours: NeighboursSource
    popularity: PopularitySource
    segment: SegmentSource

    def by_name(self) -> Mapping[str, Source]:
        """The sources under the names a policy uses."""
        return {
            "repurchase": self.repurchase,
            "als": self.als,
            "neighbours": self.neighbours,
            "popularity": self.popularity,
            "segment": self.segment,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Everything a feed needs that was learnt; nothing of any user."""

    version: str
    """Names the model, by `version_of`."""
    trained_from_seconds: int
    """The first event learnt from."""
    trained_until_seconds: int
    """Events before this instant were learnt from."""
    item_ids: npt.NDArray[np.int64]
    """Sorted; position = row, shape ``(n_items,)``."""
    is_content: npt.NDArray[np.bool_]
    """Content, or else a product, shape ``(n_items,)``."""
    sources: Sources
    weights: Weights
    """The default policy's, fitted at training."""
    weights_record: Mapping[str, Any]
    """What the weights were compared on and what they scored there, by kind of item; plain values for a manifest."""
    config: TrainingConfig

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Every array of the model by name, those of a source under ``source.name``."""
        arrays: dict[str, npt.NDArray[Any]] = {"item_ids": self.item_ids, "is_content": self.is_content}
        for source_name, source in self.sources.by_name().items():
            arrays |= {f"{source_name}.{name}": array for name, array in source.arrays().items()}
        return arrays

    def rows_of(self, item_ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The row of each item, -1 where the model does not know it."""
        return rows_of(self.item_ids, item_ids)

    def history(self, events: Events, segment: str | None, now_seconds: int) -> History:
        """One user's history at ``now_seconds``.

        Args:
            events: All of that user's events, in any order.
            segment: The user's segment, such as a country.
            now_seconds: The instant of the feed.
        """
        return live_history(
            events,
            self.item_ids,
            config=self.config.interest,
            segment=segment,
            now_seconds=now_seconds,
            finished_share=self.config.rules.finished_share,
        )

    def scores(self, names: Iterable[str], history: History) -> dict[str, Scores]:
        """The scores of the named sources for one history, each of shape ``(n_items,)``."""
        sources = self.sources.by_name()
        return {name: sources[name].scores(history) for name in names}


def version_of(model: Model) -> str:
    """A name for a model: the end of its training window, then a digest of all that decides what it serves.

    What the model is called already has no part in it.
    """
    weights = [sorted(kind.items()) for kind in (model.weights.products, model.weights.content)]
    digest = hashlib.sha256(repr((model.config, weights)).encode())
    for name, array in model.arrays().items():
        digest.update(f"{name}{array.dtype.str}{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return f"{datetime.fromtimestamp(model.trained_until_seconds, UTC):%Y%m%dT%H%M%SZ}-{digest.hexdigest()[:8]}"
