"""How long customers have been silent, against how long they usually are."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from customers.orders import OrderDays, OrderStatistics, statistics_of

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

HORIZON_DAYS = 90
"""Days within which coming back counts, where nothing else is asked for."""

FEWEST_OWN_GAPS = 2
"""Gaps from which a customer has a rhythm of her own; one gap may be anything, so the shop's stands for it."""

GAP_WHERE_NOBODY_CAME_BACK_DAYS = 30.0
"""What stands for the usual gap in a shop that has not seen any."""

_ORDER_DAY_CLASSES = np.array([2, 3, 6])
"""Classes of customers begin at 1, 2, 3 and 6 order days."""

_GAP_CLASSES = np.array([1.0, 2.0, 4.0, 8.0])
"""Classes of silence end at so many usual gaps."""

N_SITUATIONS = (_ORDER_DAY_CLASSES.size + 1) * (_GAP_CLASSES.size + 1)


@dataclass(frozen=True, slots=True, eq=False)
class Silences:
    """Each customer's silence at one moment; arrays have shape ``(n_customers,)``.

    Attributes:
        days: Days since the last order day.
        usual_gap_days: Geometric mean of the gaps between the customer's order days (one long pause does not stretch
            it as it would the plain mean); the shop's where the customer has too few; ``nan`` where the shop has none.
        has_own_gap: Whether that gap is the customer's own.
        shop_gap_days: Geometric mean over the customers who came back, each counted once; ``nan`` without any.
        situations: Which of ``N_SITUATIONS`` classes of order days and of usual gaps silent the customer is in:
            "such customers" are those in the same one.
    """

    days: IntArray
    usual_gap_days: FloatArray
    has_own_gap: BoolArray
    shop_gap_days: float
    situations: npt.NDArray[np.int8]

    @property
    def gaps(self) -> FloatArray:
        """Usual gaps that each silence has lasted, shape ``(n_customers,)``, finite."""
        return _gaps_silent(self.days, self.usual_gap_days)


def silences(statistics: OrderStatistics) -> Silences:
    """How long each customer has been silent at the end of the statistics' history."""
    x = statistics.frequency
    days = np.rint((statistics.age_weeks - statistics.recency_weeks) * 7).astype(np.int64)
    mean_logs = np.divide(statistics.log_gaps, x, out=np.zeros(x.size), where=x > 0)
    came_back = x > 0
    shop_gap = float(np.exp(mean_logs[came_back].mean()) * 7) if came_back.any() else float("nan")
    has_own = x >= FEWEST_OWN_GAPS
    usual = np.where(has_own, np.exp(mean_logs) * 7, shop_gap)
    order_class = np.searchsorted(_ORDER_DAY_CLASSES, x + 1, side="right")
    gap_class = np.searchsorted(_GAP_CLASSES, _gaps_silent(days, usual), side="left")
    situations = (order_class * (_GAP_CLASSES.size + 1) + gap_class).astype(np.int8)
    return Silences(days, usual, has_own, shop_gap, situations)


def _gaps_silent(days: IntArray, usual_gap_days: FloatArray) -> FloatArray:
    gaps: FloatArray = days / np.where(np.isnan(usual_gap_days), GAP_WHERE_NOBODY_CAME_BACK_DAYS, usual_gap_days)
    return gaps


@dataclass(frozen=True, slots=True, eq=False)
class Comebacks:
    """How often customers of this shop bought again after being in a situation; arrays of shape ``(N_SITUATIONS,)``.

    Attributes:
        horizon_days: Within how many days.
        landmark_days: The past days on which customers were looked at, days since 1970-01-01; may be none.
        n_cases: Customers in each situation on those days; one who was looked at on several days is several cases.
        n_came_back: Those of them with an order within the horizon.
    """

    horizon_days: int
    landmark_days: tuple[int, ...]
    n_cases: IntArray
    n_came_back: IntArray


def comebacks(
    days: OrderDays, *, until_day: int, horizon_days: int = HORIZON_DAYS, most_landmarks: int = 4
) -> Comebacks:
    """The shop's own record of who came back, from days far enough back to know.

    On each landmark customers are put into situations by what was known then, and nothing later; then the horizon
    after it is looked at. Horizons do not overlap: landmarks lie one, two, ... horizons before ``until_day``, back to
    the first order.

    Args:
        days: As ``order_days`` gives them.
        until_day: Last day of the history.
        horizon_days: At least 1.
        most_landmarks: How far back to go, at least 1; customers of long ago may have been others.

    Raises:
        ValueError: If the horizon or the number of landmarks is below 1.
    """
    if horizon_days < 1 or most_landmarks < 1:
        raise ValueError(f"horizon_days and most_landmarks must be at least 1, got {horizon_days} and {most_landmarks}")
    first_day = int(days.days.min(initial=until_day))
    landmarks = tuple(
        day
        for day in (until_day - horizon_days * back for back in range(1, most_landmarks + 1))
        if len(days) and day >= first_day
    )
    n_cases, n_came_back = np.zeros(N_SITUATIONS, dtype=np.int64), np.zeros(N_SITUATIONS, dtype=np.int64)
    for day in landmarks:
        statistics = statistics_of(days, until_day=day)
        situations = silences(statistics).situations
        bought = days.customer_ids[(days.days > day) & (days.days <= day + horizon_days)]
        came_back = np.isin(statistics.customer_ids, bought)
        n_cases += np.bincount(situations, minlength=N_SITUATIONS)
        n_came_back += np.bincount(situations[came_back], minlength=N_SITUATIONS)
    return Comebacks(horizon_days, landmarks, n_cases, n_came_back)
