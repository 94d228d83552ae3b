"""Why an item is in a feed: the main signal of its score, and the user's own item behind it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from recommender.configuration import RulesConfig
from recommender.events import SECONDS_PER_DAY
from recommender.interactions import NOBODY, History
from recommender.model import Model
from recommender.ranking import Blend
from recommender.retrieval import FeedRequest, Pool

ReasonKey = Literal["bought_before", "because_of", "similar", "popular", "popular_in_segment", "new", "from_the_shop"]

_TASTE = ("als", "neighbours")
_KEYS: Mapping[str, ReasonKey] = {"popularity": "popular", "segment": "popular_in_segment", "newest": "new"}


@dataclass(frozen=True, slots=True)
class Reason:
    """The main signal behind an item, in a form that can be put into any language."""

    key: ReasonKey
    """``from_the_shop`` where nothing more telling is true."""
    item_id: int | None = None
    """The item that the reason names: one of the user's own history, or the one that others are similar to."""
    segment: str | None = None
    """The segment that the reason names."""


def explained(
    entries: npt.NDArray[np.int64],
    blended: Blend,
    pool: Pool,
    *,
    model: Model | None,
    history: History | None,
    request: FeedRequest,
) -> list[tuple[str, Reason]]:
    """The source and the reason of each chosen entry of the pool.

    The source is the one that put most into the score. Where what it would say is not true (no item of the user's
    pulled the score up, few want the item, it is not new), the next that raised the score speaks; where none can, the
    item is called popular or new if it is, and else simply from the shop.

    Args:
        entries: Positions in the pool.
        blended: The scores, aligned with the pool.
        pool: What was ranked.
        model: `None` before the first training.
        history: `None` for somebody never seen.
        request: The instant of the feed, and when the newest items were published.
    """
    someone = NOBODY if history is None else history
    true_of = {"newest": _new(entries, pool, request, RulesConfig() if model is None else model.config.rules)}
    if model is None:
        return [("newest", _unled(entry, true_of)) for entry in entries.tolist()]
    true_of |= _wanted_by_many(entries[entries < pool.n_rows], model, someone.segment, names=blended.names)
    parts = [
        by_part if entry < pool.n_rows else [("newest", 1.0)]
        for entry, by_part in zip(entries.tolist(), blended.parts_of(entries), strict=True)
    ]
    # Personal sources have no entry in true_of: what they say is looked up by item, only where they speak first.
    speakers = {
        entry: [source for source, part in by_part if part > 0 and entry in true_of.get(source, (entry,))]
        for entry, by_part in zip(entries.tolist(), parts, strict=True)
    }
    bought_rows = someone.rows[(someone.rows >= 0) & (someone.purchases > 0)]
    named = _named(speakers, model, someone, bought_rows=bought_rows)
    bought = frozenset(bought_rows.tolist())
    return [
        _led(entry, speakers[entry], named, model, someone.segment, bought=bought)
        or (by_part[0][0], _unled(entry, true_of))
        for entry, by_part in zip(entries.tolist(), parts, strict=True)
    ]


def popular(
    interest: npt.NDArray[np.float32], is_content: npt.NDArray[np.bool_], rules: RulesConfig
) -> npt.NDArray[np.bool_]:
    """Which items may be called popular, shape ``(n_items,)``: much wanted, and more than most others of their kind.

    Each kind has its own top part, of at least one item and with all that equal its last: watching is easier than
    buying, so on one scale every popular item would be a video.

    Args:
        interest: Decayed interest in each item at the end of the training, in purchases.
        is_content: Which items are content, shape ``(n_items,)``.
        rules: From how much interest on, and in which top part.
    """
    found = interest >= rules.popular_interest
    for of_kind in (~is_content, is_content):
        own = interest[of_kind]
        if len(own):
            first_in = len(own) - max(1, math.ceil(rules.popular_share * len(own)))
            found &= ~of_kind | (interest >= np.partition(own, first_in)[first_in])
    return found


def _new(entries: npt.NDArray[np.int64], pool: Pool, request: FeedRequest, rules: RulesConfig) -> frozenset[int]:
    """The entries that were published lately."""
    since_seconds = request.now_seconds - rules.new_days * SECONDS_PER_DAY
    new_ids = request.newest_item_ids[request.newest_published_at_seconds > since_seconds]
    return frozenset(entries[np.isin(pool.item_ids[entries], new_ids)].tolist())


def _wanted_by_many(
    item_rows: npt.NDArray[np.int64], model: Model, segment: str | None, *, names: Collection[str]
) -> dict[str, frozenset[int]]:
    """Which of some rows are popular in the shop ("popularity") and, where that is ranked, in the user's segment."""
    interests = {"popularity": model.sources.popularity.interest}
    if "segment" in names and segment is not None and model.sources.segment.knows(segment):
        interests["segment"] = model.sources.segment.interest_in(segment)
    return {
        source: frozenset(item_rows[popular(interest, model.is_content, model.config.rules)[item_rows]].tolist())
        for source, interest in interests.items()
    }


def _named(
    speakers: Mapping[int, Sequence[str]], model: Model, history: History, *, bought_rows: npt.NDArray[np.int64]
) -> dict[tuple[int, str], int]:
    """For entries of which taste speaks first, the row of the user's item that added most, if any added anything.

    "Because you looked at X" below X itself says nothing: what was not bought names itself only where nothing else
    added to its score.
    """
    named: dict[tuple[int, str], int] = {}
    is_mute = ~np.isin(history.warm_rows, bought_rows)
    for source in _TASTE:
        led = [entry for entry, by_part in speakers.items() if by_part and source == by_part[0]]
        if not led or not history.is_warm:
            continue
        rows = np.array(led, dtype=np.int64)
        added = model.sources.by_name()[source].contributions(history, rows)
        is_itself = np.equal.outer(rows, history.warm_rows)
        others = np.where(is_itself & is_mute, np.float32(0.0), added)
        speaking = np.where((others > 0).any(axis=1, keepdims=True), others, added)
        strongest = speaking.argmax(axis=1)
        amounts = speaking[np.arange(len(rows)), strongest]
        for entry, position, amount in zip(led, strongest.tolist(), amounts.tolist(), strict=True):
            if amount > 0:
                named[entry, source] = int(history.warm_rows[position])
    return named


def _led(
    entry: int,
    speakers: Sequence[str],
    named: Mapping[tuple[int, str], int],
    model: Model,
    segment: str | None,
    *,
    bought: Collection[int],
) -> tuple[str, Reason] | None:
    """The first source that has something to say of an entry, and the saying."""
    for source in speakers:
        if source == "repurchase":
            return source, Reason("bought_before", item_id=int(model.item_ids[entry]))
        if source in _TASTE and (own := named.get((entry, source))) is not None:
            key: ReasonKey = "bought_before" if own == entry and own in bought else "because_of"
            return source, Reason(key, item_id=int(model.item_ids[own]))
        if source in _KEYS:
            return source, Reason(_KEYS[source], segment=segment if source == "segment" else None)
    return None


def _unled(entry: int, true_of: Mapping[str, Collection[int]]) -> Reason:
    """What may be said of an item whatever raised it."""
    for source in ("popularity", "newest"):
        if entry in true_of.get(source, ()):
            return Reason(_KEYS[source])
    return Reason("from_the_shop")
