"""Promises of a customer's standing: only the past counts, and the window counts exactly."""

import numpy as np
import pytest

from customers.orders import order_days
from experiments.campaigns.standing import HALF_LIFE_DAYS, standing_before, window_orders

ANNA, BEN, CICI = 3, 5, 9
ORDERS = order_days(
    np.array([ANNA, ANNA, ANNA, BEN, CICI]),
    np.array([1_000 - HALF_LIFE_DAYS, 1_000 - 2 * HALF_LIFE_DAYS, 1_000, 1_027, 999]),
    np.array([400, 800, 50, 70, 90]),
)


def test_activity_counts_an_order_half_after_every_half_year() -> None:
    found = standing_before(ORDERS, first_day=1_000)
    assert found.customer_ids.tolist() == [ANNA, CICI]
    assert found.orders.tolist() == [2, 1]
    assert found.days_silent.tolist() == [HALF_LIFE_DAYS, 1]
    assert found.activity[0] == pytest.approx(1 / 2 + 1 / 4)
    assert found.margin_activity[0] == pytest.approx(400 / 2 + 800 / 4)


def test_a_window_takes_its_first_day_and_leaves_out_the_day_after_its_last() -> None:
    units = np.array([ANNA, BEN])
    found = window_orders(ORDERS, units, first_day=1_000, n_days=27)
    assert (found.orders.tolist(), found.margin_minor.tolist(), found.ordered.tolist()) == (
        [1, 0],
        [50, 0],
        [True, False],
    )
    assert window_orders(ORDERS, units, first_day=1_000, n_days=28).orders.tolist() == [1, 1]


def test_money_in_a_window_is_exact_beyond_what_a_float_can_count() -> None:
    huge = 2**53
    orders = order_days(np.array([1, 1]), np.array([5, 6]), np.array([huge, 1]))
    assert window_orders(orders, np.array([1]), first_day=5, n_days=7).margin_minor.tolist() == [huge + 1]
