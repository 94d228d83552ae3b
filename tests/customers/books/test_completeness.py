import pytest
from bookkeeping import books_of

from customers.books.completeness import completeness
from customers.books.entries import ANONYMOUS, NO_ORDER


def test_weeks_gaps_and_shares_are_counted_to_the_books_last_day() -> None:
    found = completeness(
        books_of(
            (0, 10, 600, 100, 1),
            (ANONYMOUS, 12, 300, None, NO_ORDER),
            (0, 30, 100, None, 2),
            (0, 31, -50, None, 2),
            until_day=40,
            expenses=((5, "rent", 100), (38, "rent", 100)),
        )
    )

    # Weeks ending on day 40: 34-40, 27-33 (days 30 and 31), 20-26, 13-19, 6-12 (days 10 and 12): 2 of 5 have sales.
    assert (found.weeks, found.weeks_with_sales, found.quiet_weeks) == (5, 2, 3)
    assert found.weeks_with_expenses == 1
    assert found.longest_gap_days == 30 - 12 - 1
    # Of 600 + 300 + 100 sold.
    assert found.anonymous_share == pytest.approx(300 / 1000)
    assert found.known_cost_share == pytest.approx(600 / 1000)


def test_the_silence_after_the_last_line_is_a_gap_too() -> None:
    assert completeness(books_of((0, 1, 5, None, 1), (0, 3, 5, None, 2), until_day=20)).longest_gap_days == 17


def test_books_without_sales_say_nothing_and_refunds_alone_have_no_shares() -> None:
    nothing, refunds = completeness(books_of(until_day=5)), completeness(books_of((0, 1, -5, None, 1), until_day=5))

    assert (nothing.first_day, nothing.weeks, nothing.anonymous_share) == (None, 0, None)
    assert (refunds.weeks, refunds.anonymous_share, refunds.known_cost_share) == (1, None, None)
