"""What segments cost, from order lines on, beside one sort of the same lines by customer and day."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from customers.books.accounts import customer_totals
from customers.books.entries import Books, ExpenseLines, SalesLines
from customers.books.netting import net_sales
from customers.orders import OrderDays, statistics_of
from customers.rfm import rfm
from customers.segments import segmented
from customers.silence import comebacks, silences
from customers.tallies import OrderTallies

pytestmark = pytest.mark.bench

N_CUSTOMERS, N_LINES, UNTIL_DAY = 200_000, 1_000_000, 19_730


@pytest.fixture(scope="module")
def books() -> Books:
    """Two years of a shop with many customers; 3 of 100 lines are refunds, 1 of 5 has no order number."""
    rng = np.random.default_rng(1)
    rates = rng.gamma(0.5, 1, N_CUSTOMERS)
    later = rng.choice(N_CUSTOMERS, N_LINES - N_CUSTOMERS, p=rates / rates.sum())
    revenue = rng.integers(100, 50_000, N_LINES) * np.where(rng.random(N_LINES) < 0.03, -1, 1)
    orders = np.where(rng.random(N_LINES) < 0.2, -1, rng.permutation(N_LINES))
    sales = SalesLines(
        customer_ids=rng.permutation(np.concatenate([np.arange(N_CUSTOMERS), later])),
        days=rng.integers(UNTIL_DAY - 730, UNTIL_DAY, N_LINES),
        revenue_minor=revenue,
        cost_minor=np.zeros(N_LINES, dtype=np.int64),
        has_cost=np.zeros(N_LINES, dtype=np.bool_),
        orders=orders,
    )
    nothing = np.empty(0, dtype=np.int64)
    expenses = ExpenseLines(nothing, nothing.astype(np.object_), nothing)
    return Books(sales, expenses, np.arange(N_CUSTOMERS).astype(np.object_), "IDR", 0, UNTIL_DAY)


def test_from_order_lines_to_segments_costs_a_few_sorts(
    books: Books, note: Any, best_seconds: Callable[..., float]
) -> None:
    def segments() -> None:
        days = net_sales(books, margin_rate=0.3).days
        totals = customer_totals(books, margin_rate=0.3)
        statistics = statistics_of(days, until_day=UNTIL_DAY)
        rows, chances = statistics.customer_ids, np.linspace(0, 1, len(statistics))
        silent = silences(statistics).days
        rfm(silent, n_order_days=statistics.frequency + 1, value_minor=totals.revenue_minor[rows])
        segmented(
            statistics,
            margins_minor=totals.margin_minor[rows],
            comebacks=comebacks(days, until_day=UNTIL_DAY),
            p_alive=chances,
            p_order=chances,
        )

    ratio = note(
        "1 M order lines to segments",
        "numpy.lexsort of the lines",
        seconds=best_seconds(segments),
        base_seconds=best_seconds(lambda: np.lexsort((books.sales.days, books.sales.customer_ids))),
    )
    assert ratio < 8


def test_a_thousand_new_orders_cost_next_to_nothing(
    books: Books, note: Any, best_seconds: Callable[..., float]
) -> None:
    days = net_sales(books, margin_rate=0.3).days
    tallies = OrderTallies()
    tallies.add(days)
    ids = np.unique(days.customer_ids)[:: N_CUSTOMERS // 1_000]
    new = OrderDays(ids, np.full(ids.size, UNTIL_DAY), np.full(ids.size, 500), np.full(ids.size, 150))

    ratio = note(
        "1,000 new order days tallied",
        "statistics of all anew",
        seconds=best_seconds(lambda: tallies.add(new)),
        base_seconds=best_seconds(lambda: statistics_of(days, until_day=UNTIL_DAY)),
    )
    assert ratio < 0.1
