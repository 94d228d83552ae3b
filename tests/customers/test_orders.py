import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.orders import OrderStatistics, order_statistics, rows_sorted_by


def statistics(lines: list[tuple[int, int, int]], *, until_day: int) -> OrderStatistics:
    """Statistics of (customer, day, value) lines."""
    ids, days, values = (np.array(column, dtype=np.int64) for column in zip(*lines, strict=True))
    return order_statistics(ids, days, values, until_day=until_day)


def test_frequency_recency_age_and_mean_value_are_exact() -> None:
    found = statistics([(7, 10, 500), (7, 24, 300), (7, 31, 100), (3, 38, 900)], until_day=52)

    assert found.customer_ids.tolist() == [3, 7]
    assert found.frequency.tolist() == [0, 2]
    assert found.recency_weeks.tolist() == [0.0, (31 - 10) / 7]
    assert found.age_weeks.tolist() == [(52 - 38) / 7, (52 - 10) / 7]
    # The first order is left out: (300 + 100) / 2.
    assert np.isnan(found.mean_value_minor[0])
    assert found.mean_value_minor[1] == 200.0


def test_two_baskets_of_one_customer_on_one_day_are_one_order() -> None:
    found = statistics([(1, 0, 100), (1, 5, 200), (1, 5, 400)], until_day=10)

    assert found.frequency.tolist() == [1]
    assert found.mean_value_minor.tolist() == [600.0]


def test_a_day_worth_less_than_nothing_is_no_order_and_a_free_one_is_an_order_in_time_only() -> None:
    found = statistics([(1, 0, 100), (1, 4, -100), (1, 7, 0), (1, 14, 50), (2, 3, -9)], until_day=21)

    assert found.customer_ids.tolist() == [1]
    assert found.frequency.tolist() == [2]
    assert found.recency_weeks.tolist() == [2.0]
    assert found.valued_repeats.tolist() == [1]
    assert found.mean_value_minor.tolist() == [50.0]


def test_the_last_day_is_included_and_what_comes_later_is_not() -> None:
    found = statistics([(1, 0, 1), (1, 10, 1), (1, 11, 1), (2, 11, 1)], until_day=10)

    assert found.customer_ids.tolist() == [1]
    assert found.frequency.tolist() == [1]


def test_no_orders_give_no_customers() -> None:
    nothing = np.array([], dtype=np.int64)

    assert len(order_statistics(nothing, nothing, nothing, until_day=0)) == 0


def test_arrays_of_different_lengths_are_refused() -> None:
    two, three = np.zeros(2, dtype=np.int64), np.zeros(3, dtype=np.int64)

    with pytest.raises(ValueError, match="equal lengths, got 2, 3 and 2"):
        order_statistics(two, three, two, until_day=0)


line = st.tuples(st.integers(0, 4), st.integers(0, 30), st.integers(-50, 200))


@given(lines=st.lists(line, min_size=1, max_size=40), until_day=st.integers(0, 30), order=st.randoms())
def test_the_statistics_equal_a_plain_count_and_do_not_depend_on_the_order_of_the_lines(
    lines, until_day, order
) -> None:
    shuffled = list(lines)
    order.shuffle(shuffled)
    found = statistics(shuffled, until_day=until_day)

    net: dict[int, dict[int, int]] = {}
    for customer, day, value in lines:
        if day <= until_day:
            days = net.setdefault(customer, {})
            days[day] = days.get(day, 0) + value
    kept = {customer: sorted(day for day, value in days.items() if value >= 0) for customer, days in net.items()}
    expected = {customer: days for customer, days in sorted(kept.items()) if days}
    assert found.customer_ids.tolist() == list(expected)
    assert found.frequency.tolist() == [len(days) - 1 for days in expected.values()]
    assert found.recency_weeks.tolist() == [(days[-1] - days[0]) / 7 for days in expected.values()]
    for row, (customer, days) in enumerate(expected.items()):
        values = [net[customer][day] for day in days[1:] if net[customer][day] > 0]
        mean = sum(values) / len(values) if values else np.nan
        assert found.mean_value_minor[row] == pytest.approx(mean, nan_ok=True)


@given(
    rows=st.lists(st.tuples(st.integers(-3, 3), st.booleans(), st.integers(-2, 2)), max_size=30),
    scale=st.sampled_from([1, 2**40]),
)
def test_rows_are_sorted_by_the_first_key_and_then_the_next_whether_or_not_the_keys_fit_into_one(rows, scale) -> None:
    keys = [np.array([row[i] for row in rows]) for i in range(3)]
    wide = [keys[0].astype(np.int64) * scale, keys[1].astype(np.bool_), keys[2].astype(np.int64) * scale]

    assert [rows[row] for row in rows_sorted_by(*wide)] == sorted(rows)
