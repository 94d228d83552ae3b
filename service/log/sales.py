"""What the log knows of a shop's books: every line of sale and refund, and every expense, straight into arrays."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Engine, func, select

from recommender.events import Kind
from service.log.frames import shop_days
from service.log.pieces import column_arrays, pieces
from service.log.tables import events, expenses, users

NOBODY = -1
"""Stands for the user of a sale to nobody known."""


@dataclass(frozen=True, slots=True, eq=False)
class LoggedSales:
    """Lines of sales and refunds in one currency, in the order of arrival; all arrays have shape ``(n_lines,)``.

    Attributes:
        user_ids: The log's ids of users; ``NOBODY`` for anonymous sales and those of visitors.
        days: Shop day, days since 1970-01-01.
        revenue_minor: Minor units, refunds negative; 0 for a line without an amount.
        cost_minor: Of goods and fees, of the sign of the revenue; 0 where the goods' cost is not known.
        has_cost: Whether the cost of the goods is known.
        orders: Equal codes for the lines of one order, -1 for a line without an order number.
        other_currencies: Lines that were left out, by their currency.
    """

    user_ids: NDArray[np.int64]
    days: NDArray[np.int64]
    revenue_minor: NDArray[np.int64]
    cost_minor: NDArray[np.int64]
    has_cost: NDArray[np.bool_]
    orders: NDArray[np.int64]
    other_currencies: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class LoggedExpenses:
    """Expenses in one currency; all arrays have shape ``(n_lines,)``, see ``customers.books.entries.ExpenseLines``."""

    days: NDArray[np.int64]
    categories: NDArray[np.object_]
    amounts_minor: NDArray[np.int64]
    other_currencies: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class KnownUsers:
    """Users by the log's id, visitors left out; both arrays have shape ``(n_users,)``, sorted by id."""

    user_ids: NDArray[np.int64]
    names: NDArray[np.object_]


_SALE_TYPES: dict[str, Any] = {
    "user": np.int64,
    "at": np.int64,
    "amount": np.int64,
    "is_refund": np.bool_,
    "cost": np.int64,
    "has_cost": np.bool_,
    "fee": np.int64,
    "is_own": np.bool_,
    "order_id": object,
}


def logged_sales(reader: Engine, *, currency: str, timezone: str, until: int) -> LoggedSales:
    """Every line of sale and refund before an instant; refunds of nothing, which say only that stock changed, are none.

    Args:
        reader: The log.
        currency: ISO 4217 code; lines in others are counted, not given. A line without an amount is in any currency.
        timezone: IANA zone of the shop's days.
        until: Microseconds UTC; later lines are left out.
    """
    said = events.c
    is_sale = said.kind.in_([int(Kind.PURCHASE), int(Kind.REFUND)]) & (said.at < until)
    query = select(
        func.coalesce(said.user_id, NOBODY),
        said.at,
        func.coalesce(said.amount_minor, 0),
        said.kind == int(Kind.REFUND),
        func.coalesce(said.cost_minor, 0),
        said.cost_minor.is_not(None),
        func.coalesce(said.fee_minor, 0),
        func.coalesce(said.currency, currency) == currency,
        said.order_id,
    ).where(is_sale)
    parts: dict[str, list[NDArray[Any]]] = {name: [values] for name, values in _NONE.items()}
    others: Counter[str] = Counter()
    for piece in pieces(reader, said.seq):
        with reader.connect() as connection:
            rows = column_arrays(connection, query.where(piece.holds).order_by(said.seq), _SALE_TYPES)
            if not rows["is_own"].all():
                of_others = select(said.currency).where(is_sale, piece.holds, said.currency != currency)
                others.update(connection.execute(of_others).scalars().all())
        rows = rows[rows["is_own"] & ~(rows["is_refund"] & (rows["amount"] == 0))]
        for name, values in _signed(rows, timezone=timezone).items():
            parts[name].append(values)
    # One column after another, so that no more than one is held twice.
    whole = {name: np.concatenate(parts.pop(name)) for name in list(parts)}
    whole["user_ids"] = after_merges(reader, whole["user_ids"])
    return LoggedSales(**whole, other_currencies=dict(others))


_NONE: dict[str, NDArray[Any]] = {
    **{name: np.empty(0, dtype=np.int64) for name in ("user_ids", "days", "revenue_minor", "cost_minor", "orders")},
    "has_cost": np.empty(0, dtype=np.bool_),
}


def _signed(rows: NDArray[np.void], *, timezone: str) -> dict[str, NDArray[Any]]:
    sign = np.where(rows["is_refund"], -1, 1)
    return {
        # Copies: a column of the piece would keep the whole piece.
        "user_ids": rows["user"].copy(),
        "days": shop_days(rows["at"], timezone=timezone),
        "revenue_minor": sign * rows["amount"],
        "cost_minor": sign * np.where(rows["has_cost"], rows["cost"] + rows["fee"], 0),
        "has_cost": rows["has_cost"].copy(),
        "orders": _order_codes(rows["order_id"]),
    }


def _order_codes(order_ids: NDArray[np.object_]) -> NDArray[np.int64]:
    """62 bits of a hash of each order number, -1 where there is none.

    Codes are compared within one customer only, so that two orders are taken for one once in some 10^17 customers; and
    the numbers themselves, more bytes than all other columns together, need not be held.
    """
    has_none = pd.isna(order_ids)
    hashes = pd.util.hash_array(np.where(has_none, "", order_ids), categorize=False)
    return np.where(has_none, -1, (hashes >> np.uint64(2)).astype(np.int64))


def after_merges(reader: Engine, user_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The ids, those of merged visitors being the users' they turned out to be: where rows were not moved yet.

    Args:
        reader: The log.
        user_ids: The log's ids, in any order, any shape of one dimension.
    """
    query = select(users.c.id, users.c.merged_into).where(users.c.merged_into.is_not(None)).order_by(users.c.id)
    with reader.connect() as connection:
        merged = column_arrays(connection, query, {"id": np.int64, "into": np.int64})
    if not merged.size:
        return user_ids
    places = np.minimum(np.searchsorted(merged["id"], user_ids), merged.size - 1)
    found: NDArray[np.int64] = np.where(merged["id"][places] == user_ids, merged["into"][places], user_ids)
    return found


def logged_expenses(reader: Engine, *, currency: str, timezone: str, until: int) -> LoggedExpenses:
    """Every expense before an instant; the arguments are those of ``logged_sales``."""
    said = expenses.c
    query = select(said.at, said.category, said.amount_minor, said.currency).where(said.at < until)
    types = {"at": np.int64, "category": object, "amount": np.int64, "currency": object}
    parts: list[NDArray[np.void]] = [np.empty(0, dtype=list(types.items()))]
    for piece in pieces(reader, said.seq):
        with reader.connect() as connection:
            parts.append(column_arrays(connection, query.where(piece.holds).order_by(said.seq), types))
    rows = np.concatenate(parts)
    is_own = rows["currency"] == currency
    others = Counter(rows["currency"][~is_own].tolist())
    rows = rows[is_own]
    return LoggedExpenses(shop_days(rows["at"], timezone=timezone), rows["category"], rows["amount"], dict(others))


def known_users(reader: Engine, *, among: NDArray[np.int64] | None = None) -> KnownUsers:
    """Users and their outside ids, without visitors and those who asked to be forgotten.

    Args:
        reader: The log.
        among: The log's ids to choose from; all where not given.
    """
    columns = users.c
    is_known: ColumnElement[bool] = ~columns.is_visitor & ~columns.is_erasing
    query = select(columns.id, columns.external_id).where(is_known)
    types = {"id": np.int64, "name": object}
    parts: list[NDArray[np.void]] = [np.empty(0, dtype=list(types.items()))]
    for piece in pieces(reader, columns.id):
        with reader.connect() as connection:
            rows = column_arrays(connection, query.where(piece.holds).order_by(columns.id), types)
        parts.append(rows if among is None else rows[np.isin(rows["id"], among)])
    whole = np.concatenate(parts)
    return KnownUsers(whole["id"], whole["name"])
