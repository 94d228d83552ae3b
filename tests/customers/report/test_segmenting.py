from customers.books.accounts import customer_totals
from customers.books.netting import net_sales
from customers.orders import statistics_of
from customers.report.outlook import outlook
from customers.report.segmenting import segments_part


def part(books):
    orders = net_sales(books, margin_rate=None).days
    statistics = statistics_of(orders, until_day=books.until_day)
    return segments_part(
        books,
        orders,
        statistics,
        margin_minor=customer_totals(books, margin_rate=None).margin_minor,
        value=books.sales.value(margin_rate=None),
        view=outlook(orders, statistics, until_day=books.until_day),
    )


def test_every_customer_who_ordered_is_counted_once_with_what_she_brought(stall_books) -> None:
    segments = part(stall_books)

    assert sum(segment["customers"] for segment in segments) == 60
    known = customer_totals(stall_books, margin_rate=None).margin_minor
    assert sum(segment["margin_minor"] for segment in segments) == known.sum()


def test_the_example_brought_most_of_its_segment_and_has_a_reason_in_both_languages(books_of) -> None:
    books = books_of(
        [
            ("small", "2025-05-25", 100),
            ("large", "2025-05-26", 900),
            ("refunded", "2025-05-01", 50),
            ("refunded", "2025-05-02", -50),
        ],
        until="2025-05-31",
    )

    (segment,) = part(books)

    assert (segment["id"], segment["customers"], segment["example"]["customer"]) == ("new", 2, "large")
    assert segment["example"]["reason"]["en"].startswith("5 days silent")
    assert segment["example"]["reason"]["id"].startswith("diam 5 hari")
