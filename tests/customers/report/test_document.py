import json

import pytest

from customers.report.cash import Liability
from customers.report.document import report
from customers.report.figures import LANGUAGES
from customers.report.markdown import markdown
from customers.report.page import html_page


@pytest.fixture(scope="module")
def of_online_retail(online_retail):
    return report(online_retail)


def written(document) -> list[str]:
    """The report on every page there is; what is no JSON, or no number, cannot be written."""
    json.dumps(document, allow_nan=False)
    pages = [page(document, language) for page in (html_page, markdown) for language in LANGUAGES]
    for page in pages:
        assert "nan" not in page.lower().split()
    return pages


def test_the_sums_of_online_retail_match_the_file_to_the_penny(of_online_retail) -> None:
    document = of_online_retail
    totals, months, customers = document["totals"], document["months"], document["customers"]

    # The whole file, whoever bought: 9,747,747.93.
    assert totals["revenue_minor"] == 974_774_793
    assert totals["known_revenue_minor"] + totals["anonymous_revenue_minor"] == 974_774_793
    assert sum(month["revenue_minor"] for month in months) == 974_774_793
    assert totals["sales_minor"] - totals["refunds_minor"] == 974_774_793
    assert sum(customers["margin_by_tenth_minor"]) == totals["known_revenue_minor"]
    assert "£9,747,747.93" in html_page(document, "en")
    written(document)


def test_everything_that_online_retail_lacks_is_said(of_online_retail) -> None:
    page = html_page(of_online_retail, "en")

    assert "The books hold no costs of goods" in page
    assert "The books hold no expenses" in page
    assert "The books hold no advertising" in page
    assert "With less than two years of books a busy season cannot be told from growth" in page
    assert "Who brought most revenue so far" in page
    assert "best" not in page.lower()


def test_the_same_books_and_seed_give_the_same_document(stall_books) -> None:
    assert report(stall_books, seed=3) == report(stall_books, seed=3)


def test_a_shop_with_costs_and_expenses_has_a_profit_that_adds_up(stall_books) -> None:
    document = report(stall_books)
    totals, customers = document["totals"], document["customers"]

    # Rent of 12 x 300,000 and advertising of (1 + ... + 12) x 10,000 rupiah, in sen.
    assert totals["other_expenses_minor"] == 12 * 30_000_000
    assert totals["advertising_minor"] == 78 * 1_000_000
    assert totals["profit_minor"] == totals["margin_minor"] - 360_000_000 - 78_000_000
    assert sum(month["profit_minor"] for month in document["months"]) == totals["profit_minor"]
    assert customers["running_cost_minor"] == 438_000_000
    # What sales to nobody known carry is the rest of it.
    assert 0 < customers["running_cost_minor"] - customers["running_cost_of_customers_minor"] < 438_000_000
    page = written(document)[1]
    assert "Laba rugi per bulan" in page
    assert "Rp\N{NO-BREAK SPACE}4.380.000" in page


ODD_SHOPS = {
    "no entries": ([], []),
    "one customer": ([("A", "2025-03-01", 1000)], []),
    "one customer twice": ([("A", "2025-03-01", 1000), ("A", "2025-03-08", 2000)], []),
    "nobody known": ([(None, "2025-03-01", 1000), (None, "2025-04-01", 500)], []),
    "one day": ([(f"C{n}", "2025-03-01", 1000) for n in range(40)], []),
    "no repeat": ([(f"C{n}", f"2025-03-{n + 1:02d}", 1000) for n in range(28)], []),
    "all given back": ([("A", "2025-03-01", 1000), ("A", "2025-03-05", -1000)], []),
    "only refunds": ([("A", "2025-03-01", -1000), (None, "2025-03-20", -10)], []),
    "free goods": ([("A", "2025-03-01", 0), ("A", "2025-03-02", 0)], []),
    "only expenses": ([], [("2025-01-05", "rent", 5000), ("2025-03-05", "ads", 100)]),
    "costs above revenue": ([("A", f"2025-0{m}-01", 1000, 1500) for m in range(1, 6)], []),
    "a month of loss": ([("A", "2025-01-10", 1000), ("B", "2025-03-10", 1000)], [("2025-02-01", "rent", 9000)]),
    "money back on an expense": ([("A", "2025-01-10", 1000)], [("2025-02-01", "stock", -500)]),
    "advertising and nobody new": ([("A", "2024-01-10", 1000)], [("2025-05-01", "ads", 900)]),
    "a long quiet shop": ([("A", "2020-01-10", 1000), ("A", "2020-02-10", 1000)], []),
}


@pytest.mark.parametrize("name", ODD_SHOPS)
def test_an_odd_shop_gets_a_sensible_report(books_of, name) -> None:
    sales, expenses = ODD_SHOPS[name]
    books = books_of(sales, expenses, until="2025-05-31")
    for margin_rate in (None, 0.4):
        owed = [Liability(50, books.until_day + 28)]
        document = report(books, margin_rate=margin_rate, opening_cash_minor=1000, liabilities=owed)
        pages = written(document)
        assert document["totals"]["revenue_minor"] == sum(row[2] for row in sales)
        assert all("None" not in page for page in pages)


def test_a_shop_of_nobody_known_is_asked_to_write_down_who_buys(books_of) -> None:
    page = html_page(report(books_of([(None, "2025-03-01", 1000)], until="2025-05-31")), "en")

    assert "No sale in these books names its customer" in page


def test_a_shop_without_enough_history_gets_no_projection_and_is_told_so(books_of) -> None:
    document = report(books_of([("A", "2025-03-01", 1000)], until="2025-05-31"))

    assert document["new_customers"]["projected"] is None
    assert "There is no projection yet" in html_page(document, "en")


def test_what_is_assumed_of_margins_is_said(books_of) -> None:
    books = books_of([("A", "2025-03-01", 1000)], until="2025-05-31")

    assert report(books, margin_rate=0.35)["totals"]["margin_minor"] == 350
    assert "35\N{NO-BREAK SPACE}% of revenue, which you stated" in html_page(report(books, margin_rate=0.35), "en")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"margin_rate": 1.5}, "margin_rate must be above 0 and at most 1, got 1.5"),
        ({"horizon_weeks": 0}, "horizon_weeks must be at least 1, got 0"),
    ],
)
def test_wrong_arguments_are_refused_in_words(books_of, wrong, message) -> None:
    with pytest.raises(ValueError, match=message):
        report(books_of([("A", "2025-03-01", 1000)], until="2025-05-31"), **wrong)
