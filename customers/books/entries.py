"""A shop's books: what was sold to whom, what it cost, and what running the shop cost."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

ANONYMOUS = -1
"""Customer of a sale to nobody known: it counts in totals, never in models."""

NO_ORDER = -1
"""Order of a line of which nothing says which order it belongs to."""

Value = Literal["margin", "estimated_margin", "part_margin", "revenue"]
"""What customer value consists of: margin by known costs; margin by a rate of revenue, for some lines or all; margin
where costs are known and revenue elsewhere; revenue."""


@dataclass(frozen=True, slots=True, eq=False)
class SalesLines:
    """Lines of sales and refunds in one currency, in any order; all arrays have shape ``(n_lines,)``.

    Attributes:
        customer_ids: Rows of ``Books.customer_names``, or ``ANONYMOUS``.
        days: Shop day, days since 1970-01-01.
        revenue_minor: Minor units; above 0 for a sale, below 0 for a refund, 0 for free goods. A refund of nothing is
            left out beforehand.
        cost_minor: What the goods cost and what was paid in fees, of the sign of the revenue; 0 where it is not known.
        has_cost: Whether that cost is known.
        orders: Equal numbers for the lines of one order of one customer, or ``NO_ORDER``.

    Raises:
        ValueError: If the arrays differ in length.
    """

    customer_ids: IntArray
    days: IntArray
    revenue_minor: IntArray
    cost_minor: IntArray
    has_cost: BoolArray
    orders: IntArray

    def __post_init__(self) -> None:
        columns = (self.days, self.revenue_minor, self.cost_minor, self.has_cost, self.orders)
        if any(column.shape != self.customer_ids.shape for column in columns):
            raise ValueError(
                "the columns of sales must have equal lengths, "
                f"got {self.customer_ids.size} customers and {', '.join(str(column.size) for column in columns)}"
            )

    def __len__(self) -> int:
        """Lines."""
        return int(self.customer_ids.size)

    def of(self, rows: IntArray | BoolArray) -> "SalesLines":
        """Some of the lines."""
        return SalesLines(
            self.customer_ids[rows],
            self.days[rows],
            self.revenue_minor[rows],
            self.cost_minor[rows],
            self.has_cost[rows],
            self.orders[rows],
        )

    def margins_minor(self, *, margin_rate: float | None) -> IntArray:
        """What each line leaves after costs and fees, in minor units, of either sign, shape ``(n_lines,)``.

        Revenue less cost where the cost is known; else revenue times ``margin_rate``, rounded to a minor unit line by
        line; else, without a rate, revenue itself. ``value`` says which.

        Raises:
            ValueError: If the rate is not above 0 and at most 1.
        """
        unknown = self.revenue_minor
        if margin_rate is not None:
            if not 0 < margin_rate <= 1:
                raise ValueError(f"margin_rate must be above 0 and at most 1, got {margin_rate}")
            unknown = np.rint(self.revenue_minor * margin_rate).astype(np.int64)
        return np.where(self.has_cost, self.revenue_minor - self.cost_minor, unknown)

    def value(self, *, margin_rate: float | None) -> Value:
        """What ``margins_minor`` consists of, so that nobody calls revenue margin."""
        # The cost of free goods matters little to what margin is called; that of goods with a price does.
        known = self.has_cost[self.revenue_minor != 0]
        if known.size and known.all():
            return "margin"
        if margin_rate is not None:
            return "estimated_margin"
        return "part_margin" if known.any() else "revenue"


@dataclass(frozen=True, slots=True, eq=False)
class ExpenseLines:
    """What running the shop cost, in the currency of the sales; all arrays have shape ``(n_lines,)``.

    Attributes:
        days: Shop day, days since 1970-01-01.
        categories: As the shop calls them (rent, stock, advertising); empty where it says nothing.
        amounts_minor: Minor units; money out is positive, money back negative.

    Raises:
        ValueError: If the arrays differ in length.
    """

    days: IntArray
    categories: npt.NDArray[np.object_]
    amounts_minor: IntArray

    def __post_init__(self) -> None:
        if not self.days.shape == self.categories.shape == self.amounts_minor.shape:
            raise ValueError(
                "the columns of expenses must have equal lengths, "
                f"got {self.days.size}, {self.categories.size} and {self.amounts_minor.size}"
            )

    def __len__(self) -> int:
        """Lines."""
        return int(self.days.size)

    def of(self, rows: IntArray | BoolArray) -> "ExpenseLines":
        """Some of the lines."""
        return ExpenseLines(self.days[rows], self.categories[rows], self.amounts_minor[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Books:
    """Everything the shop wrote down, in one currency.

    Attributes:
        sales: Lines of sales and refunds.
        expenses: Lines of expenses; of no length where the shop keeps none.
        customer_names: The shop's own customer ids, shape ``(n_customers,)``.
        currency: ISO 4217 code.
        currency_exponent: Decimals of its minor unit.
        until_day: The last day that the books cover, days since 1970-01-01; later lines are left out beforehand.

    Raises:
        ValueError: If a line is of a later day, or of a customer without a name.
    """

    sales: SalesLines
    expenses: ExpenseLines
    customer_names: npt.NDArray[np.object_]
    currency: str
    currency_exponent: int
    until_day: int

    def __post_init__(self) -> None:
        for what, days in (("a sale", self.sales.days), ("an expense", self.expenses.days)):
            last = int(days.max(initial=self.until_day))
            if last > self.until_day:
                raise ValueError(
                    f"books must end with their last line, but they end on {_date(self.until_day)} and {what} is of "
                    f"{_date(last)}; leave later lines out, or correct their dates"
                )
        ids, n_names = self.sales.customer_ids, self.customer_names.size
        if ids.size and not (int(ids.min()) >= ANONYMOUS and int(ids.max()) < n_names):
            raise ValueError(f"customer_ids of sales must be rows of {n_names} names, or {ANONYMOUS} for nobody known")

    def until(self, day: int) -> "Books":
        """The books as they stood at the end of ``day``: nothing later is known, not even refunds of earlier sales."""
        return replace(
            self,
            sales=self.sales.of(self.sales.days <= day),
            expenses=self.expenses.of(self.expenses.days <= day),
            until_day=min(day, self.until_day),
        )


def _date(day: int) -> str:
    return str(np.datetime64(day, "D"))
