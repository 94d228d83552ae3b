import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.orders import OrderDays, OrderStatistics, order_days, statistics_of
from customers.tallies import OrderTallies

Line = tuple[int, int, int]


def days_of(lines: list[Line]) -> OrderDays:
    """Order days of (customer, day, value) lines, each leaving a third as margin."""
    ids, days, values = (np.array([line[i] for line in lines], dtype=np.int64) for i in range(3))
    return order_days(ids, days, values, margins_minor=values // 3)


def assert_equal(found: OrderStatistics, expected: OrderStatistics) -> None:
    assert found.customer_ids.tolist() == expected.customer_ids.tolist()
    assert found.frequency.tolist() == expected.frequency.tolist()
    assert found.recency_weeks.tolist() == expected.recency_weeks.tolist()
    assert found.age_weeks.tolist() == expected.age_weeks.tolist()
    assert found.valued_repeats.tolist() == expected.valued_repeats.tolist()
    # Values are summed in integers: the means are equal, not nearly so.
    np.testing.assert_array_equal(found.mean_value_minor, expected.mean_value_minor)
    np.testing.assert_allclose(found.log_gaps, expected.log_gaps, rtol=1e-12, atol=1e-12)


line = st.tuples(st.integers(0, 5), st.integers(0, 40), st.integers(0, 90))


@given(batches=st.lists(st.lists(line, max_size=12), max_size=6))
def test_tallies_equal_the_whole_computed_anew_for_any_split_and_order_of_arrival(batches: list[list[Line]]) -> None:
    tallies, everything = OrderTallies(), []
    for batch in batches:
        everything += batch
        stale = tallies.add(days_of(batch))
        tallies.replace(stale, days_of([line for line in everything if line[0] in stale]))

    assert not tallies.stale_customers.size
    expected = statistics_of(days_of(everything), until_day=50)
    assert_equal(tallies.statistics(until_day=50), expected)
    margins = dict.fromkeys(expected.customer_ids.tolist(), 0)
    for customer, _, value in everything:
        margins[customer] += value // 3
    assert tallies.margins_minor(expected.customer_ids).tolist() == list(margins.values())


@given(lines=st.lists(line, min_size=1, max_size=30), cut=st.integers(0, 30))
def test_orders_in_the_order_of_time_never_need_a_history_anew(lines: list[Line], cut: int) -> None:
    in_time = sorted(lines, key=lambda line: line[1])
    tallies = OrderTallies()

    assert not tallies.add(days_of(in_time[:cut])).size
    assert not tallies.add(days_of(in_time[cut:])).size


def test_a_day_before_the_first_makes_the_old_first_day_a_repeat() -> None:
    tallies = OrderTallies()
    tallies.add(days_of([(3, 20, 500), (3, 34, 100)]))

    assert not tallies.add(days_of([(3, 6, 40)])).size
    found = tallies.statistics(until_day=34)
    assert found.frequency.tolist() == [2]
    assert found.mean_value_minor.tolist() == [(500 + 100) / 2]
    assert found.log_gaps[0] == pytest.approx(2 * np.log(14 / 7))


def test_a_day_between_needs_the_history_anew_and_until_then_nothing_is_said() -> None:
    tallies = OrderTallies()
    tallies.add(days_of([(0, 1, 5), (0, 9, 5), (1, 1, 5)]))

    assert tallies.add(days_of([(0, 4, 5), (1, 4, 5)])).tolist() == [0]
    assert tallies.add(days_of([(0, 20, 5)])).tolist() == [0]
    with pytest.raises(ValueError, match="histories of 1 customers must be replaced first"):
        tallies.statistics(until_day=30)
    tallies.replace(np.array([0]), days_of([(0, 1, 5), (0, 4, 5), (0, 9, 5), (0, 20, 5)]))
    assert tallies.statistics(until_day=30).frequency.tolist() == [3, 1]


def test_a_customer_replaced_by_nothing_is_forgotten() -> None:
    tallies = OrderTallies()
    tallies.add(days_of([(0, 1, 5), (2, 1, 5)]))
    tallies.replace(np.array([0, 77]), days_of([]))

    assert tallies.statistics(until_day=1).customer_ids.tolist() == [2]
    assert not tallies.rows[0].tolist()[0]


def test_stored_tallies_go_on_where_they_stopped() -> None:
    tallies = OrderTallies()
    tallies.add(days_of([(0, 1, 5)]))
    again = OrderTallies(tallies.rows)
    again.add(days_of([(0, 8, 5)]))

    assert again.statistics(until_day=8).frequency.tolist() == [1]
    assert tallies.statistics(until_day=8).frequency.tolist() == [0]


def test_what_tallies_cannot_know_is_refused() -> None:
    tallies = OrderTallies()
    tallies.add(days_of([(0, 9, 5)]))

    with pytest.raises(ValueError, match="until_day must be at least the last order day 9, got 8"):
        tallies.statistics(until_day=8)
    with pytest.raises(ValueError, match="numbered from 0, got -1"):
        tallies.add(days_of([(-1, 9, 5)]))
    with pytest.raises(ValueError, match="got one of customer 4"):
        tallies.replace(np.array([0]), days_of([(4, 9, 5)]))
    with pytest.raises(ValueError, match="tallies must have the columns"):
        OrderTallies(np.zeros(1, dtype=[("n_days", np.int64)]))
