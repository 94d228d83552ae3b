"""The log's rows as somebody outside would name them: for files that leave the house.

Every extract comes in pieces (see ``service.log.pieces``), each a mapping of column name to equally long values: text
by outside ids, instants in microseconds UTC, money in minor units of the row's ``currency``. A merged visitor is the
user she turned out to be; of people who asked to be forgotten there is nothing to read.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Text,
    case,
    cast,
    false,
    func,
    literal,
    select,
)

from recommender.events import Kind
from service.log.dictionaries import item_labels
from service.log.frames import ORDER_KEY, SEGMENT_ATTRIBUTE
from service.log.pieces import pieces
from service.log.tables import events, expenses, exposures, items, suppressions, users

Columns = Mapping[str, Sequence[Any] | NDArray[Any]]

_USERS_IN_A_PIECE = 2_000
"""Users whose orders are put together at a time: some tens of thousands of lines in most shops."""

_EXPOSURES_IN_A_PIECE = 10_000
"""Feeds at a time, each of up to a hundred items."""

_whom = users.alias("whom")
_who = users.alias("who")
_USER_ID = case((~_who.c.is_visitor, _who.c.external_id)).label("user_id")
_VISITOR_ID = case((_who.c.is_visitor, _who.c.external_id)).label("visitor_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The instants from ``since`` on and before ``until``, microseconds UTC; None is open."""

    since: int | None = None
    until: int | None = None

    def conditions(self, at: Any) -> list[Any]:
        """The conditions that an instant lies in the period."""
        bounds = ((operator.ge, self.since), (operator.lt, self.until))
        return [compare(at, bound) for compare, bound in bounds if bound is not None]


@dataclass(frozen=True, slots=True)
class Extract:
    """One piece of an extract, and how much of the whole is read with it (0 to 1)."""

    columns: Columns
    share: float


def event_extracts(reader: Engine, period: Period) -> Iterator[Extract]:
    """Every event that happened in the period, in the order of arrival."""
    said = events.c
    query = _with_person(
        select(
            said.id,
            said.kind,
            _USER_ID,
            _VISITOR_ID,
            items.c.external_id.label("item_id"),
            said.at,
            said.sent_at,
            said.received_at,
            said.feed_id,
            said.order_id,
            said.quantity,
            said.amount_minor.label("amount"),
            said.cost_minor.label("cost"),
            said.fee_minor.label("fee"),
            said.currency,
            said.seconds_watched,
            said.seconds_total,
            said.payload_hash,
        ).select_from(events.join(items, items.c.id == said.item_id)),
        said.user_id,
    ).where(*period.conditions(said.at))
    names = np.array([None, *(kind.name.lower() for kind in Kind)], dtype=object)
    for extract in _extracts(reader, said.seq, query):
        yield Extract({**extract.columns, "kind": names[list(extract.columns["kind"])]}, extract.share)


def order_extracts(reader: Engine, period: Period) -> Iterator[Extract]:
    """Every order that was placed in the period: one row per order and currency, which are never added up.

    An order is put together from all its lines, whenever they were written, and is of the instant of its first
    purchase line; one of refunds alone, of its first line. ``items`` counts different items, ``quantity`` the pieces
    bought, null where a line does not say how many. Sales of nobody known come last.
    """
    said = events.c
    bought = said.kind == int(Kind.PURCHASE)
    at = func.coalesce(func.min(case((bought, said.at))), func.min(said.at))
    lines, said_lines = func.count(case((bought, said.id))), func.count(case((bought, said.quantity)))
    sums = {
        name: cast(func.coalesce(func.sum(case((said.kind == int(kind), said.amount_minor))), 0), BigInteger)
        for name, kind in (("amount", Kind.PURCHASE), ("refunded", Kind.REFUND))
    }
    orders = (
        select(
            ORDER_KEY.label("order_id"),
            said.user_id,
            at.label("at"),
            func.count(case((bought, said.item_id)).distinct()).label("items"),
            case((lines == said_lines, cast(func.sum(case((bought, said.quantity))), BigInteger))).label("quantity"),
            *(total.label(name) for name, total in sums.items()),
            (sums["amount"] - sums["refunded"]).label("net"),
            said.currency,
        )
        # No impressions: said apart because the index by user is only used where this condition is.
        .where(said.kind != int(Kind.IMPRESSION), said.kind.in_([int(Kind.PURCHASE), int(Kind.REFUND)]))
        .group_by(said.user_id, ORDER_KEY, said.currency)
        .having(*period.conditions(at) or [literal(value=True)])
    )
    for piece in pieces(reader, users.c.id, size=_USERS_IN_A_PIECE):
        of_users = (said.user_id > piece.after) & (said.user_id <= piece.last)
        yield Extract(_orders(reader, orders.where(of_users)), piece.share)
    yield Extract(_orders(reader, orders.where(said.user_id.is_(None))), 1.0)


def exposure_extracts(reader: Engine, period: Period) -> Iterator[Extract]:
    """Every item shown in the period: one row per item of a feed, ``position`` counting from 1 on its page."""
    said = exposures.c
    query = _with_person(
        select(
            said.feed_id,
            said.first_feed_id,
            _USER_ID,
            _VISITOR_ID,
            said.at,
            said.surface,
            said.model_version,
            said.fallback,
            cast(said.arms, Text).label("arms"),
            said.is_preview,
            cast(said["items"], Text).label("shown"),
        ).select_from(exposures),
        said.user_id,
    ).where(*period.conditions(said.at))
    for extract in _extracts(reader, said.seq, query, size=_EXPOSURES_IN_A_PIECE):
        feeds = {name: np.array(values, dtype=object) for name, values in extract.columns.items()}
        shown = shown_items(feeds.pop("shown"))
        each = {name: values[shown.row] for name, values in feeds.items()}
        with reader.connect() as connection:
            label_of = item_labels(connection, np.unique(shown.item_id).tolist())
        items_shown: dict[str, NDArray[Any]] = {
            "item_id": np.array([label_of[id_].external_id for id_ in shown.item_id.tolist()], dtype=object),
            "source": shown.source,
            "probability": shown.probability,
            "position": shown.position,
        }
        yield Extract({**each, **items_shown}, extract.share)


def item_extracts(reader: Engine) -> Iterator[Extract]:
    """Every item as ``PUT /v1/items`` takes it; without services, and items that nobody has described."""
    said = items.c
    query = select(
        said.external_id.label("id"),
        said.kind,
        said.title,
        said.url,
        said.image_url,
        cast(said.categories, Text).label("categories"),
        cast(said.tags, Text).label("tags"),
        said.creator,
        said.price_minor.label("price"),
        said.currency,
        said.available,
        said.published_at,
        cast(said.attributes, Text).label("attributes"),
    ).where(said.title.is_not(None), ~said.is_service)
    return _extracts(reader, said.id, query)


ValueSegments = Callable[[NDArray[np.int64]], NDArray[np.object_]]
"""By the log's ids of users: the segment of each by what she is worth, None where none is known."""


def segment_extracts(reader: Engine, value_segments: ValueSegments) -> Iterator[Extract]:
    """Every user with the segment in which popularity counts her, and the one she is in by value; of any of them."""
    segment = func.nullif(users.c.attributes[SEGMENT_ATTRIBUTE].as_string(), "")
    query = select(users.c.id, users.c.external_id.label("user_id"), segment.label("segment"))
    for extract in _extracts(reader, users.c.id, query.where(~users.c.is_visitor, ~users.c.is_erasing)):
        found = {name: np.array(values, dtype=object) for name, values in extract.columns.items()}
        found["value_segment"] = value_segments(found.pop("id").astype(np.int64))
        is_in_any = pd.notna(found["segment"]) | pd.notna(found["value_segment"])
        yield Extract({name: values[is_in_any] for name, values in found.items()}, extract.share)


def expense_extracts(reader: Engine, period: Period) -> Iterator[Extract]:
    """Every expense of the period, in the order of arrival."""
    said = expenses.c
    query = select(
        said.id,
        said.at,
        said.category,
        said.description,
        said.payee,
        said.amount_minor.label("amount"),
        said.currency,
    ).where(*period.conditions(said.at))
    return _extracts(reader, said.seq, query)


def forgotten_mark(reader: Engine) -> tuple[int, int]:
    """Something that changes whenever somebody is forgotten: how many were, and when the last."""
    with reader.connect() as connection:
        query = select(func.count(), func.coalesce(func.max(suppressions.c.erased_at), 0))
        count, latest = connection.execute(query.select_from(suppressions)).one()
    return count, latest


@dataclass(frozen=True, slots=True)
class ShownItems:
    """The items of many feeds, one row per item shown."""

    row: NDArray[np.int64]
    """Which of the feeds it was."""
    item_id: NDArray[np.int64]
    source: NDArray[np.object_]
    probability: NDArray[np.float64]
    position: NDArray[np.int64]
    """From 1 on, on the page as it was answered."""


def shown_items(texts: Sequence[str] | NDArray[np.object_]) -> ShownItems:
    """The items that the feeds showed, from the JSON text of each one's ``exposures.items``.

    JSON has no vectorised form: all feeds are decoded in one call, and their entries taken apart without a loop.
    """
    feeds = msgspec.json.decode(f"[{','.join(texts)}]", type=list[list[tuple[int, str, float]]])
    lengths = np.fromiter(map(len, feeds), dtype=np.int64, count=len(feeds))
    entries = list(chain.from_iterable(feeds))
    item_ids, sources, probabilities = (map(operator.itemgetter(field), entries) for field in range(3))
    first = np.repeat(np.cumsum(lengths) - lengths, lengths)
    return ShownItems(
        row=np.repeat(np.arange(len(feeds)), lengths),
        item_id=np.fromiter(item_ids, dtype=np.int64, count=len(entries)),
        source=np.fromiter(sources, dtype=object, count=len(entries)),
        probability=np.fromiter(probabilities, dtype=np.float64, count=len(entries)),
        position=np.arange(len(entries)) - first + 1,
    )


def _with_person(query: Select[Any], user_id: ColumnElement[Any]) -> Select[Any]:
    person = query.outerjoin(_whom, _whom.c.id == user_id)
    person = person.outerjoin(_who, _who.c.id == func.coalesce(_whom.c.merged_into, _whom.c.id))
    # Of somebody whose erasure was cut off there may still be rows.
    return person.where(~func.coalesce(_who.c.is_erasing, false()))


def _orders(reader: Engine, orders: Select[Any]) -> Columns:
    found = orders.subquery()
    others = [column for column in found.c if column.name != "user_id"]
    with reader.connect() as connection:
        named = _with_person(select(_USER_ID, _VISITOR_ID, *others).select_from(found), found.c.user_id)
        return _columns(connection, named)


def _extracts(reader: Engine, key: Column[int], query: Select[Any], *, size: int | None = None) -> Iterator[Extract]:
    for piece in pieces(reader, key, size=size):
        with reader.connect() as connection:
            yield Extract(_columns(connection, query.where(piece.holds).order_by(key)), piece.share)


def _columns(connection: Connection, query: Select[Any]) -> dict[str, Sequence[Any]]:
    result = connection.execute(query)
    names = tuple(result.keys())
    rows = result.all()
    return dict(zip(names, zip(*rows, strict=True) if rows else ((),) * len(names), strict=True))
