"""The catalogue in memory: what each item is, and which items a feed may show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from recommender.model import Model
from service.clock import machine_now
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
    published_at_seconds: NDArray[np.int64]
    """Unix seconds UTC; 0 where nobody said, so that the item is never called new."""


class Catalogue:
    """One state of the catalogue, never changed after it is made; a newer state replaces it whole.

    Args:
        by_id: Every item of the catalogue, by the log's integer id.
        last_change: Number of the last change among them.
        as_of: Microseconds UTC; what is published later is not shown by this state. None shows it all.
    """

    def __init__(self, by_id: Mapping[int, CatalogueItem], *, last_change: int, as_of: int | None = None) -> None:
        self.by_id: Mapping[int, CatalogueItem] = MappingProxyType(dict(by_id))
        self.id_of: Mapping[str, int] = MappingProxyType({item.external_id: id_ for id_, item in by_id.items()})
        self.last_change = last_change
        self._as_of = as_of
        # Masks cost a pass over the catalogue; requests share the few filters that storefronts really use.
        self.newest = lru_cache(maxsize=128)(self._newest)
        self.allowed = lru_cache(maxsize=128)(self._allowed)

    def with_changes(
        self, changed: Mapping[int, CatalogueItem], *, last_change: int, as_of: int | None = None
    ) -> "Catalogue":
        """The state after some items changed, or time went on."""
        return Catalogue({**self.by_id, **changed}, last_change=last_change, as_of=as_of)

    def next_published_at(self) -> int | None:
        """When the first of the items that are not out yet comes out, microseconds UTC; None if all are."""
        return min((item.published_at or 0 for item in self.by_id.values() if not self._is_out(item)), default=None)

    def shown_count(self, kind: str) -> int:
        """How many items of a kind a feed may show now."""
        return len(self.newest(ItemFilter(kind=kind)).item_ids)

    def _newest(self, filter_: ItemFilter) -> Newest:
        shown = [
            (item.published_at or 0, id_)
            for id_, item in self.by_id.items()
            if filter_.lets_through(item) and self._is_out(item)
        ]
        shown.sort(key=lambda entry: (-entry[0], entry[1]))
        ids = [id_ for _, id_ in shown]
        published = np.array([published_at for published_at, _ in shown], dtype=np.int64)
        return Newest(
            item_ids=np.array(ids, dtype=np.int64),
            is_content=np.array([self.by_id[id_].kind == "content" for id_ in ids], dtype=np.bool_),
            published_at_seconds=published // 1_000_000,
        )

    def _is_out(self, item: CatalogueItem) -> bool:
        return self._as_of is None or (item.published_at or 0) <= self._as_of

    def _allowed(self, model: Model, filter_: ItemFilter) -> NDArray[np.bool_]:
        """Whether a feed may show the item of each row of the model, shape ``(n_items,)``."""
        allowed = np.isin(model.item_ids, self.newest(filter_).item_ids)
        allowed.setflags(write=False)
        return allowed


class LiveCatalogue:
    """The current state of the catalogue, brought up to date from the log.

    Args:
        reader: The log.
        now: The service's clock, microseconds UTC.
    """

    def __init__(self, reader: Reader, now: Callable[[], int] = machine_now) -> None:
        self._reader = reader
        self._now = now
        self._looking = Lock()  # two looks at once could put an older state over a newer one
        self._next_published_at: int | None = None
        self.current = Catalogue({}, last_change=0)

    def refresh(self) -> bool:
        """Reads what changed or came out since the last look; whether anything did."""
        with self._looking:
            before, now = self.current, self._now()
            with self._reader.connect() as connection:
                changed, last_change = items_changed_since(connection, before.last_change)
            came_out = self._next_published_at is not None and self._next_published_at <= now
            if changed or came_out:
                self.current = before.with_changes(changed, last_change=last_change, as_of=now)
                self._next_published_at = self.current.next_published_at()
            return bool(changed) or came_out
