"""What a shop's sheet or log says of its customers' orders, for campaigns: one customer however she is spelt."""

import unicodedata
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from customers.books.entries import ANONYMOUS, Value
from customers.books.netting import net_sales
from customers.orders import OrderDays, order_days
from service.clock import day_text
from service.jobs.bookkeeping import OpenedBooks, books_of_log
from service.log.database import Reader
from service.money import decimal_amount
from service.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Order days of customers in one currency.

    Attributes:
        names: The shop's own ids of customers, each once, shape ``(n_customers,)``.
        orders: Their order days; ``customer_ids`` are rows of ``names``.
        spellings: All names in the records, the other spellings of ``names`` too, shape ``(n_spellings,)``.
        spelt: Row of ``names`` that each spelling is of; letters' case and blanks aside they are the same.
        currency: Of the amounts.
        other_currencies: Lines left out because they are in another currency.
        anonymous: Lines of nobody known.
        last_day: The last day with any entry, days since 1970-01-01.
        has_money: Whether any line says what it was worth.
        value: What margins consist of.
    """

    names: NDArray[np.object_]
    orders: OrderDays
    spellings: NDArray[np.object_]
    spelt: NDArray[np.int64]
    currency: str
    other_currencies: int
    anonymous: int
    last_day: int
    has_money: bool
    value: Value

    @property
    def other_spellings(self) -> int:
        """Names that were another spelling of one that stayed."""
        return int(self.spellings.size - self.names.size)

    def without(self, is_left_out: NDArray[np.bool_]) -> "Records":
        """The records without the orders of these customers, one truth for each of ``names``."""
        return replace(self, orders=self.orders.of(~is_left_out[self.orders.customer_ids]))

    def to_entries(self) -> list[dict[str, Any]]:
        """The same as JSON, an entry per customer and day: what ``POST /v1/campaigns`` takes as ``orders``.

        Another spelling has an entry worth nothing on a day with an order, so that she is known by it there too.
        """
        days = self.orders
        first_day = dict(zip(days.customer_ids[::-1].tolist(), days.days[::-1].tolist(), strict=True))
        nothing = str(decimal_amount(0, self.currency))
        also_spelt = [
            {
                "user_id": str(spelling),
                "day": day_text(first_day[customer]),
                "amount": nothing,
                "currency": self.currency,
                "margin_minor": 0,
            }
            for spelling, customer in zip(self.spellings, self.spelt.tolist(), strict=True)
            if spelling != self.names[customer] and customer in first_day
        ]
        return also_spelt + [
            {
                "user_id": str(self.names[customer]),
                "day": day_text(day),
                "amount": str(decimal_amount(value, self.currency)),
                "currency": self.currency,
                "margin_minor": margin,
            }
            for customer, day, value, margin in zip(
                days.customer_ids.tolist(),
                days.days.tolist(),
                days.values_minor.tolist(),
                days.margins_minor.tolist(),
                strict=True,
            )
        ]


class NoOrders(Exception):
    """There is nothing to plan a campaign with, or to read one from."""


def folded(name: str) -> str:
    """What all spellings of a name share: the case of its letters and blanks say nothing."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def records_of_lines(
    names: NDArray[np.object_],
    lines: OrderDays,
    *,
    currency: str,
    value: Value,
    last_day: int,
    other_currencies: int = 0,
    anonymous: int = 0,
) -> Records:
    """The records that order days come to; of several spellings of a name, the one with most of them stays.

    Args:
        names: What customers are called.
        lines: Their order days; ``customer_ids`` are rows of ``names``, and a day may stand there more than once.
        currency: Of the amounts.
        value: What their margins consist of.
        last_day: The last day with any entry.
        other_currencies: Lines that were left out.
        anonymous: Lines of nobody known.

    Raises:
        NoOrders: If no line names a customer.
    """
    if not len(lines):
        raise NoOrders("no line names a customer: a campaign needs to know who ordered")
    people, row_of = _people(names, np.bincount(lines.customer_ids, minlength=names.size))
    return Records(
        names=people,
        orders=order_days(
            row_of[lines.customer_ids], lines.days, lines.values_minor, margins_minor=lines.margins_minor
        ),
        spellings=names,
        spelt=row_of,
        currency=currency,
        other_currencies=other_currencies,
        anonymous=anonymous,
        last_day=last_day,
        value=value,
        has_money=bool((lines.values_minor != 0).any()),
    )


def records_of_books(opened: OpenedBooks, *, margin_rate: float | None) -> Records:
    """The records in a shop's books, refunds netted as everywhere.

    Args:
        opened: Out of a file or the log.
        margin_rate: Of sales whose cost is not known, or None.

    Raises:
        NoOrders: If no line names a customer.
    """
    books = opened.books
    return records_of_lines(
        books.customer_names,
        net_sales(books, margin_rate=margin_rate).days,
        currency=books.currency,
        value=books.sales.value(margin_rate=margin_rate),
        last_day=int(books.sales.days.max()),
        other_currencies=sum(opened.other_currencies.values()),
        anonymous=int((books.sales.customer_ids == ANONYMOUS).sum()),
    )


def records_of_log(reader: Reader, settings: Settings, *, now: int) -> Records:
    """The records of all users in the log up to now; visitors can't be written to and are left out.

    Raises:
        BooksEmpty: If the log holds no sale in the shop's currency.
        NoOrders: If none of them names a user.
    """
    opened = books_of_log(reader, currency=settings.currency, timezone=settings.timezone, until=now + 1)
    return records_of_books(opened, margin_rate=settings.known_margin_rate)


def _people(names: NDArray[np.object_], counts: NDArray[np.int64]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """One name of each customer, and for each spelling which of them it is."""
    spellings = pd.DataFrame({"name": names, "lines": counts, "person": [folded(name) for name in names]})
    ranked = spellings.sort_values(["lines", "name"], ascending=[False, True])
    chosen = ranked.drop_duplicates("person").sort_values("name")
    row_of = pd.Series(np.arange(len(chosen)), index=chosen["person"])
    return chosen["name"].to_numpy(dtype=object), row_of.loc[spellings["person"]].to_numpy(dtype=np.int64)
