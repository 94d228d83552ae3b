"""Books of a few lines, written down the short way."""

import numpy as np

from customers.books.entries import Books, ExpenseLines, SalesLines

Sale = tuple[int, int, int, int | None, int]
"""Customer, day, revenue, cost (None: unknown) and order number, in that order."""


def sales_of(*lines: Sale) -> SalesLines:
    """Lines of sales."""
    columns = list(zip(*lines, strict=True)) if lines else [()] * 5
    customers, days, revenue, costs, orders = (list(column) for column in columns)
    return SalesLines(
        customer_ids=np.array(customers, dtype=np.int64),
        days=np.array(days, dtype=np.int64),
        revenue_minor=np.array(revenue, dtype=np.int64),
        cost_minor=np.array([cost or 0 for cost in costs], dtype=np.int64),
        has_cost=np.array([cost is not None for cost in costs], dtype=np.bool_),
        orders=np.array(orders, dtype=np.int64),
    )


def books_of(*lines: Sale, until_day: int, expenses: tuple[tuple[int, str, int], ...] = ()) -> Books:
    """Books in pence; expenses are day, category and amount."""
    sales = sales_of(*lines)
    return Books(
        sales=sales,
        expenses=ExpenseLines(
            np.array([day for day, _, _ in expenses], dtype=np.int64),
            np.array([category for _, category, _ in expenses], dtype=np.object_),
            np.array([amount for _, _, amount in expenses], dtype=np.int64),
        ),
        customer_names=np.array([f"c{row}" for row in range(sales.customer_ids.max(initial=-1) + 1)], dtype=np.object_),
        currency="GBP",
        currency_exponent=2,
        until_day=until_day,
    )
