import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from customers.books.accounts import customer_totals, profit_and_loss
from customers.books.netting import net_sales
from customers.report.earnings import customers_part, months_part, shared_costs


def test_a_cost_is_shared_in_proportion_to_revenue_and_who_brought_nothing_carries_nothing() -> None:
    # 100 over 600 + 300 + 100: 60, 30 and 10.
    assert shared_costs(np.array([600, 300, 0, -50, 100]), 100).tolist() == [60, 30, 0, 0, 10]


@given(st.lists(st.integers(-(10**12), 10**13), min_size=1, max_size=50), st.integers(-(10**13), 10**13))
def test_shares_add_up_to_the_cost_to_the_minor_unit(revenue, cost) -> None:
    shares = shared_costs(np.array(revenue), cost)

    assert shares.sum() == (cost if max(revenue) > 0 else 0)
    assert not shares[np.array(revenue) <= 0].any()


def test_months_follow_the_calendar_and_say_whether_they_are_over(books_of) -> None:
    books = books_of(
        [("A", "2024-01-31", 1000, 600), ("A", "2024-03-01", 500, 300), ("B", "2024-03-20", 800, 200)],
        [("2024-02-10", "rent", 250)],
        until="2024-03-30",
    )
    orders = net_sales(books, margin_rate=None).days

    months = months_part(profit_and_loss(books, period="month", margin_rate=None), orders, books)

    told = ("month", "revenue_minor", "cost_minor", "profit_minor", "is_over")
    assert [tuple(month[name] for name in told) for month in months] == [
        ("2024-01", 1000, 600, 400, True),
        ("2024-02", 0, 0, -250, True),
        ("2024-03", 1300, 500, 800, False),
    ]
    assert [(m["orders_of_new_customers"], m["orders_of_returning_customers"]) for m in months] == [
        (1, 0),
        (0, 0),
        (1, 1),
    ]


def test_leaders_are_led_by_margin_not_by_revenue_and_losses_are_counted(books_of) -> None:
    books = books_of(
        [("big", "2025-01-05", 9000, 8900), ("kind", "2025-01-06", 1000, 100), (None, "2025-01-07", 2000, 1000)],
        [("2025-01-31", "rent", 1200)],
        until="2025-01-31",
    )
    orders = net_sales(books, margin_rate=None).days

    part = customers_part(books, orders, customer_totals(books, margin_rate=None), running_cost_minor=1200)

    kind, big = part["leaders"]
    # The rent of 1,200 over revenue of 12,000: a tenth of everybody's revenue.
    assert (kind["customer"], kind["margin_minor"], kind["profit_minor"]) == ("kind", 900, 900 - 100)
    assert (big["customer"], big["margin_minor"], big["profit_minor"]) == ("big", 100, 100 - 900)
    assert (part["with_a_loss"], part["running_cost_of_customers_minor"]) == (1, 1000)
