"""What a shop's sheet or log says of its customers' orders, for campaigns: one customer however she is spelt."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from customers.orders import OrderDays, order_days
from service.clock import day_text
from service.jobs.importing.reading import ImportRefused, Sheet
from service.log.campaigns import user_names
from service.log.database import Reader
from service.log.frames import order_frame, shop_days
from service.money import decimal_amount
from service.settings import Settings

_MONEY_KINDS = ("purchase", "refund")


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Order days of customers in one currency.

    Attributes:
        names: The shop's own ids of customers, each once, shape ``(n_customers,)``.
        orders: Their order days; ``customer_ids`` are rows of ``names``.
        other_spellings: Names that were another spelling of one of them: letters' case and blanks aside the same.
        currency: Of the amounts.
        other_currencies: Lines left out because they are in another currency.
        anonymous: Lines of nobody known.
        last_day: The last day with any entry, days since 1970-01-01.
        has_money: Whether any line says what it was worth.
        margin_rate: Share of the value that was taken for margin.
    """

    names: NDArray[np.object_]
    orders: OrderDays
    other_spellings: int
    currency: str
    other_currencies: int
    anonymous: int
    last_day: int
    has_money: bool
    margin_rate: float

    def without(self, names: set[str]) -> "Records":
        """The records without the customers of these names."""
        gone = np.flatnonzero([name in names for name in self.names])
        kept = ~np.isin(self.orders.customer_ids, gone)
        days = self.orders
        orders = OrderDays(days.customer_ids[kept], days.days[kept], days.values_minor[kept], days.margins_minor[kept])
        return replace(self, orders=orders)

    def to_entries(self) -> list[dict[str, str]]:
        """The same as JSON, an entry per customer and day: what ``POST /v1/campaigns`` takes as ``orders``."""
        days = self.orders
        return [
            {
                "user_id": str(self.names[customer]),
                "day": day_text(day),
                "amount": str(decimal_amount(value, self.currency)),
                "currency": self.currency,
            }
            for customer, day, value in zip(
                days.customer_ids.tolist(), days.days.tolist(), days.values_minor.tolist(), strict=True
            )
        ]


class NoOrders(Exception):
    """There is nothing to plan a campaign with, or to read one from."""


def folded(name: str) -> str:
    """What all spellings of a name share: the case of its letters and blanks say nothing."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def records_of_lines(
    names: Sequence[str] | NDArray[np.object_],
    days: NDArray[np.int64],
    amounts_minor: NDArray[np.int64],
    currencies: Sequence[str] | NDArray[np.object_],
    *,
    settings: Settings,
) -> Records:
    """The records that order lines come to; of several spellings of a name, the one with most lines stays.

    Args:
        names: Customer of each line, empty for nobody known.
        days: Shop day of each line.
        amounts_minor: Minor units, refunds negative.
        currencies: Of each line; empty where it names no amount.
        settings: The shop's currency, in which amounts are read if any line is, and its margin.

    Raises:
        NoOrders: If no line names a customer.
    """
    said = pd.DataFrame({"name": names, "day": days, "minor": amounts_minor, "currency": currencies})
    last_day = int(said["day"].max()) if len(said) else 0
    is_anonymous = said["name"].to_numpy() == ""
    said = said.loc[~is_anonymous]
    if said.empty:
        raise NoOrders("no line names a customer: a campaign needs to know who ordered")
    counts = said["currency"].loc[said["currency"] != ""].value_counts()
    currency = settings.currency if settings.currency in counts.index or counts.empty else str(counts.index[0])
    is_counted = said["currency"].isin([currency, ""]).to_numpy()
    said = said.loc[is_counted]
    names, row_of_name = _people(said["name"])
    minor = said["minor"].to_numpy(dtype=np.int64)
    return Records(
        names=names,
        orders=order_days(
            row_of_name.loc[said["name"]].to_numpy(dtype=np.int64),
            said["day"].to_numpy(dtype=np.int64),
            minor,
            margins_minor=np.rint(minor * settings.margin_rate).astype(np.int64),
        ),
        other_spellings=len(row_of_name) - len(names),
        currency=currency,
        other_currencies=int((~is_counted).sum()),
        anonymous=int(is_anonymous.sum()),
        last_day=last_day,
        has_money=bool((minor != 0).any()),
        margin_rate=settings.margin_rate,
    )


def _people(spelt: "pd.Series[str]") -> tuple[NDArray[np.object_], "pd.Series[int]"]:
    """One name of each customer, and by each spelling which of them it is."""
    counts = spelt.value_counts()
    spellings = pd.DataFrame({"name": counts.index.astype(object), "lines": counts.to_numpy()})
    spellings["person"] = spellings["name"].map(folded)
    spellings = spellings.sort_values(["lines", "name"], ascending=[False, True])
    chosen = spellings.drop_duplicates("person").sort_values("name")
    row_of_person = pd.Series(np.arange(len(chosen)), index=chosen["person"])
    row_of_name = pd.Series(row_of_person.loc[spellings["person"]].to_numpy(), index=spellings["name"])
    return chosen["name"].to_numpy(dtype=object), row_of_name


def records_of_sheet(sheet: Sheet, *, settings: Settings) -> Records:
    """The records in a file of sales or events.

    Raises:
        ImportRefused: If the file holds something else.
        NoOrders: If no line names a customer.
    """
    if sheet.kind not in ("sales", "events"):
        raise ImportRefused(
            f"a campaign needs a sheet of sales, and this one holds {sheet.kind}: say --as sales if not"
        )
    lines = sheet.events
    lines = lines.loc[lines["kind"].isin(_MONEY_KINDS).to_numpy(dtype=bool)]
    if "visitor" in lines:
        lines = lines.loc[~lines["visitor"].to_numpy(dtype=bool)]
    if lines.empty:
        raise NoOrders("the sheet holds no sale that can be understood")
    minor = lines["amount_minor"].fillna(0).to_numpy(dtype=np.int64)
    signs = np.where(lines["kind"].to_numpy() == "refund", -1, 1)
    return records_of_lines(
        lines["user"].fillna("").astype(str).to_numpy(dtype=object),
        shop_days(lines["at"].to_numpy(dtype=np.int64), timezone=settings.timezone),
        signs * minor,
        lines["currency"].fillna("").astype(str).to_numpy(dtype=object),
        settings=settings,
    )


def records_of_log(reader: Reader, settings: Settings) -> Records:
    """The records of all users in the log; visitors can't be written to and are left out.

    Raises:
        NoOrders: If no user has ordered.
    """
    frame = order_frame(reader, timezone=settings.timezone)
    with reader.connect() as connection:
        name_of = pd.Series(user_names(connection), dtype=object)
    frame = frame.loc[frame["unit"].isin(name_of.index)]
    if frame.empty:
        raise NoOrders("the log holds no order of a known customer: import a sales sheet, or name one as FILE")
    return records_of_lines(
        name_of.loc[frame["unit"]].to_numpy(dtype=object),
        frame["day"].to_numpy(dtype=np.int64),
        frame["amount_minor"].to_numpy(dtype=np.int64),
        frame["currency"].astype(str).to_numpy(dtype=object),
        settings=settings,
    )
