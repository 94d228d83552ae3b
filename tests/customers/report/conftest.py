from collections.abc import Callable, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from customers.books.entries import ANONYMOUS, NO_ORDER, Books, ExpenseLines, SalesLines

Sale = tuple[str | None, str, int] | tuple[str | None, str, int, int]
Expense = tuple[str, str, int]


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def make_books(
    sales: Sequence[Sale], expenses: Sequence[Expense] = (), *, until: str, currency: str = "GBP", exponent: int = 2
) -> Books:
    """Books of (customer or None, day, revenue[, cost]) and (day, category, amount); lines belong to no order."""
    names = sorted({row[0] for row in sales if row[0] is not None})
    rows = {name: row for row, name in enumerate(names)}
    costs = [row[3] if len(row) == 4 else None for row in sales]
    return Books(
        SalesLines(
            np.array([ANONYMOUS if row[0] is None else rows[row[0]] for row in sales], dtype=np.int64),
            np.array([day(row[1]) for row in sales], dtype=np.int64),
            np.array([row[2] for row in sales], dtype=np.int64),
            np.array([cost or 0 for cost in costs], dtype=np.int64),
            np.array([cost is not None for cost in costs], dtype=np.bool_),
            np.full(len(sales), NO_ORDER, dtype=np.int64),
        ),
        ExpenseLines(
            np.array([day(row[0]) for row in expenses], dtype=np.int64),
            np.array([row[1] for row in expenses], dtype=np.object_),
            np.array([row[2] for row in expenses], dtype=np.int64),
        ),
        np.array(names, dtype=np.object_),
        currency,
        exponent,
        day(until),
    )


@pytest.fixture(scope="session")
def books_of() -> Callable[..., Books]:
    return make_books


@pytest.fixture(scope="session")
def online_retail(data_folder) -> Books:
    """The whole Online Retail file: sales, refunds, and what nobody known bought."""
    columns = ["InvoiceNo", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"]
    lines = pd.read_csv(
        data_folder / "online-retail" / "online_retail.csv.gz",
        usecols=columns,
        dtype={"InvoiceNo": str, "CustomerID": str},
    )
    # Prices have up to three decimals; a line is rounded to pennies once.
    quantity = lines["Quantity"].to_numpy()
    mills = np.rint(lines["UnitPrice"].to_numpy() * 1000).astype(np.int64)
    revenue = np.rint(quantity * mills / 10).astype(np.int64)
    customer, names = pd.factorize(lines["CustomerID"], sort=True)
    sales = SalesLines(
        customer.astype(np.int64),
        pd.to_datetime(lines["InvoiceDate"]).to_numpy().astype("datetime64[D]").astype(np.int64),
        revenue,
        np.zeros(len(lines), dtype=np.int64),
        np.zeros(len(lines), dtype=np.bool_),
        pd.factorize(lines["InvoiceNo"])[0].astype(np.int64),
    )
    nothing = np.empty(0, dtype=np.int64)
    return Books(
        sales.of((revenue != 0) | (quantity > 0)),
        ExpenseLines(nothing, np.empty(0, dtype=np.object_), nothing),
        np.asarray(names, dtype=np.object_),
        "GBP",
        2,
        day("2011-12-09"),
    )


@pytest.fixture(scope="session")
def stall_books() -> Books:
    """A food stall's year: 60 customers with costs, expenses, a refund and sales to nobody known, in rupiah."""
    rng = np.random.default_rng(5)
    sales: list[Sale] = []
    for customer in range(60):
        at, gap = int(rng.integers(0, 200)), float(rng.gamma(3.0, 5.0))
        while at < 365:
            price = int(rng.integers(10, 60)) * 100_000
            ordered_on = (date(2025, 1, 1) + timedelta(days=at)).isoformat()
            sales.append((f"C{customer:02d}", ordered_on, price, price * 6 // 10))
            at += 1 + int(rng.exponential(gap))
    sales += [(None, f"2025-{month:02d}-15", 2_500_000, 1_500_000) for month in range(1, 13)]
    sales.append(("C00", "2025-12-20", -1_000_000, -600_000))
    expenses: list[Expense] = [(f"2025-{month:02d}-01", "Sewa", 30_000_000) for month in range(1, 13)]
    expenses += [(f"2025-{month:02d}-10", "Iklan", 1_000_000 * month) for month in range(1, 13)]
    return make_books(sales, expenses, until="2025-12-31", currency="IDR")
