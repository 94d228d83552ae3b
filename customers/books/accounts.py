"""What the books add up to: profit and loss by week or month, and what each customer brought."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from customers.books.entries import ANONYMOUS, Books
from customers.books.expenses import expense_kinds

IntArray = npt.NDArray[np.int64]
Period = Literal["week", "month"]

_MONDAY = 3
"""1970-01-01 was a Thursday: three days after its week's Monday."""


@dataclass(frozen=True, slots=True, eq=False)
class ProfitAndLoss:
    """The shop's result period by period, every line of the books counted in the period of its own day.

    All arrays have shape ``(n_periods,)`` and hold minor units; periods follow one another without a gap from that of
    the first entry to that of the books' last day, which may not be over yet.

    Attributes:
        first_days: First day of each period, days since 1970-01-01: a Monday, or the first of a month.
        sales_minor: Sold, before refunds.
        refunds_minor: Given back, 0 or more.
        margin_minor: Revenue (sales less refunds) less what the goods cost, as far as that is known: see
            ``SalesLines.margins_minor``.
        stock_minor: Money out for stock.
        advertising_minor: Expenses for advertising.
        other_expenses_minor: All other expenses.
        is_stock_a_cost: Whether ``stock_minor`` stands for the cost of goods. It does where no line says what its goods
            cost and no margin rate is given; elsewhere it would count the same goods twice, and is money out only.
    """

    first_days: IntArray
    sales_minor: IntArray
    refunds_minor: IntArray
    margin_minor: IntArray
    stock_minor: IntArray
    advertising_minor: IntArray
    other_expenses_minor: IntArray
    is_stock_a_cost: bool

    @property
    def revenue_minor(self) -> IntArray:
        """Sales less refunds: money in, if all is paid when it is sold."""
        return self.sales_minor - self.refunds_minor

    @property
    def profit_minor(self) -> IntArray:
        """Margin less expenses (and less stock, where that stands for the cost of goods); before taxes."""
        stock = self.stock_minor if self.is_stock_a_cost else 0
        return self.margin_minor - stock - self.advertising_minor - self.other_expenses_minor


def profit_and_loss(books: Books, *, period: Period, margin_rate: float | None) -> ProfitAndLoss:
    """Profit and loss of each week or month, anonymous sales included.

    Args:
        books: With or without expenses; without any entry there are no periods.
        period: Weeks begin on Mondays.
        margin_rate: As ``SalesLines.margins_minor`` takes it.
    """
    sales, expenses = books.sales, books.expenses
    days = np.concatenate([sales.days, expenses.days])
    first = int(days.min()) if days.size else books.until_day + 1
    first_days, n_periods = _periods(first, books.until_day, period)
    sale_rows, expense_rows = (np.searchsorted(first_days, of, side="right") - 1 for of in (sales.days, expenses.days))
    kinds = expense_kinds(expenses.categories)
    spent = {
        kind: _sums(expense_rows[kinds == kind], expenses.amounts_minor[kinds == kind], n_periods)
        for kind in ("stock", "advertising", "other")
    }
    return ProfitAndLoss(
        first_days=first_days,
        sales_minor=_sums(sale_rows, np.maximum(sales.revenue_minor, 0), n_periods),
        refunds_minor=_sums(sale_rows, np.maximum(-sales.revenue_minor, 0), n_periods),
        margin_minor=_sums(sale_rows, sales.margins_minor(margin_rate=margin_rate), n_periods),
        stock_minor=spent["stock"],
        advertising_minor=spent["advertising"],
        other_expenses_minor=spent["other"],
        is_stock_a_cost=sales.value(margin_rate=margin_rate) == "revenue",
    )


@dataclass(frozen=True, slots=True, eq=False)
class CustomerTotals:
    """What each customer brought so far, all refunds taken off; arrays have shape ``(n_customers,)``, minor units.

    Together with the anonymous sales they add up to the books to the minor unit.

    Attributes:
        revenue_minor: By row of ``Books.customer_names``; below 0 where more came back than was sold.
        margin_minor: What that left, as ``SalesLines.margins_minor`` counts it.
        anonymous_revenue_minor: Of sales to nobody known.
        anonymous_margin_minor: What those left.
    """

    revenue_minor: IntArray
    margin_minor: IntArray
    anonymous_revenue_minor: int
    anonymous_margin_minor: int


def customer_totals(books: Books, *, margin_rate: float | None) -> CustomerTotals:
    """Revenue and margin of each customer up to the end of the books."""
    sales, n = books.sales, books.customer_names.size
    rows = np.where(sales.customer_ids == ANONYMOUS, n, sales.customer_ids)
    revenue = _sums(rows, sales.revenue_minor, n + 1)
    margin = _sums(rows, sales.margins_minor(margin_rate=margin_rate), n + 1)
    return CustomerTotals(revenue[:n], margin[:n], int(revenue[n]), int(margin[n]))


def _periods(first_day: int, last_day: int, period: Period) -> tuple[IntArray, int]:
    """First days of the periods from that of the first day to that of the last, and their number."""
    if first_day > last_day:
        return np.empty(0, dtype=np.int64), 0
    if period == "week":
        days = np.arange(first_day - (first_day + _MONDAY) % 7, last_day + 1, 7, dtype=np.int64)
    else:
        first, last = np.array([first_day, last_day], dtype="datetime64[D]").astype("datetime64[M]")
        days = np.arange(first, last + 1).astype("datetime64[D]").astype(np.int64)
    return days, days.size


def _sums(rows: IntArray, amounts_minor: IntArray, n: int) -> IntArray:
    """Amounts added up by row in integers: float sums lose minor units above 2^53, and money is exact."""
    totals = np.zeros(n, dtype=np.int64)
    np.add.at(totals, rows, amounts_minor)
    return totals
