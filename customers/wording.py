"""The languages that customers' figures are put into, and the turns of phrase that several of them share."""

import math
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from customers.books.entries import Value

Language = Literal["en", "id"]
Words = Mapping[Language, str]

_SMALL_SHARE = 0.2
"""Below it tenths are too coarse: 4 % is 1 in 25, not none in 10."""


def words(*, en: str, id: str) -> Words:  # noqa: A002 - the language's own code
    """One text in every language."""
    return MappingProxyType({"en": en, "id": id})


VALUE_WORDS: Mapping[Value, Words] = MappingProxyType(
    {
        "margin": words(en="margin", id="margin"),
        "estimated_margin": words(en="estimated margin", id="perkiraan margin"),
        "part_margin": words(
            en="margin (revenue where costs are unknown)", id="margin (omzet bila modal tidak diketahui)"
        ),
        "revenue": words(en="revenue", id="omzet"),
    }
)
"""What customer value is called, so that revenue is never called margin."""

_OF = words(en="about {some} in {all}", id="sekitar {some} dari {all}")
_NEARLY = words(en="nearly {some} in {all}", id="hampir {some} dari {all}")
_NONE = words(en="none of {all}", id="tidak satu pun dari {all}")
_ALL = words(en="all of {all}", id="semua dari {all}")


def frequency_in_words(n_some: int, n_all: int, *, language: Language) -> str:
    """A share as people count, for example "about 1 in 5": rounded to tenths, small ones to 1 in so many.

    A share that rounds to all or to nothing is never called so unless it is, and one below 1 in 5 is never called
    1 in 5, but nearly so: there the words change from tenths to 1 in so many, and segments are told apart.

    Raises:
        ValueError: If ``n_some`` is not between 0 and ``n_all``, or ``n_all`` is 0.
    """
    if not 0 <= n_some <= n_all or n_all == 0:
        raise ValueError(f"n_some must be from 0 to n_all, and n_all above 0, got {n_some} of {n_all}")
    if n_some in (0, n_all):
        return (_ALL if n_some else _NONE)[language].format(all=n_all)
    share = n_some / n_all
    if share < _SMALL_SHARE:
        all_per_one = round(n_all / n_some)
        return (_NEARLY if all_per_one * _SMALL_SHARE <= 1 else _OF)[language].format(some=1, all=all_per_one)
    tenths = Fraction(min(9, math.floor(10 * share + 0.5)), 10)
    return _OF[language].format(some=tenths.numerator, all=tenths.denominator)
