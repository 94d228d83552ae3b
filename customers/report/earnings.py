"""Profit and loss by month, and what each customer brought: before and after a share of what running the shop costs."""

from typing import Any

import numpy as np
import numpy.typing as npt

from customers.books.accounts import CustomerTotals, ProfitAndLoss
from customers.books.entries import Books
from customers.orders import OrderDays
from customers.report.calendar import date_text, month_text, months_of, sums

IntArray = npt.NDArray[np.int64]

_LEADERS = 20
_TENTHS = 10


def months_part(result: ProfitAndLoss, orders: OrderDays, books: Books) -> list[dict[str, Any]]:
    """Each month of the books: revenue, margin, expenses, profit, and orders by new and returning customers."""
    months = months_of(result.first_days)
    if not months.size:
        return []
    is_first = np.diff(orders.customer_ids, prepend=-1) != 0
    row = months_of(orders.days) - int(months[0])
    ones = np.ones(len(orders), dtype=np.int64)
    new, returning = (sums(row[of], ones[of], months.size) for of in (is_first, ~is_first))
    whole = months_of(result.first_days + 31) <= months_of(np.array([books.until_day + 1]))[0]
    columns = {
        "month": [month_text(month) for month in months.tolist()],
        "is_over": whole.tolist(),
        "sales_minor": result.sales_minor.tolist(),
        "refunds_minor": result.refunds_minor.tolist(),
        "revenue_minor": result.revenue_minor.tolist(),
        "cost_minor": (result.revenue_minor - result.margin_minor).tolist(),
        "margin_minor": result.margin_minor.tolist(),
        "stock_minor": result.stock_minor.tolist(),
        "advertising_minor": result.advertising_minor.tolist(),
        "other_expenses_minor": result.other_expenses_minor.tolist(),
        "profit_minor": result.profit_minor.tolist(),
        "orders_of_new_customers": new.tolist(),
        "orders_of_returning_customers": returning.tolist(),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def totals_part(result: ProfitAndLoss, by_customer: CustomerTotals) -> dict[str, Any]:
    """The whole of the books in one line, and how it divides into known customers and sales to nobody known."""
    return {
        "sales_minor": int(result.sales_minor.sum()),
        "refunds_minor": int(result.refunds_minor.sum()),
        "revenue_minor": int(result.revenue_minor.sum()),
        "margin_minor": int(result.margin_minor.sum()),
        "stock_minor": int(result.stock_minor.sum()),
        "is_stock_a_cost": result.is_stock_a_cost,
        "advertising_minor": int(result.advertising_minor.sum()),
        "other_expenses_minor": int(result.other_expenses_minor.sum()),
        "profit_minor": int(result.profit_minor.sum()),
        "known_revenue_minor": int(by_customer.revenue_minor.sum()),
        "anonymous_revenue_minor": by_customer.anonymous_revenue_minor,
        "known_margin_minor": int(by_customer.margin_minor.sum()),
        "anonymous_margin_minor": by_customer.anonymous_margin_minor,
    }


def shared_costs(revenue_minor: IntArray, cost_minor: int) -> IntArray:
    """A cost shared out in proportion to revenue, to the minor unit: the shares add up to it.

    Who brought nothing (or less) carries nothing. What rounding leaves over goes one unit each to those with most
    revenue.

    Args:
        revenue_minor: Shape ``(n,)``.
        cost_minor: To be shared.

    Returns:
        Shape ``(n,)``; all 0 where nobody brought anything.
    """
    weights = np.maximum(revenue_minor, 0)
    total = int(weights.sum())
    if not total:
        return np.zeros(weights.size, dtype=np.int64)
    shares = np.rint(weights * (cost_minor / total)).astype(np.int64)
    while left := cost_minor - int(shares.sum()):
        most = np.argsort(-weights, kind="stable")[: min(abs(left), int((weights > 0).sum()))]
        shares[most] += np.sign(left)
    return shares


def customers_part(
    books: Books, orders: OrderDays, by_customer: CustomerTotals, *, running_cost_minor: int
) -> dict[str, Any]:
    """Who brought most margin so far, how far it rests on few, and what is left after shares of the running costs.

    Args:
        books: For the customers' names.
        orders: Order days after refunds.
        by_customer: Revenue and margin to the minor unit.
        running_cost_minor: Expenses that profit and loss deducts, to be shared.
    """
    n = books.customer_names.size
    revenue = np.append(by_customer.revenue_minor, by_customer.anonymous_revenue_minor)
    shares = shared_costs(revenue, running_cost_minor)
    profit = by_customer.margin_minor - shares[:n]
    n_orders = np.bincount(orders.customer_ids, minlength=n)
    first, last = np.full(n, books.until_day + 1), np.full(n, -1)
    np.minimum.at(first, orders.customer_ids, orders.days)
    np.maximum.at(last, orders.customer_ids, orders.days)
    leaders = np.lexsort((np.arange(n), -by_customer.margin_minor))[:_LEADERS]
    return {
        "known": n,
        "who_ordered": int((n_orders > 0).sum()),
        "who_ordered_again": int((n_orders > 1).sum()),
        "orders": len(orders),
        "running_cost_minor": running_cost_minor,
        "running_cost_of_customers_minor": int(shares[:n].sum()),
        "profit_minor": int(profit.sum()),
        "with_a_loss": int((profit < 0).sum()),
        "margin_by_tenth_minor": _by_tenth(by_customer.margin_minor),
        "leaders": [
            {
                "customer": str(books.customer_names[row]),
                "orders": int(n_orders[row]),
                "first_order": date_text(int(first[row])) if n_orders[row] else None,
                "last_order": date_text(int(last[row])) if n_orders[row] else None,
                "revenue_minor": int(by_customer.revenue_minor[row]),
                "margin_minor": int(by_customer.margin_minor[row]),
                "running_cost_minor": int(shares[row]),
                "profit_minor": int(profit[row]),
            }
            for row in leaders.tolist()
        ],
    }


def _by_tenth(margin_minor: IntArray) -> list[int] | None:
    """Margin of each tenth of the customers, the greatest first; None with fewer customers than tenths."""
    if margin_minor.size < _TENTHS:
        return None
    return [int(part.sum()) for part in np.array_split(np.sort(margin_minor)[::-1], _TENTHS)]
