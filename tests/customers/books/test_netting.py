import numpy as np
import pytest
from bookkeeping import Sale, books_of
from hypothesis import given
from hypothesis import strategies as st

from customers.books.entries import ANONYMOUS, NO_ORDER
from customers.books.netting import NetSales, left_of, net_sales


def netted(*lines: Sale, margin_rate: float | None = None) -> NetSales:
    return net_sales(books_of(*lines, until_day=100), margin_rate=margin_rate)


def rows(found: NetSales) -> list[tuple[int, int, int, int]]:
    """Customer, day, value and margin of each order day."""
    days = found.days
    columns = (days.customer_ids, days.days, days.values_minor, days.margins_minor)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_a_refund_with_an_orders_number_takes_from_that_order_even_where_a_later_one_exists() -> None:
    found = netted((0, 1, 500, None, 11), (0, 5, 300, None, 12), (0, 9, -200, None, 11))

    assert rows(found) == [(0, 1, 300, 300), (0, 5, 300, 300)]
    assert found.unmatched_refunds_minor == 0


def test_a_refund_without_a_number_takes_from_the_latest_earlier_sales_first() -> None:
    # 500 come back: all 300 of day 5, then 200 of the 400 of day 1; day 9 is later and stays whole.
    found = netted(
        (0, 1, 400, None, 11), (0, 5, 300, None, NO_ORDER), (0, 7, -500, None, NO_ORDER), (0, 9, 50, None, 12)
    )

    assert rows(found) == [(0, 1, 200, 200), (0, 9, 50, 50)]


def test_a_credit_note_with_a_number_of_its_own_is_netted_as_one_without() -> None:
    found = netted((0, 1, 400, None, 11), (0, 5, 300, None, 12), (0, 7, -300, None, 99))

    assert rows(found) == [(0, 1, 400, 400)]


def test_what_comes_back_beyond_its_own_order_takes_from_earlier_ones_and_what_finds_none_takes_nothing() -> None:
    # Order 12 of 100 is refunded 250: 100 of its own, 150 of day 1. Customer 1 never bought what she returned.
    found = netted((0, 1, 400, None, 11), (0, 5, 100, None, 12), (0, 7, -250, None, 12), (1, 7, -80, None, NO_ORDER))

    assert rows(found) == [(0, 1, 250, 250)]
    assert found.unmatched_refunds_minor == 80


def test_sales_of_the_same_day_come_before_its_refunds_and_one_customers_refund_never_takes_from_another() -> None:
    found = netted((1, 5, -100, None, NO_ORDER), (1, 5, 100, None, NO_ORDER), (0, 5, 100, None, NO_ORDER))

    assert rows(found) == [(0, 5, 100, 100)]


def test_free_goods_are_an_order_worth_nothing_unless_they_were_taken_back() -> None:
    found = netted((0, 1, 0, None, 11), (1, 1, 100, None, 12), (1, 2, -100, None, 12))

    assert rows(found) == [(0, 1, 0, 0)]


def test_an_order_over_two_days_stands_on_the_first_and_orders_of_one_day_are_one_order_day() -> None:
    found = netted((0, 3, 100, None, 11), (0, 4, 50, None, 11), (0, 3, 25, None, 12))

    assert rows(found) == [(0, 3, 175, 175)]


def test_margins_follow_the_refunds() -> None:
    # Order 11: 1000 - 600 cost, less a return of 250 whose goods (150) come back: margin 400 - 100 = 300 of 750.
    # Order 12 loses 40 of its 160 without a number: a quarter of its margin of 60 goes with it.
    found = netted((0, 1, 1000, 600, 11), (0, 2, -250, -150, 11), (0, 5, 160, 100, 12), (0, 6, -40, None, NO_ORDER))

    assert rows(found) == [(0, 1, 750, 300), (0, 5, 120, 45)]


def test_anonymous_lines_are_nobodys_orders() -> None:
    found = netted((ANONYMOUS, 1, 500, None, NO_ORDER), (ANONYMOUS, 2, -500, None, NO_ORDER))

    assert rows(found) == []
    assert found.unmatched_refunds_minor == 0


def test_what_was_known_earlier_knows_no_later_refund() -> None:
    books = books_of((0, 1, 500, None, 11), (0, 9, -500, None, 11), until_day=20)

    assert rows(net_sales(books.until(8), margin_rate=None)) == [(0, 1, 500, 500)]
    assert rows(net_sales(books, margin_rate=None)) == []


movement = st.tuples(st.integers(0, 2), st.integers(0, 6), st.integers(-60, 100))


@given(movements=st.lists(movement, max_size=60))
def test_what_is_left_equals_taking_refund_by_refund_from_a_pile(movements: list[tuple[int, int, int]]) -> None:
    owners, days, amounts = (np.array([m[i] for m in movements], dtype=np.int64) for i in range(3))
    in_order = sorted(range(len(movements)), key=lambda i: (owners[i], days[i], amounts[i] < 0, i))
    expected = [max(0, int(amount)) for amount in amounts]
    piles: dict[int, list[int]] = {}
    for i in in_order:
        pile = piles.setdefault(int(owners[i]), [])
        if amounts[i] >= 0:
            pile.append(i)
        back = max(0, -int(amounts[i]))
        while back and pile:
            taken = min(back, expected[pile[-1]])
            expected[pile[-1]] -= taken
            back -= taken
            if not expected[pile[-1]]:
                pile.pop()

    assert left_of(owners, days, amounts).tolist() == expected


sale = st.tuples(
    st.integers(0, 3),
    st.integers(0, 20),
    st.integers(-50, 90),
    st.none() | st.integers(0, 40),
    st.integers(-1, 4),
)


@given(lines=st.lists(sale, max_size=30), order=st.randoms())
def test_orders_and_unmatched_refunds_add_up_to_the_books_whatever_the_order_of_the_lines(lines, order) -> None:
    found = netted(*lines)
    shuffled = list(lines)
    order.shuffle(shuffled)

    assert found.days.values_minor.sum() - found.unmatched_refunds_minor == sum(line[2] for line in lines)
    assert (found.days.values_minor >= 0).all()
    # Two orders of one day may lose their margin in either order: what one refund took is rounded order by order.
    again = netted(*shuffled)
    assert [row[:3] for row in rows(again)] == [row[:3] for row in rows(found)]
    assert again.unmatched_refunds_minor == found.unmatched_refunds_minor


@pytest.mark.parametrize("rate", [0.0, -0.1, 1.5, float("nan")])
def test_an_impossible_margin_rate_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="margin_rate must be above 0 and at most 1"):
        netted((0, 1, 100, None, 1), margin_rate=rate)
