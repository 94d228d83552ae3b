import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.orders import order_days
from customers.report.incentives import (
    required_probability,
    smallest_visible_probability,
    stamps_part,
    vouchers_part,
    wilson_interval,
)


def test_a_voucher_breaks_even_at_p0_m_over_m_less_v() -> None:
    # 20 % buy and leave 10 each; a voucher of 2 leaves 8: 0.2 x 10 / 8 = 25 %.
    assert required_probability(0.2, margin=10, voucher=2) == pytest.approx(0.25)
    assert pytest.approx(0.25 * (10 - 2)) == 0.2 * 10


def test_a_voucher_of_the_whole_margin_never_pays_nor_one_for_which_more_than_all_had_to_buy() -> None:
    assert required_probability(0.2, margin=10, voucher=10) is None
    assert required_probability(0.2, margin=10, voucher=12) is None
    assert required_probability(0.6, margin=10, voucher=5) is None


@given(st.floats(0.01, 0.9), st.floats(0.01, 0.99))
def test_a_larger_voucher_needs_more_buyers(p0, share) -> None:
    smaller, larger = (required_probability(p0, margin=1.0, voucher=share * part) for part in (0.5, 1.0))

    assert larger is None or (smaller is not None and p0 < smaller < larger)


def test_the_smallest_visible_rise_has_the_published_sample_size() -> None:
    # Cohen (1988), table 6.4.1: h = .20 at a = .05 two-sided and power .80 needs n = 392 per group.
    p1 = smallest_visible_probability(0.3, 392)

    assert 2 * math.asin(math.sqrt(p1)) - 2 * math.asin(math.sqrt(0.3)) == pytest.approx(0.20, abs=0.0005)


def test_a_handful_of_customers_sees_nothing() -> None:
    assert smallest_visible_probability(0.8, 5) is None
    assert smallest_visible_probability(0.5, 0) is None


def test_wilsons_interval_is_the_published_one() -> None:
    # Newcombe (1998), Statistics in Medicine 17: 81 of 263 gives .2553 to .3662 at 95 %; the formula here at 90 % lies
    # inside, and solves |p - share| = z sqrt(p (1 - p) / n) at both ends, which is what defines it.
    low, high = wilson_interval(81, 263)

    assert 0.2553 < low < high < 0.3662
    for end in (low, high):
        assert abs(end - 81 / 263) == pytest.approx(1.6448536 * math.sqrt(end * (1 - end) / 263))
    assert wilson_interval(0, 0) is None
    assert wilson_interval(0, 10)[0] == 0.0


def test_the_baseline_is_measured_in_the_last_window_on_those_known_before() -> None:
    # 300 days: the window is the last 90, from day 210 on. Customers 0-3 are known before; 0 and 1 ordered lately
    # (within 90 days before), 2 and 3 are silent; 0 and 2 order in the window. Customer 4 is new in it.
    ids = np.array([0, 1, 2, 3, 0, 2, 4, 3])
    days = np.array([150, 200, 100, 50, 250, 220, 260, 0])
    orders = order_days(ids, days, np.full(8, 1000), margins_minor=np.full(8, 400))

    part = vouchers_part(orders, until_day=299)

    assert part["window_days"] == 90
    found = {group["group"]: (group["bought"], group["customers"]) for group in part["groups"]}
    assert found == {"everybody": (2, 4), "recent": (1, 2), "silent": (1, 2)}
    # A voucher of 100 on a margin of 400 takes a quarter of it: purchase must rise by a third, from 1/2 to 2/3.
    hundred = next(size for size in part["vouchers"] if size["voucher_minor"] == 100)
    assert hundred["required_relative_lift"] == pytest.approx(1 / 3)
    assert hundred["required"]["everybody"] == pytest.approx(2 / 3)


def test_books_that_are_too_short_or_leave_no_margin_carry_no_voucher_arithmetic() -> None:
    short = order_days(np.array([0, 0]), np.array([0, 20]), np.array([500, 500]))
    at_a_loss = order_days(np.array([0, 0]), np.array([0, 200]), np.array([500, 500]), margins_minor=np.array([-5, -5]))

    assert vouchers_part(short, until_day=40) is None
    assert vouchers_part(at_a_loss, until_day=299) is None


def test_stamp_cards_are_counted_from_the_shops_own_orders() -> None:
    # Ten order days of customer 0, a week apart, and one of customer 1; an order leaves 60 of 100, so it costs 40.
    ids, days = np.array([0] * 10 + [1]), np.array([*range(0, 70, 7), 30])
    orders = order_days(ids, days, np.full(11, 100), margins_minor=np.full(11, 60))

    part = stamps_part(orders, until_day=80)

    four = part["cards"][0]
    assert (part["usual_gap_days"], part["reward_cost_minor"]) == (7.0, 40)
    # Ten stamps fill two cards of four and leave two; the other customer holds one: three open, three quarters of 40.
    assert (four["stamps"], four["full_cards"], four["open_stamps"]) == (4, 2, 3)
    assert (four["cost_minor"], four["liability_minor"]) == (80, 30)
    assert four["weeks_to_fill"] == 4.0


def test_without_a_repeat_order_no_card_is_sized() -> None:
    assert stamps_part(order_days(np.arange(5), np.arange(5), np.full(5, 100)), until_day=80) is None
