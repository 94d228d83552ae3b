"""Reading the log in bulk: columns in chunks, straight into arrays."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, func, select

from recommender.events import Events, Kind
from recommender.training import Items, Segments
from service.log.history import watch_shares
from service.log.home import SIMULATED, home_fact
from service.log.pieces import column_arrays
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


def training_frames(reader: Engine) -> TrainingFrames:
    """All acts of known users on items a feed may show, those items, and the users' segments.

    Impressions are left out: they outnumber all acts by far and show no interest.
    """
    with reader.connect() as connection:
        shown = column_arrays(
            connection,
            select(items.c.id, items.c.kind, items.c.published_at).where(
                items.c.title.is_not(None), ~items.c.is_service
            ),
            (np.int64, object, np.int64),
        )
        told = select(users.c.id, func.coalesce(users.c.attributes[SEGMENT_ATTRIBUTE].as_string(), ""))
        people = column_arrays(connection, told, (np.int64, object))
        return TrainingFrames(
            events=_events(connection),
            items=Items(
                item_ids=shown[0], is_content=shown[1] == "content", published_at_seconds=shown[2] // _MICROSECONDS
            ),
            segments=Segments(user_ids=people[0], names=people[1]),
        )


def _events(connection: Connection) -> Events:
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
            items.c.title.is_not(None),
            ~items.c.is_service,
        )
        .order_by(columns.seq)
    )
    types = (np.int64, np.int64, np.int8, np.int64, np.float32, np.float32, np.float32)
    user_ids, item_ids, kinds, at, quantities, watched, total = column_arrays(connection, query, types)
    return Events(
        user_ids=user_ids,
        item_ids=item_ids,
        kinds=kinds,
        at_seconds=at // _MICROSECONDS,
        quantities=quantities,
        watch_shares=watch_shares(watched, total),
    )


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
        ORDER_KEY,
        columns.at,
        func.coalesce(columns.amount_minor, 0),
        columns.kind,
        func.coalesce(columns.currency, ""),
    ).where(columns.user_id.is_not(None), columns.kind.in_([int(Kind.PURCHASE), int(Kind.REFUND)]))
    with reader.connect() as connection:
        unit, order_key, at, amount, kind, currency = column_arrays(
            connection, query, (np.int64, object, np.int64, np.int64, np.int8, "U3")
        )
    is_refund = kind == int(Kind.REFUND)
    return pd.DataFrame(
        {
            "unit": unit,
            "order": pd.factorize(order_key)[0].astype(np.int64),
            "at": at,
            "day": shop_days(at, timezone=timezone),
            "amount_minor": np.where(is_refund, -amount, amount),
            "is_refund": is_refund,
            "currency": pd.Categorical(currency),
        }
    )


def exposure_frame(reader: Engine, experiment_id: int) -> pd.DataFrame:
    """Who was exposed in an experiment: ``unit`` (int64), ``arm``, ``first_exposed_at`` (microseconds UTC)."""
    query = select(assignments.c.user_id, assignments.c.arm, assignments.c.first_exposed_at).where(
        assignments.c.experiment_id == experiment_id
    )
    with reader.connect() as connection:
        unit, arm, at = column_arrays(connection, query, (np.int64, object, np.int64))
    return pd.DataFrame({"unit": unit, "arm": arm, "first_exposed_at": at})


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
