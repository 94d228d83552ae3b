import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bookkeeping import Sale, books_of
from hypothesis import given
from hypothesis import strategies as st

from customers.books.accounts import Period, customer_totals, profit_and_loss
from customers.books.entries import ANONYMOUS, NO_ORDER, Books, ExpenseLines, SalesLines
from customers.books.netting import net_sales


def day(text: str) -> int:
    return int(np.datetime64(text, "D").astype(np.int64))


def test_each_line_counts_in_the_month_of_its_own_day_and_months_without_lines_are_zeros() -> None:
    books = books_of(
        (0, day("2024-01-31"), 1000, 400, 1),
        (0, day("2024-03-01"), -200, -80, 1),
        (ANONYMOUS, day("2024-03-02"), 500, 100, NO_ORDER),
        until_day=day("2024-04-02"),
        expenses=((day("2024-01-05"), "Sewa toko", 300), (day("2024-03-09"), "iklan TikTok", 150)),
    )

    found = profit_and_loss(books, period="month", margin_rate=None)

    assert found.first_days.tolist() == [day(f"2024-0{month}-01") for month in (1, 2, 3, 4)]
    assert found.sales_minor.tolist() == [1000, 0, 500, 0]
    assert found.refunds_minor.tolist() == [0, 0, 200, 0]
    assert found.revenue_minor.tolist() == [1000, 0, 300, 0]
    assert found.margin_minor.tolist() == [600, 0, -120 + 400, 0]
    assert found.other_expenses_minor.tolist() == [300, 0, 0, 0]
    assert found.advertising_minor.tolist() == [0, 0, 150, 0]
    assert found.profit_minor.tolist() == [600 - 300, 0, 280 - 150, 0]


def test_weeks_begin_on_mondays() -> None:
    sunday, monday = day("2024-03-03"), day("2024-03-04")
    books = books_of((0, sunday, 10, None, 1), (0, monday, 20, None, 2), until_day=monday)

    found = profit_and_loss(books, period="week", margin_rate=None)

    assert found.first_days.tolist() == [day("2024-02-26"), monday]
    assert found.sales_minor.tolist() == [10, 20]


def test_stock_is_a_cost_only_where_nothing_else_says_what_the_goods_cost() -> None:
    expenses = ((1, "stok kopi", 700), (2, "rent", 100))
    unknown, known = (0, 1, 1000, None, 1), (0, 1, 1000, 600, 1)

    def profit(line: Sale, rate: float | None) -> int:
        books = books_of(line, until_day=3, expenses=expenses)
        return int(profit_and_loss(books, period="month", margin_rate=rate).profit_minor.sum())

    assert profit(unknown, None) == 1000 - 700 - 100
    assert profit(known, None) == 400 - 100
    assert profit(unknown, 0.3) == 300 - 100


def test_books_without_an_entry_have_no_periods() -> None:
    found = profit_and_loss(books_of(until_day=5), period="week", margin_rate=None)

    assert found.first_days.size == found.profit_minor.size == 0


sale = st.tuples(
    st.integers(ANONYMOUS, 3), st.integers(0, 80), st.integers(-50, 90), st.none() | st.integers(0, 40), st.just(-1)
)


@given(lines=st.lists(sale, max_size=30), period=st.sampled_from(["week", "month"]), rate=st.none() | st.just(0.4))
def test_periods_and_customers_add_up_to_the_same_books(lines: list[Sale], period: Period, rate: float | None) -> None:
    books = books_of(*lines, until_day=90)
    by_period = profit_and_loss(books, period=period, margin_rate=rate)
    by_customer = customer_totals(books, margin_rate=rate)

    revenue = sum(line[2] for line in lines)
    assert by_period.revenue_minor.sum() == revenue
    assert by_customer.revenue_minor.sum() + by_customer.anonymous_revenue_minor == revenue
    assert by_period.margin_minor.sum() == by_customer.margin_minor.sum() + by_customer.anonymous_margin_minor


def online_retail(folder: Path) -> Books:
    """The file's lines with money; cancelled invoices begin with a C and have numbers of their own."""
    with gzip.open(folder / "online-retail" / "online_retail.csv.gz", "rt", encoding="utf-8") as file:
        lines = pd.read_csv(file, dtype={"InvoiceNo": "str", "CustomerID": "str"})
    minor = np.rint(lines["Quantity"].to_numpy() * np.rint(lines["UnitPrice"].to_numpy(dtype=float) * 1000) / 10)
    customers, names = pd.factorize(lines["CustomerID"])
    orders, _ = pd.factorize(lines["InvoiceNo"])
    days = pd.to_datetime(lines["InvoiceDate"]).to_numpy().astype("datetime64[D]").astype(np.int64)
    n, nothing = len(lines), np.empty(0, dtype=np.int64)
    return Books(
        SalesLines(
            customers.astype(np.int64),
            days,
            minor.astype(np.int64),
            np.zeros(n, dtype=np.int64),
            np.zeros(n, dtype=np.bool_),
            orders.astype(np.int64),
        ),
        ExpenseLines(nothing, nothing.astype(np.object_), nothing),
        np.array(names, dtype=np.object_),
        "GBP",
        2,
        int(days.max()),
    )


def test_online_retail_adds_up_to_the_penny(data_folder: Path) -> None:
    books = online_retail(data_folder)

    totals = customer_totals(books, margin_rate=None)
    by_month = profit_and_loss(books, period="month", margin_rate=None)
    netted = net_sales(books, margin_rate=None)

    # The sum of Quantity x UnitPrice over the whole file, as a spreadsheet gives it.
    assert totals.revenue_minor.sum() + totals.anonymous_revenue_minor == 974_774_793
    assert by_month.revenue_minor.sum() == 974_774_793
    assert netted.days.values_minor.sum() - netted.unmatched_refunds_minor == totals.revenue_minor.sum()


@pytest.mark.parametrize("period", ["week", "month"])
def test_one_line_on_the_books_last_day_is_one_period(period: Period) -> None:
    found = profit_and_loss(books_of((0, 7, 10, None, 1), until_day=7), period=period, margin_rate=None)

    assert found.sales_minor.tolist() == [10]
