from datetime import UTC, datetime

import pytest

from service.demo.truths import Purchase, Window, covered, true_effects


def us(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


START = us("2026-03-02T10:00:00")
WINDOW = Window([START, START, START], days=7, timezone="UTC")


def test_the_effect_is_the_mean_of_both_outcomes_of_each_customer_by_hand():
    """Under the control arm: one order, none, two orders on two days. Under the other: two, none, two."""
    control = [
        Purchase(0, us("2026-03-03T10:00:00"), 5_000),
        Purchase(2, us("2026-03-03T10:00:00"), 10_000),
        Purchase(2, us("2026-03-04T10:00:00"), 1_500),
    ]
    treatment = [*control, Purchase(0, us("2026-03-05T10:00:00"), 7_500)]
    effects = true_effects(control, treatment, WINDOW)
    assert effects["repeat_in_window"]["control_mean"] == pytest.approx(1 / 3)
    assert effects["repeat_in_window"]["arm_mean"] == pytest.approx(2 / 3)
    assert effects["repeat_in_window"]["difference"] == pytest.approx(1 / 3)
    assert effects["orders"]["control_mean"] == pytest.approx((1 + 0 + 2) / 3)
    assert effects["orders"]["difference"] == pytest.approx(1 / 3)
    assert effects["revenue"]["control_mean"] == pytest.approx((50 + 0 + 115) / 3)
    assert effects["revenue"]["difference"] == pytest.approx(75 / 3)


def test_the_window_is_half_open_and_each_customers_own():
    late = us("2026-03-04T10:00:00")
    window = Window([START, late], days=7, timezone="UTC")
    first = [Purchase(0, START, 100), Purchase(0, us("2026-03-09T10:00:00"), 200)]
    second = [Purchase(1, START, 100), Purchase(1, us("2026-03-09T10:00:00"), 200), Purchase(1, late, 400)]
    effects = true_effects(first, second, window)
    assert effects["revenue"]["control_mean"] == pytest.approx(1.00 / 2)
    assert effects["revenue"]["arm_mean"] == pytest.approx(6.00 / 2)


def test_two_purchases_on_one_day_are_one_order_day_and_days_are_the_shops():
    """16:30 and 17:30 UTC are 23:30 and 00:30 of the next day in Jakarta."""
    evening = [Purchase(0, us("2026-03-03T16:30:00"), 100), Purchase(0, us("2026-03-03T17:30:00"), 100)]
    for timezone, orders in (("UTC", 1), ("Asia/Jakarta", 2)):
        effects = true_effects([], evening, Window([START], days=7, timezone=timezone))
        assert effects["orders"]["arm_mean"] == orders
        assert effects["repeat_in_window"]["arm_mean"] == (orders >= 2)
        assert effects["revenue"]["arm_mean"] == pytest.approx(2.0)


def test_where_nobody_bought_every_effect_is_nothing():
    assert {effect["difference"] for effect in true_effects([], [], WINDOW).values()} == {0.0}


def test_an_interval_covers_the_truth_from_end_to_end():
    truth = true_effects([], [Purchase(0, START, 300)], Window([START], days=7, timezone="UTC"))
    intervals = {"repeat_in_window": [-0.5, 0.0], "orders": [1.1, 2.0], "revenue": [-1.0, 2.9]}
    results = {"outcomes": {name: {"personal": {"interval": interval}} for name, interval in intervals.items()}}
    held = covered(truth, results, arm="personal")
    assert held == {"repeat_in_window": True, "orders": False, "revenue": False}


def test_results_without_an_interval_neither_cover_the_truth_nor_miss_it():
    truth = true_effects([], [], WINDOW)
    results = {"outcomes": {name: {"personal": {"interval": None, "reason": "no unit is mature"}} for name in truth}}
    assert set(covered(truth, results, arm="personal").values()) == {None}
