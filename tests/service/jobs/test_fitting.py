"""Promises of fitting: what came later neither changes what was known by then nor whose row it is counted in."""

import numpy as np
import pytest
from bookkeeping import Sale, books_of

from service.jobs.bookkeeping import OpenedBooks
from service.jobs.fitting import fitted_models

UNTIL, LAST = 200, 300
N_CUSTOMERS = 40


def shop(*, once: int) -> list[Sale]:
    """Customers who come back at random, each at a rate of her own; one of them ordered on day 30 alone."""
    rng = np.random.default_rng(5)
    lines = []
    for who in range(N_CUSTOMERS):
        pace, day = rng.gamma(2, 0.02), float(rng.integers(0, 60))
        while day <= LAST and who != once:
            lines.append((who, int(day), 100, None, len(lines)))
            day += 1 + rng.exponential(1 / pace)
    return [*lines, (once, 30, 100, None, len(lines))]


def opened(lines: list[Sale]) -> OpenedBooks:
    return OpenedBooks(books_of(*lines, until_day=LAST), None, {}, {}, ())


@pytest.mark.parametrize("once", [N_CUSTOMERS - 1, N_CUSTOMERS // 2])
def test_an_order_refunded_after_the_last_day_shown_stands_in_the_history_and_moves_no_figure(once: int) -> None:
    kept = shop(once=once)
    refunded = [*kept, (once, UNTIL + 50, -100, None, kept[-1][4])]
    documents = [
        fitted_models(opened(lines), unit="week", until_day=UNTIL, margin_rate=None) for lines in (kept, refunded)
    ]
    assert documents[1] == documents[0]
    came = len({(who, day) for who, day, *_ in kept if day > UNTIL})
    held_out = documents[1]["holdout"]["models"]
    assert held_out
    assert {quality["actual_orders"] for quality in held_out.values()} == {came}
