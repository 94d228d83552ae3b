"""Of the customers who first ordered in a month, the share who ordered in the months after."""

from typing import Any

import numpy as np

from customers.orders import OrderDays, run_starts
from customers.report.calendar import last_day_of, month_text, months_of

_MONTHS_AFTER = 12
_COHORTS = 24


def retention_part(orders: OrderDays, *, until_day: int) -> dict[str, Any]:
    """Cohorts by month of the first order, the latest two years of them, and their common curve over up to a year.

    A cell is the number of the cohort's customers who ordered in the k-th calendar month after; cells of months that
    the books do not cover to their last day are left out, so that no share falls only because the data end. The curve
    adds up all cohorts whose k-th month is covered, but for the first, where there are others: it holds old customers.
    """
    if not len(orders):
        return {"cohorts": [], "curve": []}
    starts = run_starts(orders.customer_ids)
    month = months_of(orders.days)
    first = month[np.maximum.accumulate(np.where(starts, np.arange(month.size), 0))]
    is_once = starts | run_starts(month)
    base, newest = int(first.min()), int(first.max())
    n_cohorts = newest - base + 1
    ordered = np.zeros((n_cohorts, _MONTHS_AFTER + 1), dtype=np.int64)
    after = month - first
    counted = is_once & (after <= _MONTHS_AFTER)
    np.add.at(ordered, (first[counted] - base, after[counted]), 1)
    # Months 1 to so many after the cohort's own are covered to their end.
    last_whole = int(months_of(np.array([until_day + 1]))[0]) - 1
    covered = np.clip(last_whole - base - np.arange(n_cohorts), 0, _MONTHS_AFTER)
    assert last_day_of(last_whole) <= until_day
    # The first month's new customers are not all new: the books only begin.
    left_out = int(n_cohorts > 1)
    return {
        "cohorts": [
            {
                "month": month_text(base + row),
                "customers": int(ordered[row, 0]),
                "ordered_after": ordered[row, 1 : 1 + int(covered[row])].tolist(),
            }
            for row in range(max(0, n_cohorts - _COHORTS), n_cohorts)
            if ordered[row, 0]
        ],
        "curve": _curve(ordered[left_out:], covered[left_out:]),
    }


def _curve(ordered: np.ndarray[Any, np.dtype[np.int64]], covered: np.ndarray[Any, np.dtype[np.int64]]) -> list[Any]:
    curve = []
    for k in range(1, _MONTHS_AFTER + 1):
        seen = covered >= k
        customers = int(ordered[seen, 0].sum())
        if customers:
            again = int(ordered[seen, k].sum())
            curve.append({"month_after": k, "customers": customers, "ordered": again, "share": again / customers})
    return curve
