"""What valuing every customer costs, from order lines on, beside one sort of the same lines by customer and day."""

import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from customers.books.entries import Books, ExpenseLines, SalesLines
from customers.valuation import Valuation, valuation

pytestmark = pytest.mark.bench

UNTIL_DAY = 19_730


def books(n_customers: int) -> Books:
    """Five lines of orders per customer over two years of a Pareto/NBD shop; 3 lines of 100 are refunds."""
    rng = np.random.default_rng(1)
    first = UNTIL_DAY - rng.integers(0, 730, n_customers)
    active_days = rng.exponential(1, n_customers) / np.maximum(rng.gamma(0.6, 1 / 90, n_customers), 1e-12)
    active_days = np.minimum(active_days, UNTIL_DAY - first)
    later = rng.poisson(rng.gamma(0.6, 1 / 60, n_customers) * active_days)
    repeats = np.repeat(np.arange(n_customers), later)
    ids = np.concatenate([np.arange(n_customers), repeats])
    days = np.concatenate([first, first[repeats] + (rng.random(repeats.size) * active_days[repeats]).astype(np.int64)])
    lines = rng.permutation(
        np.concatenate([np.arange(ids.size), rng.integers(0, ids.size, 5 * n_customers - ids.size)])
    )
    ids, days = ids[lines], days[lines]
    spend = 12_000 / rng.gamma(4, size=n_customers)
    revenue = np.ceil(rng.gamma(6, size=lines.size) / 6 * spend[ids]).astype(np.int64)
    revenue[rng.random(lines.size) < 0.03] *= -1
    cost = np.zeros(lines.size, dtype=np.int64)
    nothing = np.empty(0, dtype=np.int64)
    return Books(
        SalesLines(ids, days, revenue, cost, np.zeros(lines.size, dtype=np.bool_), lines),
        ExpenseLines(nothing, nothing.astype(np.object_), nothing),
        np.arange(n_customers).astype(np.object_),
        "IDR",
        0,
        UNTIL_DAY,
    )


def peak_gb() -> float:
    """Most memory that this process has ever taken; Linux counts it in kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def valued(shop: Books) -> Valuation:
    found = valuation(shop, margin_rate=0.3, seed=1)
    assert found.projection is not None
    return found


def test_a_million_customers_are_valued_from_their_order_lines_on(
    note: Any, best_seconds: Callable[..., float], capsys: pytest.CaptureFixture[str]
) -> None:
    shop = books(1_000_000)
    before_gb = peak_gb()
    by_wall, by_processor = time.perf_counter(), time.process_time()
    found = valued(shop)
    by_wall, by_processor = time.perf_counter() - by_wall, time.process_time() - by_processor
    grown_gb = peak_gb() - before_gb
    lines_gb = sum(getattr(shop.sales, name).nbytes for name in shop.sales.__slots__) / 1e9
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(found):,} customers, {len(shop.sales):,} lines: {by_wall:.1f} s, {by_processor:.1f} s of one "
            f"processor, {peak_gb():.2f} GB at most\n"
        )
    ratio = note(
        "5 M order lines to values and segments",
        "numpy.lexsort of the lines",
        seconds=by_processor,
        base_seconds=best_seconds(lambda: np.lexsort((shop.sales.days, shop.sales.customer_ids)), runs=2),
    )
    assert ratio < 30
    # Nothing to see where an earlier benchmark took more than this one.
    assert grown_gb < 6 * lines_gb


def test_ten_times_the_customers_cost_less_than_ten_times_the_values(
    note: Any, best_seconds: Callable[..., float]
) -> None:
    few, many = books(20_000), books(200_000)
    ratio = note(
        "values of 200,000 customers",
        "values of 20,000 customers",
        seconds=best_seconds(lambda: valued(many), runs=1),
        base_seconds=best_seconds(lambda: valued(few), runs=1),
    )
    assert ratio < 10
