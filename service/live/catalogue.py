"""The catalogue in memory: what each item is, and which items a feed may show."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from recommender.model import Model
from service.log.catalogue import CatalogueItem, items_changed_since
from service.log.database import Reader


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """What a request asks of the items it wants; None asks nothing."""

    kind: str | None = None
    category: str | None = None

    def lets_through(self, item: CatalogueItem) -> bool:
        """Whether a feed with this filter may show the item."""
        return (
            item.available
            and not item.is_service
            and (self.kind is None or item.kind == self.kind)
            and (self.category is None or self.category in item.categories)
        )


@dataclass(frozen=True, slots=True)
class Newest:
    """Items a feed may show, the newest first, shape ``(n,)``."""

    item_ids: NDArray[np.int64]
    is_content: NDArray[np.bool_]


class Catalogue:
    """One state of the catalogue, never changed after it is made; a newer state replaces it whole."""

    def __init__(self, by_id: Mapping[int, CatalogueItem], *, last_change: int) -> None:
        self.by_id: Mapping[int, CatalogueItem] = MappingProxyType(dict(by_id))
        self.id_of: Mapping[str, int] = MappingProxyType({item.external_id: id_ for id_, item in by_id.items()})
        self.last_change = last_change
        # Masks cost a pass over the catalogue; requests share the few filters that storefronts really use.
        self.newest = lru_cache(maxsize=128)(self._newest)
        self.allowed = lru_cache(maxsize=128)(self._allowed)

    def with_changes(self, changed: Mapping[int, CatalogueItem], *, last_change: int) -> "Catalogue":
        """The state after some items changed."""
        return Catalogue({**self.by_id, **changed}, last_change=last_change)

    def shown_count(self, kind: str) -> int:
        """How many items of a kind a feed may show now."""
        return len(self.newest(ItemFilter(kind=kind)).item_ids)

    def _newest(self, filter_: ItemFilter) -> Newest:
        shown = [(item.published_at or 0, id_) for id_, item in self.by_id.items() if filter_.lets_through(item)]
        shown.sort(key=lambda entry: (-entry[0], entry[1]))
        ids = [id_ for _, id_ in shown]
        return Newest(
            item_ids=np.array(ids, dtype=np.int64),
            is_content=np.array([self.by_id[id_].kind == "content" for id_ in ids], dtype=np.bool_),
        )

    def _allowed(self, model: Model, filter_: ItemFilter) -> NDArray[np.bool_]:
        """Whether a feed may show the item of each row of the model, shape ``(n_items,)``."""
        allowed = np.isin(model.item_ids, self.newest(filter_).item_ids)
        allowed.setflags(write=False)
        return allowed


class LiveCatalogue:
    """The current state of the catalogue, brought up to date from the log."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._looking = Lock()  # two looks at once could put an older state over a newer one
        self.current = Catalogue({}, last_change=0)

    def refresh(self) -> bool:
        """Reads what changed since the last look; whether anything did."""
        with self._looking:
            before = self.current
            with self._reader.connect() as connection:
                changed, last_change = items_changed_since(connection, before.last_change)
            if changed:
                self.current = before.with_changes(changed, last_change=last_change)
            return bool(changed)
