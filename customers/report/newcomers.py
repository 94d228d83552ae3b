"""What new customers cost so far and what they bring, by the month they came in."""

from typing import Any

import numpy as np
import numpy.typing as npt

from customers.books.accounts import ProfitAndLoss
from customers.books.entries import Books
from customers.books.expenses import expense_kinds
from customers.orders import OrderDays, run_starts
from customers.report.calendar import date_text, month_text, months_of, sums

IntArray = npt.NDArray[np.int64]

OBSERVED_WEEKS = 13
"""Weeks of a new customer's life over which months are compared."""

_COST_WEEKS = 26
_Z_90 = 1.645


def first_weeks_margin(orders: OrderDays, *, until_day: int) -> tuple[IntArray, IntArray]:
    """First day, and margin within ``OBSERVED_WEEKS`` of it, of each customer whose first weeks are over.

    The orders' days are sorted by customer and then day. Shapes ``(n_such_customers,)``.
    """
    starts = run_starts(orders.customer_ids)
    if not len(orders):
        return orders.days, orders.margins_minor
    owner = np.cumsum(starts) - 1
    first = orders.days[starts]
    early = orders.days - first[owner] < 7 * OBSERVED_WEEKS
    margin = sums(owner[early], orders.margins_minor[early], first.size)
    is_over = first + 7 * OBSERVED_WEEKS <= until_day + 1
    return first[is_over], margin[is_over]


def newcomers_part(orders: OrderDays, result: ProfitAndLoss, books: Books, *, first_day: int | None) -> dict[str, Any]:
    """What a new customer cost in advertising and brought in her first weeks, on the whole and month by month.

    The cost divides all advertising by all new customers of the last half year (of the later half of shorter books:
    early on, old customers look new because the books only begin). It is no price: the books do not say which
    advertisement brought whom, nor who would have come anyway.
    """
    first, margin = first_weeks_margin(orders, until_day=books.until_day)
    return {
        "advertising": _advertising(orders, books, first_day),
        "by_category": _by_category(books),
        "observed": _observed(first, margin),
        "months": _by_month(first, margin, result, until_day=books.until_day),
    }


def _advertising(orders: OrderDays, books: Books, first_day: int | None) -> dict[str, Any] | None:
    if first_day is None:
        return None
    weeks = max(1, min(_COST_WEEKS, (books.until_day - first_day + 1) // 14))
    since = books.until_day - 7 * weeks + 1
    spent = books.expenses.amounts_minor[
        (expense_kinds(books.expenses.categories) == "advertising") & (books.expenses.days >= since)
    ]
    new = int((orders.days[run_starts(orders.customer_ids)] >= since).sum())
    total = int(spent.sum())
    return {
        "from": date_text(since),
        "until": date_text(books.until_day),
        "spent_minor": total,
        "new_customers": new,
        "per_new_customer_minor": round(total / new) if new and total > 0 else None,
    }


def _by_category(books: Books) -> list[dict[str, Any]]:
    """All expenses by the shop's own words, the greatest first."""
    categories, row = np.unique(books.expenses.categories.astype(str), return_inverse=True)
    kinds = expense_kinds(categories.astype(np.object_))
    totals = sums(row.astype(np.int64), books.expenses.amounts_minor, categories.size)
    order = np.argsort(-totals, kind="stable")
    return [
        {"category": str(categories[at]), "kind": str(kinds[at]), "amount_minor": int(totals[at])}
        for at in order.tolist()
    ]


def _observed(first: IntArray, margin: IntArray) -> dict[str, Any] | None:
    """Mean margin of a customer's first weeks with its 90 % interval by the normal approximation."""
    if not first.size:
        return None
    mean = float(margin.mean())
    half = _Z_90 * float(margin.std(ddof=1)) / np.sqrt(margin.size) if margin.size > 1 else None
    return {
        "weeks": OBSERVED_WEEKS,
        "customers": int(first.size),
        "from": date_text(int(first.min())),
        "until": date_text(int(first.max())),
        "margin_minor": round(mean),
        "interval_90_minor": None if half is None else [round(mean - half), round(mean + half)],
    }


def _by_month(first: IntArray, margin: IntArray, result: ProfitAndLoss, *, until_day: int) -> list[dict[str, Any]]:
    """Each month all of whose new customers' first weeks are over: how many, their margin, and the advertising."""
    spent = dict(zip(months_of(result.first_days).tolist(), result.advertising_minor.tolist(), strict=True))
    month = months_of(first)
    first_unknown = np.array([until_day + 2 - 7 * OBSERVED_WEEKS])
    found = []
    for key in np.unique(month[month < months_of(first_unknown)]).tolist():
        of_month = margin[month == key]
        advertising = spent.get(key, 0)
        found.append(
            {
                "month": month_text(key),
                "new_customers": int(of_month.size),
                "margin_minor": int(of_month.sum()),
                "margin_per_new_customer_minor": round(float(of_month.mean())),
                "advertising_minor": advertising,
                "advertising_per_new_customer_minor": round(advertising / of_month.size),
                "margin_per_advertising": int(of_month.sum()) / advertising if advertising > 0 else None,
            }
        )
    return found
