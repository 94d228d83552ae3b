"""The distinct items and customers that sales speak of, and which items are services.

- An item's title is the one on its latest line with money; stock notes ("damaged", "lost in space") are written into
  the same column on lines without any. Only an item never sold for money takes its latest title from those.
- Its price is the unit price of its latest sale, in that sale's currency; a refund tells no price.
- Services are money, not goods: they count in totals and are never shown. An item is one if its code or its title is,
  as a whole, one of the phrases of ``SERVICES``; "POSTAGE" is, "VINTAGE POST OFFICE SIGN" is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Service:
    """Phrases, in English and Indonesian, that name one sort of service."""

    reason: str
    phrases: str
    """A regular expression that a whole code or title must match, in lower case, words separated by one blank."""


SERVICES = (
    Service(
        "carrying goods to the customer",
        r"post|postage and packing"
        r"|carriage|(?:\w+ ){0,2}(?:postage|freight|shipping|delivery)(?: (?:fee|cost|charge|insurance)s?)?"
        r"|packing|packaging|ongkir|ongkos(?: kirim)?|pengiriman|kirim|asuransi(?: \w+)?",
    ),
    Service(
        "a fee of the bank, the market place or the shop, or a tax",
        r"(?:\w+ ){0,2}(?:fees?|charges?|commissions?)|(?:biaya|komisi)(?: \w+){0,2}"
        r"|vat|sales tax|ppn|pajak(?: \w+)?|tips?",
    ),
    Service(
        "a reduction or rounding of the bill",
        r"(?:\w+ )?discounts?|(?:diskon|potongan|cashback)(?: \w+)?|rounding|pembulatan",
    ),
    Service(
        "a correction in the books",
        r"manual(?: (?:entry|adjustment|correction))?|(?:\w+ )?adjustments?|(?:adjust |write off )?bad debts?"
        r"|koreksi(?: \w+)?|penyesuaian(?: \w+)?",
    ),
    Service(
        "money in another form",
        r"(?:\w+ )?gift vouchers?(?: \d[\d ]*)?|gift cards?(?: \d[\d ]*)?|store credit|vouchers?|voucher belanja",
    ),
    Service("given away, not sold", r"samples?|sampel|contoh|donations?|donasi|sumbangan"),
)
"""What is no good on a shelf, each sort with its reason."""


def items(lines: pd.DataFrame, *, services: Sequence[Service] = SERVICES) -> pd.DataFrame:
    """The distinct items, in order of first mention.

    Args:
        lines: Stored lines in the file's order: item, title (empty if none), at (microseconds), has_money, unit_minor
            (0 if the line tells no price) and currency.
        services: The phrases that make an item a service.

    Returns:
        Columns item, title (None if never given), price_minor (nullable), currency of the price (None without a
        price), is_service, and first_at: the item's first line, microseconds UTC.
    """
    names = pd.Index(lines["item"].unique())
    titled = lines[lines["title"] != ""].sort_values(["has_money", "at"], kind="stable")
    titles = titled.drop_duplicates("item", keep="last").set_index("item")["title"].reindex(names)
    priced = lines[lines["unit_minor"] > 0].sort_values("at", kind="stable")
    priced = priced.drop_duplicates("item", keep="last").set_index("item")[["unit_minor", "currency"]]
    prices = priced.astype({"unit_minor": "Int64"}).reindex(names)
    is_service = _are_services(names.to_series(), services) | _are_services(titles.fillna(""), services)
    return pd.DataFrame(
        {
            "item": pd.Series(names, dtype=object),
            "title": _none_for_missing(titles),
            "price_minor": prices["unit_minor"].array,
            "currency": _none_for_missing(prices["currency"]),
            "is_service": is_service,
            "first_at": lines.groupby("item", sort=False)["at"].min().reindex(names).to_numpy(dtype=np.int64),
        }
    )


def users(lines: pd.DataFrame) -> pd.DataFrame:
    """The distinct customers in order of first mention, each with the country of the latest line that gives one.

    Args:
        lines: Stored lines in the file's order: user (empty if none), country (empty if none), at.

    Returns:
        Columns user and country (None if never given).
    """
    known = lines[lines["user"] != ""]
    names = pd.Index(known["user"].unique())
    placed = known[known["country"] != ""].sort_values("at", kind="stable")
    countries = placed.drop_duplicates("user", keep="last").set_index("user")["country"].reindex(names)
    return pd.DataFrame({"user": pd.Series(names, dtype=object), "country": _none_for_missing(countries)})


def _are_services(texts: pd.Series, services: Sequence[Service]) -> NDArray[np.bool_]:
    plain = texts.str.lower().str.replace(r"[\W_]+", " ", regex=True).str.strip()
    pattern = "|".join(f"(?:{service.phrases})" for service in services)
    return plain.str.fullmatch(pattern).to_numpy(dtype=bool)


def _none_for_missing(texts: pd.Series) -> pd.Series:
    values: NDArray[np.object_] = texts.to_numpy(dtype=object, copy=True)
    values[texts.isna().to_numpy()] = None
    return pd.Series(values, dtype=object)
