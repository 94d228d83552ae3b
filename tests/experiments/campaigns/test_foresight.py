"""Promises of the foresight: what it says can be seen is found as often as it says, by the very reading."""

import numpy as np
import pytest

from customers.orders import OrderDays, order_days
from experiments.campaigns.foresight import POWER, Visible, foreseen
from experiments.campaigns.lots import drawn_lots
from experiments.campaigns.reading import Units, read_campaign
from experiments.campaigns.standing import standing_before, window_orders

START = 200
WEEKS = 4


def steady_shop(n: int, *, days: int, rng: np.random.Generator, per_day: float = 0.03) -> OrderDays:
    """Customers who order at rates of their own, all of them first on day 0; values are a hundred each."""
    rate = rng.gamma(2.0, per_day / 2.0, n)
    comes = rng.random((n, days)) < rate[:, None]
    comes[:, 0] = True
    who, when = np.nonzero(comes)
    return order_days(who, when, np.full(who.size, 100))


def test_the_smallest_visible_effect_is_found_in_about_80_of_100_campaigns() -> None:
    """Five standard errors of 60 replicates are 26 points."""
    rng = np.random.default_rng(1)
    orders = steady_shop(100, days=START + 7 * WEEKS, rng=rng)
    past = standing_before(orders, first_day=START)
    foresight = foreseen(orders, past, until_day=START - 1, n_days=7 * WEEKS, holdout=0.3, rng=rng)
    assert foresight.margin_minor is not None
    effect = foresight.margin_minor.smallest
    found = 0
    for _ in range(60):
        lots = drawn_lots(past, holdout=0.3, rng=rng)
        did = window_orders(orders, past.customer_ids, first_day=START, n_days=7 * WEEKS)
        units = Units(past.customer_ids, lots.block, lots.is_contacted, past.activity, past.margin_activity)
        # A negative cost is an effect of exactly that size.
        read = read_campaign(
            units, did, voucher_cost_minor=np.where(lots.is_contacted, -effect, 0.0), has_money=True, rng=rng
        )
        found += read.kind == "works"
    assert found / 60 == pytest.approx(POWER, abs=0.26)


def test_what_is_usual_is_what_was() -> None:
    orders = order_days(np.repeat(np.arange(40), 9), np.tile(np.arange(0, 252, 28), 40), np.full(360, 500))
    past = standing_before(orders, first_day=252)
    found = foreseen(orders, past, until_day=251, n_days=28, holdout=0.5, rng=np.random.default_rng(1))
    assert (found.n_windows, found.n_ordering) == (4, 40)
    # Everybody orders exactly once in every window: nothing varies, so anything can be seen.
    assert (found.ordered, found.orders) == (Visible(1.0, 0.0), Visible(1.0, 0.0))
    assert found.margin_minor == Visible(500.0, 0.0)


def test_four_times_the_customers_see_half_the_effect() -> None:
    smallest = []
    for n in (100, 400):
        rng = np.random.default_rng(2)
        orders = steady_shop(n, days=START, rng=rng)
        past = standing_before(orders, first_day=START)
        found = foreseen(orders, past, until_day=START - 1, n_days=28, holdout=0.3, rng=rng)
        assert found.orders is not None
        smallest.append(found.orders.smallest)
    assert smallest[0] / smallest[1] == pytest.approx(2, rel=0.25)


def test_records_too_short_for_a_window_say_so() -> None:
    orders = steady_shop(50, days=20, rng=np.random.default_rng(3))
    past = standing_before(orders, first_day=20)
    found = foreseen(orders, past, until_day=19, n_days=28, holdout=0.3, rng=np.random.default_rng(3))
    assert (found.n_windows, found.ordered, found.is_readable) == (0, None, False)
