"""How complete a shop's records are, so that a reader knows what its figures may lack."""

from dataclasses import dataclass

import numpy as np

from customers.books.entries import ANONYMOUS, Books


@dataclass(frozen=True, slots=True)
class Completeness:
    """What the sales in the books cover. Shares are from 0 to 1, and None where nothing was sold.

    Attributes:
        first_day: Day of the first line of sales, days since 1970-01-01; None without any.
        until_day: Last day of the books.
        weeks: Weeks of seven days that end on ``until_day`` or whole weeks before it, back to the first line.
        weeks_with_sales: Those of them with at least one line.
        longest_gap_days: Most days in a row without a line between the first line and ``until_day``.
        anonymous_share: Of the money sold, what nobody known bought.
        known_cost_share: Of the money sold, that of lines with a known cost.
        weeks_with_expenses: Those of the weeks with at least one line of expenses.
    """

    first_day: int | None
    until_day: int
    weeks: int
    weeks_with_sales: int
    longest_gap_days: int
    anonymous_share: float | None
    known_cost_share: float | None
    weeks_with_expenses: int

    @property
    def quiet_weeks(self) -> int:
        """Weeks without a line of sales: nothing was sold, or nothing was written down; the books cannot tell."""
        return self.weeks - self.weeks_with_sales


def completeness(books: Books) -> Completeness:
    """What the books cover."""
    sales = books.sales
    if not len(sales):
        return Completeness(None, books.until_day, 0, 0, 0, None, None, 0)
    days = np.unique(sales.days)
    first_day = int(days[0])
    expense_days = books.expenses.days[books.expenses.days >= first_day]
    weeks_ago, expense_weeks_ago = (np.unique((books.until_day - of) // 7) for of in (days, expense_days))
    sold = np.maximum(sales.revenue_minor, 0)
    total = int(sold.sum())
    return Completeness(
        first_day=first_day,
        until_day=books.until_day,
        weeks=(books.until_day - first_day) // 7 + 1,
        weeks_with_sales=weeks_ago.size,
        longest_gap_days=int(np.diff(days, append=books.until_day + 1).max()) - 1,
        anonymous_share=int(sold[sales.customer_ids == ANONYMOUS].sum()) / total if total else None,
        known_cost_share=int(sold[sales.has_cost].sum()) / total if total else None,
        weeks_with_expenses=expense_weeks_ago.size,
    )
