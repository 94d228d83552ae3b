"""Numbers as people write them, to exact decimals.

A number is digits, perhaps with a sign (before, after, or parentheses), thousands separators, a decimal mark and the
mark of the currency: ``2.55``, ``-1,234.50``, ``Rp 25.000``, ``1.234,56``, ``(12,50)``. Whether ``.`` or ``,`` is the
decimal mark is decided once, from all numbers of a file together:

- ``1.234,56``: the later mark is the decimal mark; ``1.234.567``: a mark that comes twice is a separator;
- ``2.5``, ``0.125``, ``1234.567``: a mark not followed by just three digits, or preceded by 0 or more than three,
  is decimal;
- most numbers decide; the others, if they make no sense then, are refused one by one;
- ``25rb``, ``1,5 jt`` (ribu, juta: thousand, million) in rupiah, with at most three digits before the mark and two
  after it: there the mark is always decimal;
- if every mark could be either, a comma separates thousands (``25,000``), and so does a dot in the currencies of
  countries that write decimals with a comma (``Rp 25.000``); elsewhere it is a decimal mark (``£1.005``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MAX_DECIMALS = 6
"""Decimals kept; more are the noise of a float (2.5500000000000003) and are rounded, half to even."""
_MAX_WHOLE_DIGITS = 12
_MAX_LENGTH = 64
_DOLLARS = ("USD", "AUD", "CAD", "HKD", "MXN", "NZD", "SGD", "TWD")
_COMMA_CURRENCIES = frozenset(
    {"IDR", "EUR", "VND", "TRY", "RUB", "UAH", "PLN", "CZK", "HUF", "RON", "BGN", "RSD", "DKK", "SEK", "NOK", "ISK"}
    | {"BRL", "ARS", "CLP", "COP", "UYU", "PYG", "BOB", "VES", "MAD", "DZD", "AOA", "MZN", "XAF", "XOF", "KZT"}
)
_SYMBOLS = {
    "BRL": r"R\$",
    "CHF": r"Fr\.?",
    "CNY": "¥",
    "EUR": "€",
    "GBP": "£",
    "IDR": r"Rp\.?",
    "INR": "₹",
    "JPY": "¥",
    "KRW": "₩",
    "MYR": "RM",
    "PHP": "₱",
    "THB": "฿",
    "TRY": "₺",
    "VND": "[₫đ]",
    **dict.fromkeys(_DOLLARS, r"(?:US|A|C|HK|NZ|S|NT)?\$"),
}

_SHORT = r"(?i)^(?P<before>[^\d.,]*)(?P<whole>\d{1,3})(?:[.,](?P<fraction>\d{1,2}))?\s*(?P<unit>rb|ribu|jt|juta)$"
_SHORT_ZEROS = {"rb": 3, "ribu": 3, "jt": 6, "juta": 6}


@dataclass(frozen=True, slots=True)
class Decimals:
    """Exact decimal numbers ``mantissa / 10**scale``, columnar; all shape ``(n,)``, trailing zeros taken off."""

    mantissas: NDArray[np.int64]
    """Zero where ``is_valid`` is False."""
    scales: NDArray[np.int64]
    """0 to ``MAX_DECIMALS``."""
    is_valid: NDArray[np.bool_]

    def take(self, rows: NDArray[Any]) -> "Decimals":
        """The numbers at these places, in this order."""
        return Decimals(self.mantissas[rows], self.scales[rows], self.is_valid[rows])

    def where(self, is_kept: NDArray[np.bool_], other: "Decimals") -> "Decimals":
        """The numbers, with the other ones' in the places that are not kept."""
        return Decimals(
            np.where(is_kept, self.mantissas, other.mantissas),
            np.where(is_kept, self.scales, other.scales),
            np.where(is_kept, self.is_valid, other.is_valid),
        )


def bare_numbers(texts: NDArray[np.object_], *, currencies: Sequence[str]) -> pd.Series:
    """Each text as sign, digits and marks alone (``-1.234,50``); empty where it is no number of these currencies."""
    marks = "|".join([*currencies, *(_SYMBOLS[currency] for currency in currencies if currency in _SYMBOLS)])
    written = pd.Series(texts, dtype=object)
    # A cell that swallowed half the file is no number, and must not cost the patterns minutes to say so.
    written = written.where(written.str.len() <= _MAX_LENGTH, "")
    if "IDR" in currencies:
        written = _written_out(written)
    parts = written.str.extract(
        rf"(?i)^(?P<opened>\(?)(?P<before>[-+−]?)\s*(?:{marks})?\s*(?P<between>[-+−]?)"
        r"(?P<body>[.,]?\d(?:[\d.,]|[\s'’](?=\d{3}(?!\d)))*?)(?:[.,][-–])?(?P<after>-?)"
        rf"\s*(?:{marks})?(?P<closed>\)?)$"
    )
    parts = parts.fillna("")
    signs = parts["before"] + parts["between"] + parts["after"] + parts["opened"]
    is_number = (signs.str.len() <= 1) & ((parts["opened"] == "(") == (parts["closed"] == ")"))
    negative = signs.isin(["-", "−", "("]) & is_number
    bare = parts["body"].str.replace(r"[\s'’]", "", regex=True)
    return bare.where(~negative, "-" + bare).where(is_number & (bare != ""), "")


def _written_out(texts: pd.Series) -> pd.Series:
    """The texts with Indonesian thousands and millions as plain digits: ``Rp 1,5jt`` is ``Rp 1500000``."""
    parts = texts.str.extract(_SHORT)
    is_short = parts["unit"].notna()
    if not is_short.any():
        return texts
    zeros = parts["unit"].str.lower().map(_SHORT_ZEROS).fillna(0).astype(np.int64)
    decimals_kept = parts["fraction"].fillna("")
    filled = decimals_kept + pd.Series(
        ["0" * n for n in zeros - decimals_kept.str.len()], index=texts.index, dtype=object
    )
    return texts.where(~is_short, parts["before"] + parts["whole"] + filled)


def decimal_mark(columns: Sequence[pd.Series], *, currency: str) -> tuple[str, bool]:
    """The decimal mark, ``.`` or ``,``, of a file whose bare numbers are these; and whether it had to be assumed.

    Args:
        columns: Bare numbers, one series per column of numbers.
        currency: The shop's, which decides what the file leaves open.
    """
    bare = pd.concat([column.str.lstrip("-") for column in columns], ignore_index=True)
    votes = {mark: int((_is_decimal(bare, mark) | _is_thousands(bare, other)).sum()) for mark, other in (".,", ",.")}
    if votes["."] != votes[","]:
        return max(votes, key=votes.__getitem__), False
    has_dot, has_comma = (bare.str.contains(mark, regex=False).any() for mark in ".,")
    is_comma = has_dot and not has_comma and currency in _COMMA_CURRENCIES
    return ("," if is_comma else "."), bool(has_dot or has_comma)


def _is_decimal(bare: pd.Series, mark: str) -> NDArray[np.bool_]:
    """Whether ``mark`` can only be a decimal mark in the number."""
    other = "," if mark == "." else "."
    is_last = bare.str.fullmatch(rf"[\d{other}]*[{other}]\d{{3}}[{mark}]\d*").to_numpy(dtype=bool)
    is_odd = bare.str.fullmatch(rf"(?:0|\d{{4,}})?[{mark}]\d*|\d+[{mark}](?:\d{{0,2}}|\d{{4,}})").to_numpy(dtype=bool)
    return is_last | is_odd


def _is_thousands(bare: pd.Series, mark: str) -> NDArray[np.bool_]:
    """Whether ``mark`` can only be a thousands separator in the number."""
    return bare.str.fullmatch(rf"\d{{1,3}}(?:[{mark}]\d{{2,3}})+[{mark}]\d{{3}}").to_numpy(dtype=bool)


def decimals(bare: pd.Series, *, mark: str) -> Decimals:
    """The exact value of each bare number, ``mark`` being the decimal mark and the other one a thousands separator.

    Not valid: an empty text, a separator out of place, more than 12 digits before the decimal mark.
    """
    other = "," if mark == "." else "."
    parts = bare.str.extract(
        rf"^(?P<sign>-?)(?P<whole>\d{{1,3}}(?:[{other}]\d{{2,3}})*[{other}]\d{{3}}|\d*)(?:[{mark}](?P<fraction>\d*))?$"
    ).fillna("")
    whole = parts["whole"].str.replace(other, "", regex=False).str.lstrip("0")
    fraction = parts["fraction"].str.rstrip("0")
    is_valid = ((parts["whole"] + parts["fraction"]) != "") & (whole.str.len() <= _MAX_WHOLE_DIGITS)
    kept = fraction.str.slice(stop=MAX_DECIMALS)
    scales = np.asarray(kept.str.len(), dtype=np.int64)
    mantissas: NDArray[np.int64] = (
        (whole + kept).where(is_valid, "0").replace("", "0").to_numpy(dtype=object).astype(np.int64)
    )
    # The digits cut off, compared as text: without trailing zeros "5" is one half, and what sorts after it is more.
    cut = fraction.str.slice(start=MAX_DECIMALS)
    mantissas += ((cut > "5") | ((cut == "5") & (mantissas % 2 == 1))).to_numpy(dtype=np.int64)
    mantissas[(parts["sign"] == "-").to_numpy(dtype=bool)] *= -1
    return _without_trailing_zeros(mantissas, scales, is_valid.to_numpy(dtype=bool))


def _without_trailing_zeros(
    mantissas: NDArray[np.int64], scales: NDArray[np.int64], is_valid: NDArray[np.bool_]
) -> Decimals:
    """One form per value, so that 2.50 and 2.5 are the same content; only rounding leaves zeros to take off."""
    mantissas = np.where(is_valid, mantissas, 0)
    scales = np.where(is_valid & (mantissas != 0), scales, 0)
    for _ in range(MAX_DECIMALS):
        is_long = (scales > 0) & (mantissas % 10 == 0)
        mantissas = np.where(is_long, mantissas // 10, mantissas)
        scales = np.where(is_long, scales - 1, scales)
    return Decimals(mantissas, scales, is_valid)
