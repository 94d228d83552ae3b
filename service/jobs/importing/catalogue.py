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
        lines: Stored lines in the file's order: item, title (perhaps missing), at (microseconds), has_money, unit_minor
            (0 if the line tells no price) and currency.
        services: The phrases that make an item a service.

    Returns:
        Columns item, title (None if never given), price_minor (nullable), currency of the price (None without a
        price), is_service, and first_at: the item's first line, microseconds UTC.
    """
    codes, names = pd.factorize(lines["item"])
    texts = pd.Series(np.asarray(names, dtype=object), dtype=object)
    in_time = np.argsort(lines["at"].to_numpy(), kind="stable")
    has_money = lines["has_money"].to_numpy(dtype=bool)[in_time]
    has_title = _is_given(lines["title"])[in_time]
    # The last one wins, so lines with money go last.
    titled = np.concatenate([in_time[has_title & ~has_money], in_time[has_title & has_money]])
    priced = in_time[lines["unit_minor"].to_numpy()[in_time] > 0]
    titles = _last_of_each(lines["title"], titled, codes, len(names))
    prices = _last_of_each(lines["unit_minor"], priced, codes, len(names))
    first_at = np.full(len(names), np.iinfo(np.int64).max)
    np.minimum.at(first_at, codes, lines["at"].to_numpy(dtype=np.int64))
    return pd.DataFrame(
        {
            "item": texts,
            "title": titles,
            "price_minor": prices.astype("Int64"),
            "currency": _last_of_each(lines["currency"], priced, codes, len(names)),
            "is_service": _are_services(texts, services) | _are_services(titles.fillna(""), services),
            "first_at": first_at,
        }
    )


def users(lines: pd.DataFrame) -> pd.DataFrame:
    """The distinct customers in order of first mention, each with the country of the latest line that gives one.

    Args:
        lines: Stored lines in the file's order: user and country (perhaps missing), at.

    Returns:
        Columns user and country (None if never given).
    """
    is_known = np.flatnonzero(_is_given(lines["user"]))
    codes = np.full(len(lines), -1, dtype=np.intp)
    codes[is_known], names = pd.factorize(lines["user"].iloc[is_known])
    in_time = is_known[np.argsort(lines["at"].to_numpy()[is_known], kind="stable")]
    placed = in_time[_is_given(lines["country"])[in_time]]
    return pd.DataFrame(
        {
            "user": pd.Series(np.asarray(names, dtype=object), dtype=object),
            "country": _last_of_each(lines["country"], placed, codes, len(names)),
        }
    )


def _is_given(texts: pd.Series) -> NDArray[np.bool_]:
    given: NDArray[np.bool_] = (texts.notna() & (texts != "")).to_numpy(dtype=bool)
    return given


def _last_of_each(values: pd.Series, rows: NDArray[np.intp], codes: NDArray[np.intp], n_names: int) -> pd.Series:
    """For each name the value in the last of these rows that has its code; None where there is none."""
    last = np.full(n_names, -1, dtype=np.intp)
    last[codes[rows]] = rows  # of several rows with one code numpy keeps the last
    found = np.full(n_names, None, dtype=object)
    found[last >= 0] = values.iloc[last[last >= 0]].to_numpy(dtype=object)
    return pd.Series(found, dtype=object)


def _are_services(texts: pd.Series, services: Sequence[Service]) -> NDArray[np.bool_]:
    plain = texts.str.lower().str.replace(r"[\W_]+", " ", regex=True).str.strip()
    pattern = "|".join(f"(?:{service.phrases})" for service in services)
    return plain.str.fullmatch(pattern).to_numpy(dtype=bool)
