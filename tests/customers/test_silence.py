import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.orders import OrderDays, order_days, statistics_of
from customers.silence import N_SITUATIONS, comebacks, silences


def days_of(*orders: tuple[int, int]) -> OrderDays:
    """Order days of (customer, day) pairs, each worth 100."""
    ids, days = (np.array([order[i] for order in orders], dtype=np.int64) for i in range(2))
    return order_days(ids, days, np.full(ids.size, 100, dtype=np.int64))


def test_the_usual_gap_is_the_customers_own_from_two_gaps_on_and_else_the_shops() -> None:
    # Customer 0 waits 4 and 16 days: geometric mean 8. Customer 1 waits 32 once. Customer 2 bought once.
    found = silences(statistics_of(days_of((0, 0), (0, 4), (0, 20), (1, 0), (1, 32), (2, 30)), until_day=40))

    assert found.days.tolist() == [20, 8, 10]
    assert found.has_own_gap.tolist() == [True, False, False]
    assert found.shop_gap_days == pytest.approx((8 * 32) ** 0.5)
    assert found.usual_gap_days == pytest.approx([8, 16, 16])
    assert found.gaps == pytest.approx([20 / 8, 8 / 16, 10 / 16])


def test_a_shop_where_nobody_came_back_has_no_usual_gap_and_its_silences_are_finite_all_the_same() -> None:
    found = silences(statistics_of(days_of((0, 0), (1, 10)), until_day=60))

    assert np.isnan(found.usual_gap_days).all()
    assert found.gaps == pytest.approx([60 / 30, 50 / 30])


def test_nobody_has_no_silence() -> None:
    assert silences(statistics_of(days_of(), until_day=5)).days.size == 0
    assert comebacks(days_of(), until_day=5).landmark_days == ()


def test_who_came_back_is_counted_from_a_landmark_by_what_was_known_then() -> None:
    # Landmark: day 100 - 50 = 50; a second one, day 0, lies before the first order. On day 50 customers 0 to 2 have
    # bought once, on day 10; customer 0 comes back in time, 1 after the horizon, 2 never. Customer 3 is not known yet.
    days = days_of((0, 10), (1, 10), (2, 10), (0, 100), (1, 101), (3, 60))

    found = comebacks(days, until_day=100, horizon_days=50)

    assert found.landmark_days == (50,)
    then = silences(statistics_of(days.until(50), until_day=50)).situations
    assert found.n_cases[then[0]] == found.n_cases.sum() == 3
    assert found.n_came_back[then[0]] == found.n_came_back.sum() == 1


orders = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 120)), min_size=1, max_size=60)


@given(orders=orders, later=orders)
def test_what_happens_after_the_history_ends_changes_nothing(orders, later) -> None:
    before = comebacks(days_of(*orders).until(120), until_day=120, horizon_days=20)
    after = comebacks(
        days_of(*orders, *[(customer, day + 121) for customer, day in later]), until_day=120, horizon_days=20
    )

    assert before.n_cases.tolist() == after.n_cases.tolist()
    assert before.n_came_back.tolist() == after.n_came_back.tolist()
    assert before.n_cases.size == N_SITUATIONS
    assert (before.n_came_back <= before.n_cases).all()


def test_an_impossible_horizon_is_refused() -> None:
    with pytest.raises(ValueError, match="must be at least 1, got 0 and 4"):
        comebacks(days_of((0, 1)), until_day=9, horizon_days=0)
