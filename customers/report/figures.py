"""Numbers, money and dates in the manner of a language: ``£25,000.00`` in English, ``Rp 25.000`` in Indonesian."""

import math
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "id"]
LANGUAGES: tuple[Language, ...] = ("en", "id")

_SYMBOLS = {"GBP": "£", "USD": "$", "EUR": "€", "JPY": "¥", "IDR": "Rp", "MYR": "RM", "SGD": "S$", "AUD": "A$"}
_MONTHS: dict[Language, tuple[str, ...]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "id": ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"),
}
_SCALES: dict[Language, tuple[tuple[float, str], ...]] = {
    "en": ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")),
    "id": ((1e12, " T"), (1e9, " M"), (1e6, " jt"), (1e3, " rb")),
}
"""Short words for large numbers; the Indonesian M is a *miliar*, a thousand million."""

_UNWRITTEN_DECIMALS = frozenset({"IDR"})
"""Currencies whose minor unit nobody writes; it appears where it is not 0, because sums are exact."""

NOTHING = "–"
"""What is written for a figure that the books do not carry."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How one report writes its figures.

    Attributes:
        language: Decides separators and the names of months.
        currency: ISO 4217 code.
        exponent: Decimals of its minor unit.
    """

    language: Language
    currency: str
    exponent: int

    def number(self, value: float, *, decimals: int = 0) -> str:
        """A number with separators: ``1,234.5``, ``1.234,5``."""
        # Integers of any size are written exactly; as floats, large ones would not be.
        text = f"{abs(value):,d}" if isinstance(value, int) and not decimals else f"{abs(value):,.{decimals}f}"
        if self.language == "id":
            text = text.translate(str.maketrans(",.", ".,"))
        return f"−{text}" if value < 0 and any(digit in "123456789" for digit in text) else text

    def percent(self, share: float | None, *, decimals: int = 0) -> str:
        """A share as percent, with a no-break space: ``12 %``."""
        return NOTHING if share is None else f"{self.number(100 * share, decimals=decimals)}\N{NO-BREAK SPACE}%"

    def money(self, minor: int | None) -> str:
        """An exact amount: ``£25,000.00``, ``Rp 25.000``, ``CHF 25,000.00``."""
        if minor is None:
            return NOTHING
        whole, rest = divmod(abs(minor), 10**self.exponent)
        text = self.number(whole)
        if self.exponent and (rest or self.currency not in _UNWRITTEN_DECIMALS):
            text += f"{'.' if self.language == 'en' else ','}{rest:0{self.exponent}d}"
        return f"{'−' if minor < 0 else ''}{self._marked(text)}"

    def divided(self, minor: int | None) -> str:
        """An amount that came of dividing: in the smallest unit that people write, whole rupiah for one."""
        if minor is None or self.currency not in _UNWRITTEN_DECIMALS:
            return self.money(minor)
        whole = 10**self.exponent
        return self.money(round(minor / whole) * whole)

    def about(self, minor: float | None) -> str:
        """An amount that is estimated, to three digits: ``£331,000``, and not to the penny, which nobody knows."""
        if minor is None:
            return NOTHING
        whole = 10**self.exponent
        digits = 2 - math.floor(math.log10(abs(minor))) if abs(minor) >= 1 else 0
        rounded = round(minor, digits)
        if abs(rounded) < 100 * whole:
            return self.money(round(rounded))
        return f"{'−' if minor < 0 else ''}{self._marked(self.number(abs(rounded) / whole))}"

    def short_money(self, minor: float) -> str:
        """An amount in few characters, for axes: ``£1.2M``, ``Rp 1,2 jt``."""
        value = minor / 10**self.exponent
        for scale, word in _SCALES[self.language]:
            if abs(value) >= scale:
                text = self.number(abs(value) / scale, decimals=_decimals(abs(value) / scale)) + word
                break
        else:
            text = self.number(abs(value), decimals=_decimals(abs(value)))
        return f"{'−' if value < 0 else ''}{self._marked(text)}"

    def date(self, text: str | None) -> str:
        """A day that is given as ISO 8601 text: ``9 Dec 2011``, ``9 Des 2011``."""
        if text is None:
            return NOTHING
        year, month, day = text.split("-")
        return f"{int(day)} {_MONTHS[self.language][int(month) - 1]} {year}"

    def short_month(self, text: str, *, is_first: bool) -> str:
        """A month for an axis: the year stands below where it begins."""
        name, year = self.month(text).split(" ")
        return f"{name}\n{year}" if is_first or text.endswith("-01") else name

    def month(self, text: str) -> str:
        """A month that is given as ISO 8601 text: ``Dec 2011``."""
        year, month = text.split("-")
        return f"{_MONTHS[self.language][int(month) - 1]} {year}"

    def _marked(self, text: str) -> str:
        symbol = _SYMBOLS.get(self.currency, self.currency)
        # A no-break space: an amount is one word.
        return f"{symbol}\N{NO-BREAK SPACE}{text}" if symbol.isalpha() else f"{symbol}{text}"


def _decimals(value: float) -> int:
    """1 where a digit after the point tells something, else 0."""
    return int(value < 10 and not math.isclose(value, round(value), abs_tol=0.05))
