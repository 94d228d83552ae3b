"""The moments up to which engagement is measured, and from which the likelihood of a model with covariates starts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from customers.models.histories import Histories
from customers.orders import OrderDays, statistics_of

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """One landmark for each customer who came so far; all arrays have shape ``(n_customers,)``.

    Attributes:
        customer_ids: Sorted, each once.
        rows: Where they stand in ``statistics_of`` the same orders at the same end.
        days: Shop day of the landmark, the last one to measure on.
        histories: Up to the landmark.
    """

    customer_ids: IntArray
    rows: IntArray
    days: IntArray
    histories: Histories


def landmarks_at_order(orders: OrderDays, *, number: int = 1, until_day: int) -> Landmarks:
    """Landmarks at each customer's repeat order of that number, for those who have ordered so often.

    Whoever orders is there: what was watched up to an order says nothing of having left. Of customers who come to
    watch without ordering, nothing is learnt.

    Args:
        orders: As ``order_days`` gives them.
        number: 1 for the second order day.
        until_day: Last day of the history, included.

    Raises:
        ValueError: If the number is below 1.
    """
    if number < 1:
        raise ValueError(f"number must be at least 1, got {number}: at the first order nothing has to be left out")
    known = orders.until(until_day)
    _, first, counts = np.unique(known.customer_ids, return_index=True, return_counts=True)
    rows = np.flatnonzero(counts > number)
    return _landmarks(known, rows, known.days[first[rows] + number])


def landmarks_after_weeks(orders: OrderDays, *, weeks: int, until_day: int) -> Landmarks:
    """Landmarks so many weeks after each customer's first order, for those known for longer.

    Some have left before it. Measure intensities (seconds per session), which leaving does not change: totals come out
    smaller for those who left.

    Args:
        orders: As ``order_days`` gives them.
        weeks: At least 1.
        until_day: Last day of the history, included.

    Raises:
        ValueError: If there is less than 1 week.
    """
    if weeks < 1:
        raise ValueError(f"weeks must be at least 1, got {weeks}")
    known = orders.until(until_day)
    _, first = np.unique(known.customer_ids, return_index=True)
    days = known.days[first] + 7 * weeks
    rows = np.flatnonzero(days < until_day)
    return _landmarks(known, rows, days[rows])


def _landmarks(known: OrderDays, rows: IntArray, days: IntArray) -> Landmarks:
    ids, first, counts = np.unique(known.customer_ids, return_index=True, return_counts=True)
    last_day = np.full(ids.size, np.iinfo(np.int64).min)
    last_day[rows] = days
    kept = known.days <= np.repeat(last_day, counts)
    statistics = statistics_of(known.of(kept), until_day=int(days.max(initial=0)))
    so_far = Histories(
        statistics.frequency, statistics.recency_weeks, (days - known.days[first[rows]]) / 7, statistics.log_gaps
    )
    return Landmarks(ids[rows], rows.astype(np.int64), days, so_far)
