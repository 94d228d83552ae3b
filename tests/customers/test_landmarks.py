import numpy as np
import pytest

from customers.landmarks import landmarks_after_weeks, landmarks_at_order
from customers.orders import order_days, statistics_of

# Customer 1 orders on days 0, 7, 21 and 35, customer 2 on day 10, customer 3 on days 5 and 40, customer 4 on day 50.
IDS = np.array([1, 1, 1, 1, 2, 3, 3, 4])
DAYS = np.array([0, 7, 21, 35, 10, 5, 40, 50])
ORDERS = order_days(IDS, DAYS, np.full(8, 100))


def test_a_landmark_at_an_order_is_the_day_of_it_with_the_history_up_to_there() -> None:
    second = landmarks_at_order(ORDERS, until_day=42)

    assert second.customer_ids.tolist() == [1, 3]
    assert second.days.tolist() == [7, 40]
    assert second.histories.frequency.tolist() == [1, 1]
    assert second.histories.recency_weeks == pytest.approx([1.0, 5.0])
    assert second.histories.age_weeks == pytest.approx([1.0, 5.0])
    assert second.histories.log_gaps == pytest.approx([0.0, np.log(5.0)])
    assert landmarks_at_order(ORDERS, number=3, until_day=42).days.tolist() == [35]


def test_a_landmark_some_weeks_after_the_first_order_is_for_those_known_for_longer() -> None:
    three_weeks = landmarks_after_weeks(ORDERS, weeks=3, until_day=42)

    assert three_weeks.customer_ids.tolist() == [1, 2, 3]
    assert three_weeks.days.tolist() == [21, 31, 26]
    assert three_weeks.histories.frequency.tolist() == [2, 0, 0]
    assert three_weeks.histories.recency_weeks == pytest.approx([3.0, 0.0, 0.0])
    assert three_weeks.histories.age_weeks == pytest.approx([3.0, 3.0, 3.0])
    # Customers 2 and 3 first ordered on days 10 and 5, within three weeks of day 25 only the latter is not.
    assert landmarks_after_weeks(ORDERS, weeks=3, until_day=25).customer_ids.tolist() == [1]


def test_rows_point_into_the_statistics_of_the_same_orders() -> None:
    statistics = statistics_of(ORDERS, until_day=60)
    second = landmarks_at_order(ORDERS, until_day=60)

    assert statistics.customer_ids[second.rows].tolist() == second.customer_ids.tolist()
    assert (second.histories.age_weeks <= statistics.age_weeks[second.rows]).all()


def test_nobody_may_have_come_so_far() -> None:
    assert landmarks_at_order(ORDERS, number=9, until_day=60).histories.frequency.size == 0
    assert landmarks_after_weeks(ORDERS, weeks=50, until_day=60).histories.frequency.size == 0


def test_a_landmark_before_anything_happened_is_refused() -> None:
    with pytest.raises(ValueError, match="number must be at least 1, got 0"):
        landmarks_at_order(ORDERS, number=0, until_day=60)
    with pytest.raises(ValueError, match="weeks must be at least 1, got 0"):
        landmarks_after_weeks(ORDERS, weeks=0, until_day=60)
