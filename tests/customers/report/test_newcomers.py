from customers.books.accounts import profit_and_loss
from customers.books.netting import net_sales
from customers.report.newcomers import newcomers_part


def part(books):
    orders = net_sales(books, margin_rate=None).days
    result = profit_and_loss(books, period="month", margin_rate=None)
    first_day = int(books.sales.days.min())
    return newcomers_part(orders, result, books, first_day=first_day)


def test_months_compare_only_first_weeks_that_are_over(books_of) -> None:
    # The books end 13 weeks (91 days) after 31 January: January is complete, of February nothing can be said.
    books = books_of(
        [
            ("A", "2025-01-02", 1000, 400),
            ("A", "2025-04-02", 500, 100),  # day 90 of hers: still within her first 13 weeks
            ("A", "2025-04-03", 700, 100),  # day 91: beyond
            ("B", "2025-01-31", 300, 100),
            ("C", "2025-02-01", 900, 100),
        ],
        [("2025-01-15", "Facebook ads", 250)],
        until="2025-05-01",
    )

    (january,) = part(books)["months"]

    # (600 + 400) of A and 200 of B, on 250 of advertising.
    assert (january["month"], january["new_customers"], january["margin_minor"]) == ("2025-01", 2, 1200)
    assert january["margin_per_advertising"] == 1200 / 250
    assert january["advertising_per_new_customer_minor"] == 125


def test_advertising_is_divided_by_new_customers_of_the_later_half_of_the_books(books_of) -> None:
    # 28 days of books: the later half are the last 14, from 15 January on.
    books = books_of(
        [("A", "2025-01-01", 100), ("B", "2025-01-15", 100), ("C", "2025-01-20", 100), ("A", "2025-01-21", 100)],
        [("2025-01-14", "iklan", 999), ("2025-01-16", "iklan", 300), ("2025-01-17", "sewa", 5000)],
        until="2025-01-28",
    )

    advertising = part(books)["advertising"]

    assert (advertising["from"], advertising["spent_minor"], advertising["new_customers"]) == ("2025-01-15", 300, 2)
    assert advertising["per_new_customer_minor"] == 150


def test_expenses_are_told_in_the_shops_own_words_the_greatest_first(books_of) -> None:
    books = books_of(
        [("A", "2025-01-01", 100)],
        [("2025-01-02", "Sewa", 500), ("2025-01-03", "Iklan TikTok", 200), ("2025-01-04", "Sewa", 500)],
        until="2025-01-28",
    )

    assert part(books)["by_category"] == [
        {"category": "Sewa", "kind": "other", "amount_minor": 1000},
        {"category": "Iklan TikTok", "kind": "advertising", "amount_minor": 200},
    ]
