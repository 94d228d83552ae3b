from dataclasses import replace

import numpy as np
import pytest
from bookkeeping import books_of, sales_of

from customers.books.entries import NO_ORDER, ExpenseLines, SalesLines


def test_margin_is_revenue_less_cost_where_known_else_revenue_at_the_given_rate() -> None:
    sales = sales_of((0, 1, 1000, 600, NO_ORDER), (0, 1, 999, None, NO_ORDER), (0, 2, -100, None, NO_ORDER))

    assert sales.margins_minor(margin_rate=0.5).tolist() == [400, 500, -50]  # 499.5 rounds to the even 500
    assert sales.margins_minor(margin_rate=None).tolist() == [400, 999, -100]


def test_value_is_never_called_margin_where_it_is_revenue() -> None:
    known, unknown = (0, 1, 1000, 600, NO_ORDER), (0, 1, 999, None, NO_ORDER)

    assert sales_of(known).value(margin_rate=None) == "margin"
    assert sales_of(known, unknown).value(margin_rate=None) == "part_margin"
    assert sales_of(known, unknown).value(margin_rate=0.5) == "estimated_margin"
    assert sales_of(unknown).value(margin_rate=None) == "revenue"
    assert sales_of().value(margin_rate=None) == "revenue"
    # Free goods without a known cost do not turn margin into revenue.
    assert sales_of(known, (0, 1, 0, None, NO_ORDER)).value(margin_rate=None) == "margin"


def test_books_until_a_day_hold_nothing_later_and_never_reach_beyond_their_own_end() -> None:
    books = books_of((0, 1, 10, None, 1), (0, 2, 20, None, 2), until_day=9, expenses=((1, "rent", 5), (2, "rent", 6)))

    earlier = books.until(1)
    assert earlier.sales.revenue_minor.tolist() == [10]
    assert earlier.expenses.amounts_minor.tolist() == [5]
    assert earlier.until_day == 1
    assert books.until(99).until_day == 9


def test_columns_of_different_lengths_are_refused() -> None:
    two, three = np.zeros(2, dtype=np.int64), np.zeros(3, dtype=np.int64)

    with pytest.raises(ValueError, match="columns of sales must have equal lengths"):
        SalesLines(two, three, two, two, two.astype(np.bool_), two)
    with pytest.raises(ValueError, match="columns of expenses must have equal lengths, got 2, 2 and 3"):
        ExpenseLines(two, two.astype(np.object_), three)


def test_a_line_after_the_books_end_is_refused_with_both_dates() -> None:
    with pytest.raises(ValueError, match="they end on 1970-01-10 and a sale is of 1970-01-11; leave later lines out"):
        books_of((0, 10, 5, None, 1), until_day=9)
    with pytest.raises(ValueError, match="an expense is of 1970-01-12"):
        books_of(until_day=9, expenses=((11, "rent", 5),))


def test_a_customer_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="must be rows of 0 names, or -1"):
        replace(books_of(until_day=9), sales=sales_of((0, 1, 5, None, 1)))
