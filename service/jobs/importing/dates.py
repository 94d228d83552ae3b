"""Dates and times as people write them, to instants.

Read are ISO 8601 (``2011-12-01T08:26:00Z``), three numbers with ``/``, ``-`` or ``.`` between them, eight digits in a
row, and months by their English or Indonesian name; each with or without a time (24 hours or AM/PM) and an offset.

- The year is the group of four digits, first or last. A last group of two digits is 2000 to 2069 or 1970 to 1999.
- Whether day or month comes first is decided once, from the whole column: the group that somewhere exceeds 12 is the
  day, and if both do, the more frequent case wins and the other rows are refused. If neither does, the day comes first,
  save for US dollars sold in a time zone of the Americas; ``DateOrder.is_decided`` is then False.
- A time without an offset is the shop's: in its time zone. An hour that the clock shows twice is the first of the two,
  one that it skips is the first instant after the gap; a date without a time is its midnight.
- A number of five or six digits is a spreadsheet's serial date (days since 30 December 1899, the time as a fraction),
  where the cell of a workbook holds it as a number, or where the column holds no date in any other form.
- Years before 1970 or after 2199 are refused: they are slips.
"""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.jobs.importing.reading import ImportRefused

_DAY_MICROS = 86_400_000_000
_MAX_LENGTH = 64
_ENGLISH_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_INDONESIAN_MONTHS = {"peb": 2, "mei": 5, "agu": 8, "ags": 8, "agt": 8, "okt": 10, "nop": 11, "des": 12}
_MONTHS = {name: number for number, name in enumerate(_ENGLISH_MONTHS, start=1)} | _INDONESIAN_MONTHS
_SPLIT = r"(?i)^(?P<day>.*?)(?:(?:T|,?\s+)(?P<clock>\d{1,2}[:.]\d{2}.*))?$"
_CLOCK = (
    r"(?i)^(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<fraction>\d{1,6})\d*)?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?\s*(?P<offset>Z|UTC|GMT|[-+]\d{2}:?\d{2})?$"
)
_NUMERIC = r"^(?P<first>\d{4}|\d{1,2})(?P<mark>[-/.])(?P<middle>\d{1,2})(?P=mark)(?P<last>\d{4}|\d{1,2})$"
_DAY_MONTH_OR_MONTH_DAY = r"^(?P<first>\d{1,2})(?P<mark>[-/.])(?P<middle>\d{1,2})(?P=mark)\d{2}"
_DAY_FIRST_NAMED = (
    r"(?i)^(?:[^\W\d_]{3,},?\s+)?(?P<day>\d{1,2})(?:st|nd|rd|th)?[-\s/.]+(?P<name>[^\W\d_]{3,9})[.,]?[-\s/]+"
    r"(?P<year>\d{4}|\d{2})$"
)
_MONTH_FIRST_NAMED = r"(?i)^(?P<name>[^\W\d_]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})$"
_SERIAL = r"\d{5,6}(?:\.\d+)?"
_FIRST_SERIAL, _END_OF_SERIALS = 25_569, 109_575
"""The serial dates of 1970-01-01 and of 2200-01-01."""
_COMPACT = r"^(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})$"


@dataclass(frozen=True, slots=True)
class DateOrder:
    """Which comes first in a column of dates."""

    month_first: bool
    is_decided: bool
    """False where nothing in the column told, and the shop's currency and time zone had to."""


@dataclass(frozen=True, slots=True)
class _Clocks:
    """Times of day, columnar; all shape ``(n,)``."""

    micros: NDArray[np.int64]
    """Since midnight."""
    offset_micros: NDArray[np.int64]
    """East of UTC; 0 where none is written."""
    has_offset: NDArray[np.bool_]
    is_valid: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Instants:
    """Instants in microseconds since 1970, columnar; all shape ``(n,)``."""

    utc: NDArray[np.int64]
    """0 where ``is_valid`` is False."""
    written: NDArray[np.int64]
    """As the clock on the wall showed them (UTC where an offset was written), whatever the shop's time zone."""
    is_valid: NDArray[np.bool_]

    def take(self, rows: NDArray[Any]) -> "Instants":
        """The instants at these places, in this order."""
        return Instants(self.utc[rows], self.written[rows], self.is_valid[rows])


def shop_zone(timezone: str) -> ZoneInfo:
    """The IANA time zone of this name.

    Raises:
        ImportRefused: If there is none.
    """
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ImportRefused(f"--timezone must be an IANA zone such as Asia/Jakarta, got {timezone!r}") from error


def date_order(texts: NDArray[np.object_], *, currency: str, timezone: str) -> DateOrder:
    """Whether these dates write the month first, by the rule of the module."""
    days = pd.Series(pd.Series(texts, dtype=object).str.slice(stop=10).unique(), dtype=object)
    groups = days.str.extract(_DAY_MONTH_OR_MONTH_DAY).dropna()
    if len(groups) == 0:
        return DateOrder(month_first=False, is_decided=True)
    n_day_first = int((_whole(groups["first"]) > 12).sum())
    n_month_first = int((_whole(groups["middle"]) > 12).sum())
    if n_day_first == n_month_first == 0:
        is_american = currency == "USD" and timezone.startswith(("America/", "US/"))
        return DateOrder(month_first=is_american, is_decided=False)
    return DateOrder(month_first=n_month_first > n_day_first, is_decided=True)


def instants(texts: NDArray[np.object_], *, month_first: bool, zone: ZoneInfo) -> Instants:
    """The instant each text names, by the rules of the module; never raises for a text, but marks it invalid."""
    texts_read = pd.Series(texts, dtype=object)
    # A cell that swallowed half the file is no date, and must not cost the patterns minutes to say so.
    split = texts_read.where(texts_read.str.len() <= _MAX_LENGTH, "").str.extract(_SPLIT).fillna("")
    day_codes, day_texts = pd.factorize(split["day"])
    clock_codes, clock_texts = pd.factorize(split["clock"])
    days, is_day = _days(pd.Series(day_texts, dtype=object), month_first=month_first)
    clocks = _clocks(pd.Series(clock_texts, dtype=object))
    is_valid = is_day[day_codes] & clocks.is_valid[clock_codes]
    wall = np.where(is_valid, days[day_codes] * _DAY_MICROS + clocks.micros[clock_codes], 0)
    written = np.where(is_valid, wall - clocks.offset_micros[clock_codes], 0)
    utc = np.where(clocks.has_offset[clock_codes], written, _utc(wall, zone))
    return Instants(utc=utc, written=written, is_valid=is_valid)


def without_serials(texts: NDArray[np.object_], *, is_number: NDArray[np.bool_]) -> NDArray[np.object_]:
    """The texts with serial dates written out, by the rule of the module.

    Args:
        texts: A column's distinct texts.
        is_number: Whether the file holds a number there.
    """
    plain = pd.Series(texts, dtype=object)
    is_serial = plain.str.fullmatch(_SERIAL).to_numpy(dtype=bool)
    if not is_serial.any():
        return texts
    days = plain.where(is_serial, "0").astype(np.float64).to_numpy()
    is_serial = is_serial & (days >= _FIRST_SERIAL) & (days < _END_OF_SERIALS)
    others = texts[~is_serial & (texts != "")]
    if instants(others, month_first=False, zone=ZoneInfo("UTC")).is_valid.any():
        is_serial = is_serial & is_number
    seconds = np.rint((days[is_serial] - _FIRST_SERIAL) * 86_400).astype(np.int64)
    written = texts.copy()
    written[is_serial] = seconds.astype("datetime64[s]").astype(str).astype(object)
    return written


def _days(texts: pd.Series, *, month_first: bool) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Days since 1970-01-01, and whether the calendar has that day."""
    parts = _numeric_days(texts, month_first=month_first)
    for other in (_named_days(texts), _compact_days(texts)):
        parts = parts.where(parts["year"] >= 0, other)
    year, month, day = (parts[name].to_numpy(dtype=np.int64) for name in ("year", "month", "day"))
    in_range = (year >= 1970) & (year <= 2199) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    months = np.where(in_range, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    dates = months.astype("datetime64[D]") + np.where(in_range, day - 1, 0)
    return dates.astype(np.int64), in_range & (dates.astype("datetime64[M]") == months)


def _numeric_days(texts: pd.Series, *, month_first: bool) -> pd.DataFrame:
    groups = texts.str.extract(_NUMERIC)
    first, middle, last = (_whole(groups[name]) for name in ("first", "middle", "last"))
    is_year_first = (groups["first"].str.len() == 4).fillna(value=False)
    # A year at both ends is no date, nor is a last group of one digit that would have to be the year.
    n_last = groups["last"].str.len()
    is_odd = (is_year_first & (n_last == 4)) | (~is_year_first & (n_last == 1))
    year = first.where(is_year_first, _full_year(last, groups["last"]))
    day, month = (middle, first) if month_first else (first, middle)
    return pd.DataFrame(
        {
            "year": year.where(groups["first"].notna() & ~is_odd, -1),
            "month": middle.where(is_year_first, month),
            "day": last.where(is_year_first, day),
        }
    )


def _named_days(texts: pd.Series) -> pd.DataFrame:
    day_first = texts.str.extract(_DAY_FIRST_NAMED)
    groups = day_first.where(day_first["name"].notna(), texts.str.extract(_MONTH_FIRST_NAMED))
    month = groups["name"].str.slice(stop=3).str.lower().map(_MONTHS).fillna(0).astype(np.int64)
    year = _full_year(_whole(groups["year"]), groups["year"])
    return pd.DataFrame({"year": year, "month": month, "day": _whole(groups["day"])})


def _compact_days(texts: pd.Series) -> pd.DataFrame:
    return texts.str.extract(_COMPACT).apply(_whole)


def _clocks(texts: pd.Series) -> _Clocks:
    """The time of day each text names; no text at all is midnight."""
    groups = texts.str.extract(_CLOCK)
    hour, minute, second = (_whole(groups[name]).clip(lower=0) for name in ("hour", "minute", "second"))
    half = groups["half"].fillna("").str.slice(stop=1).str.lower()
    hour = hour.where(half == "", (hour % 12 + 12 * (half == "p")).where(hour.between(1, 12), 24))
    micros = ((hour * 60 + minute) * 60 + second) * 1_000_000 + _whole(groups["fraction"].str.ljust(6, "0")).clip(
        lower=0
    )
    is_clock = (texts == "") | (groups["hour"].notna() & (hour < 24) & (minute < 60) & (second < 60))
    offset = groups["offset"].str.replace(":", "").str.extract(r"^(?P<sign>[-+])(?P<hours>\d{2})(?P<minutes>\d{2})$")
    minutes = _whole(offset["hours"]).clip(lower=0) * 60 + _whole(offset["minutes"]).clip(lower=0)
    signed = minutes.where(offset["sign"] != "-", -minutes) * 60_000_000
    return _Clocks(
        micros=micros.to_numpy(dtype=np.int64),
        offset_micros=signed.to_numpy(dtype=np.int64),
        has_offset=groups["offset"].notna().to_numpy(dtype=bool),
        is_valid=is_clock.to_numpy(dtype=bool),
    )


def _whole(digits: pd.Series) -> pd.Series:
    """Whole numbers, -1 where there are no digits."""
    return digits.fillna("-1").astype(np.int64)


def _full_year(year: pd.Series, digits: pd.Series) -> pd.Series:
    return year.where(digits.str.len() != 2, year + np.where(year < 70, 2000, 1900))


def _utc(wall: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    clock = pd.DatetimeIndex(wall.astype("datetime64[us]"))
    is_first = np.ones(len(clock), dtype=bool)
    at: NDArray[np.int64] = clock.tz_localize(zone, ambiguous=is_first, nonexistent="shift_forward").asi8
    return at
