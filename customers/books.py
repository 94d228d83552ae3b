"""A shop's books: what was sold to whom, what it cost, and what running the shop cost."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

ANONYMOUS = -1
"""Customer of a sale to nobody known: it counts in totals, never in models."""


@dataclass(frozen=True, slots=True, eq=False)
class SalesLines:
    """Lines of sales and refunds in one currency, in any order; all arrays have shape ``(n_lines,)``.

    Attributes:
        customer_ids: Rows of ``Books.customer_names``, or ``ANONYMOUS``.
        days: Shop day, days since 1970-01-01.
        revenue_minor: Minor units; above 0 for a sale, below 0 for a refund, 0 for free goods.
        cost_minor: What the goods cost and what was paid in fees, of the sign of the revenue; 0 where it is not known.
        has_cost: Whether that cost is known.
        orders: Equal numbers for the lines of one order, or -1 where nothing says which order a line belongs to.
    """

    customer_ids: IntArray
    days: IntArray
    revenue_minor: IntArray
    cost_minor: IntArray
    has_cost: BoolArray
    orders: IntArray

    def __len__(self) -> int:
        """Lines."""
        return int(self.customer_ids.size)


@dataclass(frozen=True, slots=True, eq=False)
class ExpenseLines:
    """What running the shop cost, in the currency of the sales; all arrays have shape ``(n_lines,)``.

    Attributes:
        days: Shop day, days since 1970-01-01.
        categories: As the shop calls them (rent, stock, advertising); empty where it says nothing.
        amounts_minor: Minor units; money out is positive, money back negative.
    """

    days: IntArray
    categories: npt.NDArray[np.object_]
    amounts_minor: IntArray


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
    """

    sales: SalesLines
    expenses: ExpenseLines
    customer_names: npt.NDArray[np.object_]
    currency: str
    currency_exponent: int
    until_day: int
