"""A shop's books as ``customers`` wants them: out of a sheet that nobody has to import first, or out of the log."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from customers.books.entries import ANONYMOUS, Books, ExpenseLines, SalesLines
from service.jobs.importing.cells import Texts
from service.jobs.importing.orders import SoldLines
from service.jobs.importing.reading import Sheet
from service.jobs.importing.sheets import read_orders, read_sheet
from service.log.database import Reader
from service.log.frames import latest_instant, shop_days
from service.log.sales import known_users, logged_expenses, logged_sales
from service.money import currency_exponent

_FAR = 10**6
"""A day that no file reaches."""


class BooksEmpty(Exception):
    """There is no sale to look at; the message says where none is and why."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenedBooks:
    """Books, and what is not in them.

    Attributes:
        books: In one currency; of customers only those with a line.
        user_ids: The log's own id of each customer, shape ``(n_customers,)``; None of books out of a file.
        other_currencies: Lines of sales and expenses left out, by currency; they are never added up.
        refused: Rows of the files that could not be read, by reason.
        notes: What had to be assumed, a sentence each.
    """

    books: Books
    user_ids: NDArray[np.int64] | None
    other_currencies: Mapping[str, int]
    refused: Mapping[str, int]
    notes: tuple[str, ...]


def books_of_file(
    file: Path,
    *,
    expenses_file: Path | None = None,
    mapping: Mapping[str, str],
    currency: str,
    timezone: str,
    now: int,
    until_day: int | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
) -> OpenedBooks:
    """The books in a sheet of sales, and perhaps one of expenses; no log is touched.

    A file of nothing but customers and dates will do: its orders are worth nothing. Where the files name several
    currencies, the books are in the one of most lines of sale.

    Args:
        file: Sales, one row per line of an order, by any headings that the importer knows; or exported events.
        expenses_file: Expenses, likewise.
        mapping: Heading of the sales by field, for columns that the owner names; see ``read_sheet``.
        currency: ISO 4217 code of amounts in a file that names none.
        timezone: IANA zone of the shop's days.
        now: Microseconds UTC; rows dated more than a day later are refused.
        until_day: Last day of the books, days since 1970-01-01; the day of the last sale where not given.
        on_progress: Told what begins, in a few words.

    Raises:
        ImportRefused: If a file can't be read at all, or an argument makes no sense.
        BooksEmpty: If no sale is in the file by then.
    """
    sold = read_orders(file, mapping=mapping, currency=currency, timezone=timezone, now=now, on_progress=on_progress)
    spent = None
    if expenses_file is not None:
        spent = read_sheet(
            expenses_file,
            kind="expenses",
            mapping={},
            currency=currency,
            timezone=timezone,
            now=now,
            on_progress=on_progress,
        )
    return _opened(sold, spent, file=file, currency=currency, timezone=timezone, until_day=until_day)


def _opened(
    sold: SoldLines, spent: Sheet | None, *, file: Path, currency: str, timezone: str, until_day: int | None
) -> OpenedBooks:
    own = _commonest(sold.currencies, default=currency)
    days = shop_days(sold.at, timezone=timezone)
    is_own = sold.currencies.spread(np.isin(sold.currencies.distinct, (own, "")))
    # A refund of nothing says only that the stock has changed.
    is_kept = is_own & ~(sold.is_refund & (sold.amounts_minor == 0))
    is_kept &= days <= (_FAR if until_day is None else until_day)
    if not is_kept.any():
        raise BooksEmpty(_why_empty(sold, file=file, until_day=until_day))
    expenses, other_expenses = _expenses(spent, currency=own, timezone=timezone)
    # Rent that is written down ahead must not make every customer look silent: the books end with the sales.
    last = int(days[is_kept].max()) if until_day is None else until_day
    customer_ids, names = _customers(sold.users.take(is_kept))
    books = Books(
        sales=_sales(sold, np.flatnonzero(is_kept), customer_ids, days=days),
        expenses=_expenses_until(expenses, last),
        customer_names=names,
        currency=own,
        currency_exponent=currency_exponent(own),
        until_day=last,
    )
    refused = Counter(sold.refused)
    notes = sold.reading.notes
    if spent is not None:
        refused.update(spent.refused["reason"].tolist())
        notes += spent.reading.notes
        if until_day is None:
            notes += _notes_on_later(expenses, last_day=last)
    other_lines = Counter(sold.currencies.take(~is_own).rows().tolist())
    return OpenedBooks(books, None, dict(other_lines + other_expenses), dict(refused), notes)


def books_of_log(reader: Reader, *, currency: str, timezone: str, until: int) -> OpenedBooks:
    """The books that the log keeps. Customers are its users; what visitors bought counts in totals alone.

    Args:
        reader: The log.
        currency: ISO 4217 code of the books; lines in others are counted and left out.
        timezone: IANA zone of the shop's days.
        until: Microseconds UTC; what happened from then on is left out. The books end on the day of the last thing that
            the log knows of before it, for who imports sheets has not sold nothing since the last of them.

    Raises:
        BooksEmpty: If the log holds no sale in that currency by then.
    """
    sales = logged_sales(reader, currency=currency, timezone=timezone, until=until)
    if not sales.user_ids.size:
        others = ", ".join(f"{count:,} in {code}" for code, count in sales.other_currencies.items())
        raise BooksEmpty(
            f"the log holds no sale in {currency}"
            + (f", but {others}: set KEMBANG_CURRENCY to look at those" if others else ": import a sales sheet first")
        )
    expenses = logged_expenses(reader, currency=currency, timezone=timezone, until=until)
    spent = ExpenseLines(expenses.days, expenses.categories, expenses.amounts_minor)
    known_until = min(until, (latest_instant(reader) or 0) + 1)
    until_day = int(shop_days(np.array([known_until - 1]), timezone=timezone)[0])
    known = known_users(reader, among=np.unique(sales.user_ids))
    places = np.searchsorted(known.user_ids, sales.user_ids)
    is_known = np.append(known.user_ids, ANONYMOUS - 1)[places] == sales.user_ids
    books = Books(
        sales=SalesLines(
            customer_ids=np.where(is_known, places, ANONYMOUS),
            days=sales.days,
            revenue_minor=sales.revenue_minor,
            cost_minor=sales.cost_minor,
            has_cost=sales.has_cost,
            orders=sales.orders,
        ),
        expenses=spent.of(expenses.days <= until_day),
        customer_names=known.names,
        currency=currency,
        currency_exponent=currency_exponent(currency),
        until_day=until_day,
    )
    others_left = Counter(sales.other_currencies) + Counter(expenses.other_currencies)
    notes = _notes_on_later(spent, last_day=until_day)
    return OpenedBooks(books, known.user_ids, dict(others_left), {}, notes)


def _commonest(currencies: Texts, *, default: str) -> str:
    """The currency of most lines; the default where none says one."""
    counts = np.bincount(currencies.codes, minlength=len(currencies.distinct))
    counts = np.where(currencies.distinct == "", 0, counts)
    return str(currencies.distinct[int(counts.argmax())]) if counts.any() else default


def _customers(users: Texts) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """The customer of each line as a row of the names, and the names."""
    codes, places = np.unique(users.codes, return_inverse=True)
    is_named = users.distinct[codes] != ""
    row_of = np.where(is_named, np.cumsum(is_named) - 1, ANONYMOUS)
    return row_of[places].astype(np.int64), users.distinct[codes[is_named]]


def _sales(
    sold: SoldLines, rows: NDArray[np.intp], customer_ids: NDArray[np.int64], *, days: NDArray[np.int64]
) -> SalesLines:
    sign = np.where(sold.is_refund[rows], -1, 1)
    has_cost = sold.has_cost[rows]
    orders = sold.orders.take(rows)
    return SalesLines(
        customer_ids=customer_ids,
        days=days[rows],
        revenue_minor=sign * sold.amounts_minor[rows],
        cost_minor=sign * np.where(has_cost, sold.costs_minor[rows] + sold.fees_minor[rows], 0),
        has_cost=has_cost,
        orders=np.where(orders.is_empty, -1, orders.codes).astype(np.int64),
    )


def _expenses(sheet: Sheet | None, *, currency: str, timezone: str) -> tuple[ExpenseLines, Counter[str]]:
    """The sheet's expenses in the currency of the books, and how many there are in others."""
    if sheet is None:
        return ExpenseLines(np.empty(0, np.int64), np.empty(0, object), np.empty(0, np.int64)), Counter()
    said = sheet.expenses
    is_own = (said["currency"] == currency).to_numpy(dtype=bool)
    own = said[is_own]
    lines = ExpenseLines(
        days=shop_days(own["at"].to_numpy(dtype=np.int64), timezone=timezone),
        categories=own["category"].to_numpy(dtype=object),
        amounts_minor=own["amount_minor"].to_numpy(dtype=np.int64),
    )
    return lines, Counter(said["currency"][~is_own].astype(str).tolist())


def _expenses_until(lines: ExpenseLines, day: int) -> ExpenseLines:
    known = lines.days <= day
    return ExpenseLines(lines.days[known], lines.categories[known], lines.amounts_minor[known])


def _notes_on_later(expenses: ExpenseLines, *, last_day: int) -> tuple[str, ...]:
    n_later = int(np.count_nonzero(expenses.days > last_day))
    if not n_later:
        return ()
    lines = "1 line of expenses is" if n_later == 1 else f"{n_later:,} lines of expenses are"
    day = np.datetime64(last_day, "D")
    return (f"{lines} dated after {day}, the last day of the sales, and left out: the books end there.",)


def _why_empty(sold: SoldLines, *, file: Path, until_day: int | None) -> str:
    n_refused = sum(sold.refused.values())
    if not sold.at.size:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in sold.refused.items())
        return f"{file.name} holds no sale that can be read; {n_refused:,} rows were refused: {reasons}"
    by_then = "" if until_day is None else f" up to {np.datetime64(until_day, 'D')}"
    return f"{file.name} holds no sale{by_then}, only refunds or later lines"
