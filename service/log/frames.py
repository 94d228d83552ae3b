"""Reading the log in bulk: piece after piece (see ``service.log.pieces``), straight into arrays that grow in place."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike, NDArray
from sqlalchemy import Column, Engine, Select, func, select

from recommender.events import Events, Kind
from recommender.training import Items, Segments
from service.log.history import watch_shares
from service.log.home import SIMULATED, home_fact
from service.log.pieces import column_arrays, pieces
from service.log.tables import assignments, events, exposures, items, users

_MICROSECONDS = 1_000_000

SEGMENT_ATTRIBUTE = "country"
"""The user attribute whose values are segments of the popularity ladder: known for most shops without asking."""


@dataclass(frozen=True, slots=True)
class TrainingFrames:
    """What a model is made from."""

    events: Events
    items: Items
    segments: Segments


def training_frames(reader: Engine, *, until_seconds: int) -> TrainingFrames:
    """All acts of known users on items a feed may show, those items, and the users' segments.

    Impressions are left out: they outnumber all acts by far and show no interest.

    Args:
        reader: The log.
        until_seconds: Acts from this instant on are left out, Unix seconds UTC.
    """
    return TrainingFrames(
        events=_events(reader, until_seconds=until_seconds), items=_items(reader), segments=_segments(reader)
    )


def _events(reader: Engine, *, until_seconds: int) -> Events:
    columns = events.c
    query = (
        select(
            columns.user_id,
            columns.item_id,
            columns.kind,
            columns.at,
            columns.quantity,
            columns.seconds_watched,
            columns.seconds_total,
        )
        .join(items, items.c.id == columns.item_id)
        .where(
            columns.user_id.is_not(None),
            columns.kind != int(Kind.IMPRESSION),
            columns.at < until_seconds * _MICROSECONDS,
            items.c.title.is_not(None),
            ~items.c.is_service,
        )
    )
    read = {
        "user_ids": np.int64,
        "item_ids": np.int64,
        "kinds": np.int8,
        "at": np.int64,
        "quantities": np.float32,
        "watched": np.float32,
        "total": np.float32,
    }
    kept = _Columns({name: read[name] for name in ("user_ids", "item_ids", "kinds", "quantities")})
    derived = _Columns({"at_seconds": np.int64, "watch_shares": np.float32})
    for piece in _pieces(reader, query, key=columns.seq, types=read):
        kept.extend(piece)
        derived.extend(
            {
                "at_seconds": piece["at"] // _MICROSECONDS,
                "watch_shares": watch_shares(piece["watched"], piece["total"]),
            }
        )
    return Events(**kept.arrays, **derived.arrays)


def _items(reader: Engine) -> Items:
    query = select(items.c.id, items.c.kind == "content", items.c.published_at).where(
        items.c.title.is_not(None), ~items.c.is_service
    )
    types = {"item_ids": np.int64, "is_content": np.bool_, "published_at": np.int64}
    read = _columns(reader, query, key=items.c.id, types=types)
    return Items(
        item_ids=read["item_ids"],
        is_content=read["is_content"],
        published_at_seconds=read["published_at"] // _MICROSECONDS,
    )


def _segments(reader: Engine) -> Segments:
    segment = func.coalesce(users.c.attributes[SEGMENT_ATTRIBUTE].as_string(), "")
    query = select(users.c.id, segment).where(~users.c.is_erasing)
    read = _columns(reader, query, key=users.c.id, types={"user_ids": np.int64, "names": np.object_})
    return Segments(**read)


ORDER_KEY = func.coalesce(events.c.order_id, events.c.id)
"""What the lines of one order share: its number; a line without one is an order of its own."""


def order_frame(reader: Engine, *, timezone: str) -> pd.DataFrame:
    """Every purchase and refund line of known users; a line without an amount is an order worth 0 of no currency.

    Returns:
        Columns ``unit`` (int64, the log's user id), ``order`` (int64 code), ``at`` (microseconds UTC), ``day`` (int64,
        days since 1970-01-01 in the shop's zone), ``amount_minor`` (int64, refunds negative), ``is_refund`` (bool),
        ``currency`` (category, ``""`` without an amount). Amounts of different currencies must not be added up.
    """
    columns = events.c
    query = select(
        columns.user_id,
        columns.at,
        func.coalesce(columns.amount_minor, 0),
        columns.kind,
        func.coalesce(columns.currency, ""),
        columns.order_id,
    ).where(columns.user_id.is_not(None), columns.kind.in_([int(Kind.PURCHASE), int(Kind.REFUND)]))
    read = {"unit": np.int64, "at": np.int64, "amount_minor": np.int64, "kind": np.int8, "currency": np.object_}
    kept = {"unit": np.int64, "at": np.int64, "day": np.int64, "amount_minor": np.int64, "is_refund": np.bool_}
    lines = _Columns({**kept, "currency": np.object_})
    order_ids: list[pd.Series] = []
    for piece in _pieces(reader, query, key=columns.seq, types={**read, "order_id": np.object_}):
        is_refund = piece["kind"] == int(Kind.REFUND)
        lines.extend(
            {
                "unit": piece["unit"],
                "at": piece["at"],
                "day": shop_days(piece["at"], timezone=timezone),
                "amount_minor": np.where(is_refund, -piece["amount_minor"], piece["amount_minor"]),
                "is_refund": is_refund,
                "currency": piece["currency"],
            }
        )
        order_ids.append(pd.Series(piece["order_id"], dtype="str"))
    currency = pd.Categorical(lines.arrays.pop("currency"))
    named = {"unit": lines.arrays["unit"], "order": _order_codes(order_ids), **lines.arrays, "currency": currency}
    return pd.DataFrame(named, copy=False)


def _order_codes(order_ids: Sequence[pd.Series]) -> NDArray[np.int64]:
    """A code for each line, equal for equal order ids; a line without one is an order of its own."""
    if not order_ids:
        return np.empty(0, dtype=np.int64)
    # Strings of Arrow: a few bytes beside the text itself, where a Python object takes fifty.
    codes, distinct = pd.factorize(pd.concat(order_ids, ignore_index=True))
    alone = codes < 0
    codes[alone] = len(distinct) + np.arange(np.count_nonzero(alone))
    return codes


def exposure_frame(reader: Engine, experiment_id: int) -> pd.DataFrame:
    """Who was exposed in an experiment: ``unit`` (int64), ``arm``, ``first_exposed_at`` (microseconds UTC)."""
    query = select(assignments.c.user_id, assignments.c.arm, assignments.c.first_exposed_at).where(
        assignments.c.experiment_id == experiment_id
    )
    types = {"unit": np.int64, "arm": np.object_, "first_exposed_at": np.int64}
    return pd.DataFrame(_columns(reader, query, key=assignments.c.user_id, types=types))


def latest_instant(reader: Engine) -> int | None:
    """The latest instant that any event or exposure speaks of, microseconds UTC; None for an empty log."""
    with reader.connect() as connection:
        instants = [connection.execute(select(func.max(table.c.at))).scalar() for table in (events, exposures)]
    return max((instant for instant in instants if instant is not None), default=None)


def log_now(reader: Engine, *, machine_now: int) -> int:
    """Now as this log has it: the machine's clock, in a simulated shop just after the latest thing that happened."""
    if home_fact(reader, SIMULATED) is None:
        return machine_now
    return (latest_instant(reader) or machine_now) + 1


def shop_days(at: NDArray[np.int64], *, timezone: str) -> NDArray[np.int64]:
    """Days since 1970-01-01 in the shop's zone, of instants in microseconds UTC."""
    local = pd.DatetimeIndex(at.astype("datetime64[us]"), tz="UTC").tz_convert(timezone).tz_localize(None)
    return np.asarray(local.to_numpy().astype("datetime64[D]").astype(np.int64))


class _Columns:
    """Equally long arrays that grow in place: joining pieces at the end would hold all rows twice."""

    def __init__(self, types: Mapping[str, Any]) -> None:
        self.arrays: dict[str, NDArray[Any]] = {name: np.empty(0, dtype=type_) for name, type_ in types.items()}

    def extend(self, piece: Mapping[str, NDArray[Any]] | NDArray[np.void]) -> None:
        """Adds the rows of a piece, which may have more columns than are kept."""
        for name, array in self.arrays.items():
            values = piece[name]
            start = len(array)
            # Nobody else has seen the array yet. Large blocks are moved by remapping their pages, so that growing by
            # each piece copies nothing.
            array.resize(start + len(values), refcheck=False)
            array[start:] = _shared(values) if array.dtype == np.object_ else values


def _columns(
    reader: Engine, query: Select[Any], *, key: "Column[int]", types: Mapping[str, DTypeLike]
) -> dict[str, NDArray[Any]]:
    """One array per column of the query, in the order of the key."""
    grown = _Columns(types)
    for piece in _pieces(reader, query, key=key, types=types):
        grown.extend(piece)
    return grown.arrays


def _pieces(
    reader: Engine, query: Select[Any], *, key: "Column[int]", types: Mapping[str, DTypeLike]
) -> Iterator[NDArray[np.void]]:
    """The rows of the query as structured arrays, in the order of the key; null is nan in a column of floats.

    Args:
        reader: The log.
        query: What to read.
        key: An indexed column of integers, by whose ranges the query is cut.
        types: Name and type of each column of the query, in its order.
    """
    for piece in pieces(reader, key):
        with reader.connect() as connection:
            yield column_arrays(connection, query.where(piece.holds).order_by(key), types)


def _shared(texts: NDArray[np.object_]) -> NDArray[np.object_]:
    """The same texts, with one object for all that are equal: for columns of few different ones."""
    codes, distinct = pd.factorize(texts)
    named: NDArray[np.object_] = np.array([sys.intern(text) for text in distinct], dtype=object)
    return named[codes]
