"""From books to segments, for shops that no model was made for."""

import numpy as np
import pytest
from bookkeeping import books_of

from customers.books.accounts import customer_totals, profit_and_loss
from customers.books.completeness import completeness
from customers.books.entries import ANONYMOUS, NO_ORDER, Books
from customers.books.netting import net_sales
from customers.orders import statistics_of
from customers.rfm import rfm
from customers.segments import segmented
from customers.silence import comebacks

N = NO_ORDER
SHOPS = {
    "nothing": books_of(until_day=30),
    "one customer": books_of((0, 1, 100, None, N), until_day=30),
    "all on one day": books_of(*[(row, 30, 100, None, N) for row in range(9)], until_day=30),
    "nobody came back": books_of(*[(row, row, 100, None, N) for row in range(9)], until_day=400),
    "nobody known": books_of((ANONYMOUS, 1, 100, None, N), until_day=30),
    "more came back than was sold": books_of((0, 1, 100, None, N), (0, 2, -500, None, N), until_day=30),
    "only refunds": books_of((0, 1, -100, None, N), (ANONYMOUS, 2, -100, None, N), until_day=30),
    "all for free": books_of((0, 1, 0, None, N), (0, 9, 0, None, N), (1, 1, 0, None, N), until_day=30),
    "sold below cost": books_of((0, 1, 100, 300, N), (0, 9, 100, 300, N), until_day=30),
}


@pytest.mark.parametrize("books", SHOPS.values(), ids=SHOPS.keys())
def test_every_customer_with_an_order_has_a_segment_and_a_reason_without_holes(books: Books) -> None:
    days = net_sales(books, margin_rate=None).days
    totals = customer_totals(books, margin_rate=None)
    statistics = statistics_of(days, until_day=books.until_day)

    found = segmented(
        statistics,
        margins_minor=totals.margin_minor[statistics.customer_ids],
        comebacks=comebacks(days, until_day=books.until_day),
        p_alive=None,
        p_order=None,
    )
    named = rfm(
        found.silences.days,
        n_order_days=statistics.frequency + 1,
        value_minor=totals.margin_minor[statistics.customer_ids],
    )

    assert sum(found.counts.values()) == sum(named.counts.values()) == np.unique(days.customer_ids).size
    for row in range(len(statistics)):
        for text in (found.reason(row, language="en"), found.reason(row, language="id")):
            assert text
            assert "nan" not in text
    money = profit_and_loss(books, period="month", margin_rate=None)
    assert money.revenue_minor.sum() == books.sales.revenue_minor.sum()
    assert completeness(books).quiet_weeks >= 0
