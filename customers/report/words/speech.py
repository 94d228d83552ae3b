"""A language's sentences together with its way of writing figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from customers.report.figures import Figures, Language
from customers.report.words.english import ENGLISH
from customers.report.words.indonesian import INDONESIAN

WORDS: Mapping[Language, Mapping[str, str]] = {"en": ENGLISH, "id": INDONESIAN}


@dataclass(frozen=True, slots=True)
class Speech:
    """Says things about one shop in one language."""

    figures: Figures

    def say(self, key: str, **values: object) -> str:
        """The sentence of that key, with the values in their places."""
        return WORDS[self.figures.language][key].format(**values)

    def counted(self, noun: str, n: int) -> str:
        """A number with its noun: ``1 customer``, ``4,322 customers``."""
        return self.say(f"{noun}.one" if n == 1 else f"{noun}.many", n=self.figures.number(n))

    def window(self, first: str | None, last: str | None) -> str:
        """From one day to another, both included."""
        return self.say("window", first=self.figures.date(first), last=self.figures.date(last))

    def between(self, interval: list[int]) -> str:
        """An interval of money, which is estimated."""
        return self.say("between", low=self.figures.about(interval[0]), high=self.figures.about(interval[1]))

    def month_axis(self, months: list[str]) -> list[str]:
        """Months as an axis names them."""
        return [self.figures.short_month(month, is_first=at == 0) for at, month in enumerate(months)]


def speech(document: dict[str, Any], language: str) -> Speech:
    """What speaks of the document's shop.

    Raises:
        ValueError: If there are no words in that language.
    """
    for known in WORDS:
        if known == language:
            return Speech(Figures(known, document["currency"], document["currency_exponent"]))
    raise ValueError(f"language must be one of {', '.join(WORDS)}, got {language!r}")
