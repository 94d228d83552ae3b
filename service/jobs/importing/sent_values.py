"""Values as the HTTP interface spells and limits them, in columns: what files of events and items are made of."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.jobs.importing.cells import Texts
from service.jobs.importing.dates import Instants
from service.jobs.importing.money import Amounts, products
from service.jobs.importing.numbers import Decimals, decimals

MAX_ID_LENGTH = 256
"""Letters of the id of a user, a visitor or an item."""
_LARGEST_AMOUNT = 10**12
_INSTANT = r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:[Zz]|[+-]\d{2}:\d{2})"
_PLAIN = r"\d+(?:\.\d+)?"


@dataclass(frozen=True, slots=True, eq=False)
class SentNumbers:
    """A column of floats; all shape ``(n_rows,)``."""

    floats: NDArray[np.float64]
    """NaN where ``is_valid`` is False or nothing is written."""
    is_valid: NDArray[np.bool_]
    """Whether it is a finite number, or nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class SentMoney:
    """A column of sums; all shape ``(n_rows,)``."""

    minor: NDArray[np.int64]
    """In minor units of the row's currency."""
    is_given: NDArray[np.bool_]
    is_valid: NDArray[np.bool_]
    """Whether it is a sum that the HTTP interface takes, or nothing."""


def are_ids(texts: Texts, *, longest: int = MAX_ID_LENGTH, is_person: bool = False) -> NDArray[np.bool_]:
    """Whether each text may be an id: 1 to ``longest`` printable characters; a person's without a slash."""
    facts = [
        0 < len(text) <= longest and text.isprintable() and not (is_person and "/" in text) for text in texts.distinct
    ]
    return texts.spread(np.array(facts, dtype=bool))


def sent_instants(texts: Texts) -> Instants:
    """The instants of RFC 3339 texts with an offset, of 1970 or later; not valid are all others."""
    distinct = pd.Series(texts.distinct, dtype="str")
    formed = distinct.where(distinct.str.fullmatch(_INSTANT).astype(bool))
    at = pd.to_datetime(formed, format="ISO8601", utc=True, errors="coerce").dt.as_unit("us")
    is_valid = at.notna().to_numpy(dtype=bool)
    micros = np.where(is_valid, at.to_numpy(dtype="datetime64[us]").astype(np.int64), 0)
    is_valid = is_valid & (micros >= 0)
    micros = np.where(is_valid, micros, 0)
    return Instants(texts.spread(micros), texts.spread(micros), texts.spread(is_valid))


def sent_decimals(texts: Texts) -> Decimals:
    """Plain decimals with a dot and without a sign; not valid are all other texts."""
    distinct = pd.Series(texts.distinct, dtype=object)
    plain = distinct.where(distinct.str.fullmatch(_PLAIN), "")
    return decimals(plain, mark=".").take(texts.codes)


def sent_amounts(values: Decimals, *, minor_digits: NDArray[np.int64]) -> Amounts:
    """Each amount in minor units; ``fits`` is False beyond the largest that the HTTP interface takes."""
    n_rows = len(values.scales)
    one = Decimals(np.ones(n_rows, np.int64), np.zeros(n_rows, np.int64), np.ones(n_rows, np.bool_))
    amounts = products(values, one, digits=minor_digits)
    is_sum = values.mantissas <= _LARGEST_AMOUNT * 10**values.scales
    return Amounts(amounts.minor, amounts.signs, amounts.fits & is_sum)


def sent_money(texts: Texts, *, minor_digits: NDArray[np.int64]) -> SentMoney:
    """The sums that the texts stand for, each in a currency of as many decimals."""
    values = sent_decimals(texts)
    amounts = sent_amounts(values, minor_digits=minor_digits)
    is_given = ~texts.is_empty
    return SentMoney(amounts.minor, is_given, (values.is_valid & amounts.fits) | ~is_given)


def sent_numbers(texts: Texts) -> SentNumbers:
    """The numbers that the texts stand for."""
    values = pd.to_numeric(pd.Series(texts.distinct, dtype=object), errors="coerce").to_numpy(dtype=np.float64)
    is_valid = np.isfinite(values) | (texts.distinct == "")
    values = np.where(np.isfinite(values), values, np.nan)
    return SentNumbers(texts.spread(values), texts.spread(np.asarray(is_valid, dtype=bool)))


def nullable(values: NDArray[Any], is_given: NDArray[np.bool_]) -> pd.Series:
    """Whole numbers, missing where not given."""
    return pd.Series(pd.arrays.IntegerArray(values.astype(np.int64), ~is_given))
