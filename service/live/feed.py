"""From a request to a feed whose exposure is in the log: arm, policy, page, commit, answer."""

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recommender.events import Events
from recommender.feed import Feed, FeedItem, FeedRequest, compose, related
from recommender.interactions import History
from recommender.model import Model
from recommender.ranking import Policy
from service.live.catalogue import Catalogue, ItemFilter, LiveCatalogue
from service.live.experiments import Assigned, LiveExperiments
from service.live.model import LiveModel
from service.log.append import NewExposure, append_exposures
from service.log.database import Reader
from service.log.frames import SEGMENT_ATTRIBUTE
from service.log.history import UserHistory, shown_item_ids, user_history
from service.log.names import UserKey
from service.log.suppressions import is_forgotten
from service.log.writer import Writer
from service.metrics import Metrics

_MICROSECONDS = 1_000_000
_NO_MODEL = np.empty(0, dtype=np.bool_)


class CursorUnknown(ValueError):
    """The cursor continues no feed of this user."""


class ItemUnknown(LookupError):
    """The catalogue has no such item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedWish:
    """What a storefront asks for."""

    user: UserKey
    limit: int
    now: int
    """Microseconds UTC."""
    cursor: str | None = None
    filter: ItemFilter = field(default_factory=ItemFilter)
    exclude: Sequence[str] = ()
    preview_arm: str | None = None


@dataclass(frozen=True, slots=True)
class ServedFeed:
    """A feed as answered; its exposure is committed."""

    feed_id: str
    items: tuple[FeedItem, ...]
    next_cursor: str | None
    arms: Mapping[str, str]
    model_version: str | None
    fallback: str | None
    catalogue: Catalogue
    """The state of the catalogue that the feed was made from."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the log says of the user a feed is for, and of the pages she has seen of it."""

    history: UserHistory | None
    shown: Sequence[int]
    is_forgotten: bool


class FeedDesk:
    """Makes feeds.

    Everything it decides with is in memory but the user herself, who is read from the log each time: so the next feed
    knows the last accepted event, on every replica, and there is no copy that could be stale.
    """

    def __init__(
        self,
        *,
        reader: Reader,
        writer: Writer,
        model: LiveModel,
        catalogue: LiveCatalogue,
        experiments: LiveExperiments,
        metrics: Metrics,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._model = model
        self._catalogue = catalogue
        self._experiments = experiments
        self._metrics = metrics

    async def feed(self, wish: FeedWish) -> ServedFeed:
        """The feed for one request, with its exposure committed.

        Raises:
            CursorUnknown: If the cursor continues no feed of this user.
            PreviewRefused: If the wished preview names no arm.
            LogBusy: If the exposure can't be queued; nothing was served.
        """
        started = time.perf_counter()
        with self._metrics.stage("user"):
            known = await asyncio.to_thread(self._known, wish)
        with self._metrics.stage("assign"):
            lasting = {} if known.history is None else known.history.arms
            assigned = self._experiments.arms(wish.user, lasting, preview=wish.preview_arm)
            if known.is_forgotten:  # a stranger in no experiment: an arm would have to be remembered
                assigned = [entry for entry in assigned if not entry.counts]
        model, catalogue = self._model.current, self._catalogue.current
        with self._metrics.stage("rank"):
            feed = compose(
                model, _history(model, known.history, wish.now), _request(wish, known, assigned, model, catalogue)
            )
        feed_id = uuid.uuid4().hex
        first_feed_id = wish.cursor or feed_id
        exposure = _exposure(wish, feed, assigned, model, feed_id=feed_id, first_feed_id=first_feed_id)
        with self._metrics.stage("commit"):
            await asyncio.wrap_future(self._writer.submit_entry(append_exposures, exposure))
        self._note(feed, assigned, seconds=time.perf_counter() - started)
        return ServedFeed(
            feed_id=feed_id,
            items=feed.items,
            # Of a forgotten person no page is found again.
            next_cursor=first_feed_id if len(feed.items) == wish.limit and not known.is_forgotten else None,
            arms=exposure.arms,
            model_version=exposure.model_version,
            fallback=feed.fallback,
            catalogue=catalogue,
        )

    def related(self, item: str, *, limit: int) -> tuple[tuple[FeedItem, ...], Catalogue, str | None]:
        """Items like the given one, the catalogue they are from, and the model's version.

        Raises:
            ItemUnknown: If the catalogue has no such item.
        """
        model, catalogue = self._model.current, self._catalogue.current
        item_id = catalogue.id_of.get(item)
        if item_id is None:
            raise ItemUnknown(f"the catalogue has no item {item!r}: send it with PUT /v1/items first")
        if model is None:
            return (), catalogue, None
        return related(model, item_id, catalogue.allowed(model, ItemFilter()), limit), catalogue, model.version

    def _known(self, wish: FeedWish) -> _Known:
        shown: Sequence[int] | None = ()
        if wish.cursor is not None:
            shown = shown_item_ids(self._reader, wish.user, wish.cursor)
        if shown is None:
            raise CursorUnknown(f"cursor must be the next_cursor of one of this user's feeds, got {wish.cursor!r}")
        history = user_history(self._reader, wish.user)
        # Who was forgotten has no history, so that all others cost nothing more.
        return _Known(history, shown, is_forgotten=history is None and is_forgotten(self._reader, wish.user))

    def _note(self, feed: Feed, assigned: Sequence[Assigned], *, seconds: float) -> None:
        self._metrics.feed_seconds.observe(seconds)
        self._metrics.feed_rungs.labels(feed.fallback or "policy").inc()
        if not feed.items:
            self._metrics.feeds_empty.inc()
        for item in feed.items:
            self._metrics.feed_items.labels(item.source).inc()
        for entry in assigned:
            if entry.counts:
                self._metrics.exposures.labels(entry.experiment, entry.arm.key).inc()


def _history(model: Model | None, user: UserHistory | None, now: int) -> History | None:
    if model is None or user is None:
        return None
    happened = user.at <= now
    events = Events(
        user_ids=np.full(len(user.at), user.user_id, dtype=np.int64),
        item_ids=user.item_ids,
        kinds=user.kinds,
        at_seconds=user.at // _MICROSECONDS,
        quantities=user.quantities,
        watch_shares=user.watch_shares,
    ).take(happened)
    return model.history(events, user.attributes.get(SEGMENT_ATTRIBUTE), now // _MICROSECONDS)


def _request(
    wish: FeedWish, known: _Known, assigned: Sequence[Assigned], model: Model | None, catalogue: Catalogue
) -> FeedRequest:
    policy: dict[str, object] = {}
    for entry in assigned:
        policy.update(entry.arm.policy)
    newest = catalogue.newest(wish.filter)
    excluded = [catalogue.id_of[item] for item in wish.exclude if item in catalogue.id_of]
    return FeedRequest(
        limit=wish.limit,
        now_seconds=wish.now // _MICROSECONDS,
        policy=Policy.parse(policy),
        allowed=_NO_MODEL if model is None else catalogue.allowed(model, wish.filter),
        excluded_item_ids=_ids([*known.shown, *excluded]),
        newest_item_ids=newest.item_ids,
        newest_is_content=newest.is_content,
        newest_published_at_seconds=newest.published_at_seconds,
    )


def _exposure(
    wish: FeedWish, feed: Feed, assigned: Sequence[Assigned], model: Model | None, *, feed_id: str, first_feed_id: str
) -> NewExposure:
    return NewExposure(
        feed_id=feed_id,
        first_feed_id=first_feed_id,
        user=wish.user,
        at=wish.now,
        surface="feed",
        items=[(item.item_id, item.source, item.probability) for item in feed.items],
        model_version=None if model is None else model.version,
        fallback=feed.fallback,
        arms={entry.experiment: entry.arm.key for entry in assigned},
        assigned={entry.experiment_id: entry.arm.key for entry in assigned if entry.counts},
        is_preview=wish.preview_arm is not None,
    )


def _ids(ids: Sequence[int]) -> NDArray[np.int64]:
    return np.array(ids, dtype=np.int64)
