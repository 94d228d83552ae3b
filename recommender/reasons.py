"""Why an item is in a feed: the main signal of its score, and the user's own item behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from recommender.interactions import NOBODY, History
from recommender.model import Model
from recommender.ranking import Blend
from recommender.retrieval import Pool

ReasonKey = Literal["bought_before", "because_of", "similar", "popular", "popular_in_segment", "new"]

_TASTE = ("als", "neighbours")


@dataclass(frozen=True, slots=True)
class Reason:
    """The main signal behind an item, in a form that can be put into any language."""

    key: ReasonKey
    item_id: int | None = None
    """The item that the reason names: one of the user's own history, or the one that others are similar to."""
    segment: str | None = None
    """The segment that the reason names."""


def explained(
    entries: npt.NDArray[np.int64], blended: Blend, pool: Pool, *, model: Model | None, history: History | None
) -> list[tuple[str, Reason]]:
    """The main source and the reason of each chosen entry of the pool.

    The main source is the one that put most into the score; where its reason would name an item of the user's and
    none pulled the score up, the next source speaks.

    Args:
        entries: Positions in the pool.
        blended: The scores, aligned with the pool.
        pool: What was ranked.
        model: `None` before the first training: then everything is new.
        history: `None` for somebody never seen.
    """
    if model is None:
        return [("newest", Reason("new"))] * len(entries)
    someone = NOBODY if history is None else history
    bought_rows = someone.rows[(someone.rows >= 0) & (someone.purchases > 0)]
    chosen = entries.tolist()
    sources = [blended.sources_by_part(entry) if entry < pool.n_rows else ["newest"] for entry in chosen]
    named = _named(chosen, sources, model, someone, bought_rows=bought_rows)
    is_bought = set(bought_rows.tolist())
    return [
        _reason(entry, by_part, named, model, someone.segment, is_bought=entry in is_bought)
        for entry, by_part in zip(chosen, sources, strict=True)
    ]


def _named(
    entries: Sequence[int],
    sources: Sequence[Sequence[str]],
    model: Model,
    history: History,
    *,
    bought_rows: npt.NDArray[np.int64],
) -> dict[tuple[int, str], int]:
    """For entries led by taste, the row of the user's item that added most; missing where none added anything.

    "Because you looked at X" below X itself says nothing: what was not bought names itself only where nothing else
    added to its score.
    """
    named: dict[tuple[int, str], int] = {}
    is_mute = ~np.isin(history.warm_rows, bought_rows)
    for source in _TASTE:
        led = [entry for entry, by_part in zip(entries, sources, strict=True) if by_part and source == by_part[0]]
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


def _reason(
    entry: int,
    by_part: Sequence[str],
    named: dict[tuple[int, str], int],
    model: Model,
    segment: str | None,
    *,
    is_bought: bool,
) -> tuple[str, Reason]:
    """The first source, by its part in the score, of which something true can be said, and the saying."""
    for source in by_part:
        if source == "repurchase":
            return source, Reason("bought_before", item_id=int(model.item_ids[entry]))
        if source in _TASTE and (own := named.get((entry, source))) is not None:
            key: ReasonKey = "bought_before" if own == entry and is_bought else "because_of"
            return source, Reason(key, item_id=int(model.item_ids[own]))
        if source == "popularity":
            return source, Reason("popular")
        if source == "segment":
            return source, Reason("popular_in_segment", segment=segment)
        if source == "newest":
            return source, Reason("new")
    if model.sources.popularity.interest[entry] > 0:
        return "popularity", Reason("popular")
    return "newest", Reason("new")
