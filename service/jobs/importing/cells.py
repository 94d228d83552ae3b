"""Columns as their distinct values and which of them each row holds.

Cells repeat: a date on every line of its receipt, a price on every sale of its item. So what a column says is kept,
cleaned and understood once per distinct text and then spread over the rows, which costs a number of four bytes each.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """A column of texts; a missing one is empty."""

    codes: NDArray[np.int32]
    """Place in ``distinct`` of each row's text, shape ``(n_rows,)``."""
    distinct: NDArray[np.object_]
    """Texts; some may be on no row. All different, save in the cells of a workbook (the text 5 and the number 5)."""

    @classmethod
    def everywhere(cls, text: str, n_rows: int) -> "Texts":
        """One text on every row."""
        return cls(np.zeros(n_rows, dtype=np.int32), np.array([text], dtype=object))

    @classmethod
    def of(cls, codes: NDArray[Any], values: NDArray[np.object_]) -> "Texts":
        """The column whose rows hold the values at these places; equal values become one."""
        places, distinct = pd.factorize(values)
        return cls(places.astype(np.int32)[codes], np.asarray(distinct, dtype=object))

    @property
    def is_empty(self) -> NDArray[np.bool_]:
        """Whether each row has no text."""
        return self.spread(np.asarray(self.distinct == "", dtype=bool))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Letters of each row's text."""
        return self.spread(np.fromiter(map(len, self.distinct), dtype=np.int64, count=len(self.distinct)))

    def spread(self, values: NDArray[Any]) -> NDArray[Any]:
        """For each row the value that belongs to its text, ``values`` having one per distinct text."""
        spread: NDArray[Any] = values[self.codes]
        return spread

    def rows(self) -> NDArray[np.object_]:
        """The text of each row."""
        return self.spread(self.distinct)

    def take(self, rows: NDArray[Any]) -> "Texts":
        """The column with these rows alone, in this order; rows as places or as a mask."""
        return Texts(self.codes[rows], self.distinct)

    def mapped(self, meaning: Callable[[pd.Series], pd.Series]) -> "Texts":
        """The column with every distinct text replaced by what ``meaning`` makes of it."""
        return Texts.of(self.codes, meaning(pd.Series(self.distinct, dtype=object)).to_numpy(dtype=object))

    def filled(self, other: "Texts") -> "Texts":
        """The column with the other one's text where there is none."""
        is_empty = self.is_empty
        if not is_empty.any():
            return self
        codes = np.where(is_empty, other.codes + len(self.distinct), self.codes)
        return Texts.of(codes, np.concatenate([self.distinct, other.distinct]))

    def series(self) -> pd.Series:
        """The column as a categorical series without unused categories; missing where empty."""
        used = np.flatnonzero(np.bincount(self.codes, minlength=len(self.distinct)))
        used = used[self.distinct[used] != ""]
        place = np.full(len(self.distinct), -1, dtype=np.int32)
        place[used] = np.arange(len(used), dtype=np.int32)
        categories = pd.Index(self.distinct[used], dtype="str")
        return pd.Series(pd.Categorical.from_codes(place[self.codes], categories=categories, validate=False))


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A column of a file."""

    texts: Texts
    """Without surrounding blanks. Numbers are plain decimals with a dot, dates and times ISO 8601."""
    is_number: NDArray[np.bool_]
    """For each distinct text, whether the file holds a number there and not a text, shape ``(n_distinct,)``."""

    @classmethod
    def of_values(cls, values: Iterable[Any]) -> "Cells":
        """The column of these Python values: None, text, bool, int, float, Decimal, date, time or datetime.

        A loop over the rows, as they arrive as Python objects; only telling them apart is done for each.
        """
        known: dict[tuple[type, Any], int] = {}
        codes = np.fromiter((known.setdefault((type(value), value), len(known)) for value in values), dtype=np.int32)
        texts = np.array([_cell_text(value) for _, value in known], dtype=object)
        return cls(Texts(codes, texts), np.array([kind in (int, float, Decimal) for kind, _ in known], dtype=bool))

    @classmethod
    def of_texts(cls, texts: Texts) -> "Cells":
        """The column of these texts, none of which the file knows to be a number."""
        return cls(texts, np.zeros(len(texts.distinct), dtype=bool))

    def take(self, rows: NDArray[Any]) -> "Cells":
        """The column with these rows alone, in this order, and no text of any other; rows as places or as a mask."""
        codes = self.texts.codes[rows]
        used = np.flatnonzero(np.bincount(codes, minlength=len(self.texts.distinct)))
        place = np.zeros(len(self.texts.distinct), dtype=np.int32)
        place[used] = np.arange(len(used), dtype=np.int32)
        return Cells(Texts(place[codes], self.texts.distinct[used]), self.is_number[used])


def _cell_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value.strip()
        case bool():
            return "true" if value else "false"
        case float():
            return format(Decimal(repr(value)).normalize(), "f") if math.isfinite(value) else ""
        case Decimal():
            return format(value, "f") if value.is_finite() else ""
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return str(value)
