"""Days, weeks and months as the report counts them, and sums over them."""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

_EPOCH = date(1970, 1, 1)


def date_text(day: int) -> str:
    """The day as ISO 8601 text, for example ``2011-12-09``."""
    return (_EPOCH + timedelta(days=day)).isoformat()


def month_text(month: int) -> str:
    """The month, counted from 1970-01, as ISO 8601 text, for example ``2011-12``."""
    return f"{1970 + month // 12:04d}-{month % 12 + 1:02d}"


def months_of(days: IntArray) -> IntArray:
    """Month of each day, months since 1970-01."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def last_day_of(month: int) -> int:
    """Last day of a month that is counted from 1970-01, days since 1970-01-01."""
    return int(np.datetime64(month + 1, "M").astype("datetime64[D]").astype(np.int64)) - 1


def week_rows(days: IntArray, *, until_day: int, n_weeks: int) -> IntArray:
    """Row of the week of each day among the last ``n_weeks`` weeks, of which the last ends on ``until_day``.

    Weeks counted back from the end are all whole: a calendar week that is not over yet would look like a slump.
    Earlier days have rows below 0.
    """
    return n_weeks - 1 - (until_day - days) // 7


def sums(rows: IntArray, amounts: IntArray, n: int) -> IntArray:
    """Amounts added up by row in integers, shape ``(n,)``; rows below 0 are left out."""
    totals = np.zeros(n, dtype=np.int64)
    inside = rows >= 0
    np.add.at(totals, rows[inside], amounts[inside])
    return totals


def median_gap_days(customer_ids: IntArray, days: IntArray) -> float | None:
    """Median days between order days that follow one another, over all customers; None where nobody came twice.

    Args:
        customer_ids: Of each order day, sorted by customer and then day, shape ``(n_days,)``.
        days: Same shape.
    """
    gaps = np.diff(days)[customer_ids[1:] == customer_ids[:-1]]
    return float(np.median(gaps)) if gaps.size else None
