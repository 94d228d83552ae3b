"""Refunds netted against the sales that they take back: what is left are orders.

1. Lines that share a customer and an order number are one order; refunds with that number take from its own sales.
2. What a refund cannot take there (it has no number, a number of its own as on credit notes, or more comes back than
   was sold) takes from the customer's latest earlier sales: of the same day or before, the latest first.
3. Nothing falls below zero. A refund that no sale is left for takes nothing: it counts in totals, not in orders.
4. An order of which everything was taken back is no order. Free goods that were never taken back are one, worth 0.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from customers.books.entries import ANONYMOUS, NO_ORDER, Books
from customers.orders import OrderDays, order_days, rows_sorted_by, run_starts

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class NumberedOrders:
    """Lines summed up by owner and order number, sorted by both; all arrays have shape ``(n_orders,)``.

    Attributes:
        first_rows: Row of the order's earliest sale among the lines; of its earliest refund if it has no sale.
        last_rows: Row of its latest refund; of its latest sale if it has no refund.
        net_minor: Sales less refunds.
        is_order: Whether something of it was sold and not all taken back (rules 1 and 4).
    """

    first_rows: IntArray
    last_rows: IntArray
    net_minor: IntArray
    is_order: BoolArray
    _order: IntArray
    _starts: IntArray

    def sums_of(self, values: IntArray) -> IntArray:
        """Sum of a column of the lines over each order, shape ``(n_orders,)``."""
        if not self._starts.size:
            return np.empty(0, dtype=np.int64)
        return np.add.reduceat(values[self._order], self._starts)


def numbered_orders(
    owners: IntArray, orders: IntArray, *, instants: IntArray, amounts_minor: IntArray, is_refund: BoolArray
) -> NumberedOrders:
    """The first step of netting: each order's refunds against its own sales.

    Args:
        owners: Customer of each line, shape ``(n_lines,)``, any order.
        orders: Equal numbers for the lines of one order.
        instants: When each line was written, in any unit.
        amounts_minor: Minor units, refunds negative.
        is_refund: Whether the line is a refund; a refund may be of nothing.
    """
    order = rows_sorted_by(owners, orders, is_refund, instants)
    starts = np.flatnonzero(run_starts(owners[order]) | run_starts(orders[order]))
    ends = np.append(starts[1:], order.size) - 1 if starts.size else starts
    first, last = order[starts], order[ends]
    net = np.add.reduceat(amounts_minor[order], starts) if starts.size else starts
    is_order = ~is_refund[first] & ((net > 0) | ((net == 0) & ~is_refund[last]))
    return NumberedOrders(first, last, net, is_order, order, starts)


@dataclass(frozen=True, slots=True, eq=False)
class NetSales:
    """What known customers ordered after refunds, and what could not be netted.

    Attributes:
        days: Order days, with margins after refunds.
        unmatched_refunds_minor: Refunds of known customers for which no earlier sale was left, minor units, 0 or more.
    """

    days: OrderDays
    unmatched_refunds_minor: int


def net_sales(books: Books, *, margin_rate: float | None) -> NetSales:
    """The order days of the books' known customers, refunds netted by the rules of this module.

    An order stands on the day of its earliest sale. Its margin is that of all its lines; where a refund without its
    number took a part of it, the same part of the margin went with it, rounded to a minor unit. All refunds in the
    books are netted, however late: for what was known earlier, take ``books.until(day)``.

    Args:
        books: In one currency.
        margin_rate: As ``SalesLines.margins_minor`` takes it.
    """
    known = books.sales.customer_ids != ANONYMOUS
    sales = books.sales if known.all() else books.sales.of(known)
    alone = sales.orders == NO_ORDER
    numbers = np.where(alone, np.cumsum(alone) + sales.orders.max(initial=0), sales.orders)
    by_number = numbered_orders(
        sales.customer_ids,
        numbers,
        instants=sales.days,
        amounts_minor=sales.revenue_minor,
        is_refund=sales.revenue_minor < 0,
    )
    net, margins = by_number.net_minor, by_number.sums_of(sales.margins_minor(margin_rate=margin_rate))
    owners = sales.customer_ids[by_number.first_rows]
    days = sales.days[np.where(net < 0, by_number.last_rows, by_number.first_rows)]
    left = left_of(owners, days, net)
    # The part of a margin is rounded in floating point, but a whole margin stays exact.
    share = np.divide(left, net, out=np.ones(net.size), where=net > 0)
    kept = np.where(left == net, margins, np.rint(margins * share).astype(np.int64))
    stands = by_number.is_order & ((left > 0) | (net == 0))
    taken = int((net - left)[net > 0].sum())
    return NetSales(
        order_days(owners[stands], days[stands], left[stands], margins_minor=kept[stands]),
        unmatched_refunds_minor=-int(net[net < 0].sum()) - taken,
    )


def left_of(owners: IntArray, days: IntArray, amounts_minor: IntArray) -> IntArray:
    """What is left of each amount above 0 once the amounts below 0 have taken from their owner's latest earlier ones.

    Sales pile up and refunds take from the top. With the height of the pile after each amount known, an amount that lay
    between two heights keeps what lies below the least height ever reached afterwards.

    Args:
        owners: Shape ``(n,)``, any order.
        days: Same shape; within a day, sales come before refunds, and else the given order holds.
        amounts_minor: Same shape.

    Returns:
        Shape ``(n,)``: from 0 to the amount; 0 where the amount is not above 0.
    """
    left = np.maximum(amounts_minor, 0)
    with_refunds = np.zeros(int(owners.max(initial=-1)) + 1, dtype=np.bool_)
    with_refunds[owners[amounts_minor < 0]] = True
    rows = np.flatnonzero(with_refunds[owners])
    if not rows.size:
        return left
    rows = rows[rows_sorted_by(owners[rows], days[rows], amounts_minor[rows] < 0, rows)]
    amounts, owner = pd.Series(amounts_minor[rows]), owners[rows]
    balance = amounts.groupby(owner).cumsum()
    # A refund on an empty pile takes nothing: the pile's floor sinks instead.
    height = balance - balance.groupby(owner).cummin().clip(upper=0)
    least_after = height[::-1].groupby(owner[::-1]).cummin()[::-1]
    left[rows] = (least_after - (height - amounts)).clip(lower=0, upper=amounts.clip(lower=0)).to_numpy()
    return left
