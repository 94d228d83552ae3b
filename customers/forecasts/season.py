"""A shop's year: months in which everybody orders more, as a clock that runs faster then.

Every customer's rate is multiplied by one factor per calendar month. Measured in *season weeks*, weeks weighted with
the factor, the rates are constant again, and any model of timing serves as it is: histories are made with this clock,
and a horizon is as long as the clock says. The likelihood of the original times is that of the season weeks times the
factor at each repeat order (the Jacobian of the change of clock).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from customers.models.bgnbd import fit_bgnbd
from customers.models.histories import Histories, new_customer
from customers.orders import OrderDays

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FEWEST_DAYS = 400
"""Of history: with less than a year and a month no month has come round again."""

_PRIOR_ORDERS = 20.0
"""Orders at the usual rate added to every month: a factor rests on about as many of its own before it is believed."""

_ROUNDS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Season:
    """The clock of a shop's year.

    Attributes:
        factors: Of January to December, above 0; their mean over a year's days is 1. Shape ``(12,)``.
    """

    factors: FloatArray

    def __post_init__(self) -> None:
        if self.factors.shape != (12,) or not (self.factors > 0).all():
            raise ValueError(f"factors must be 12 numbers above 0, got {self.factors.tolist()}")

    def factors_on(self, days: IntArray) -> FloatArray:
        """The factor on each day, days since 1970-01-01."""
        factors: FloatArray = self.factors[_months(days)]
        return factors

    def weeks_between(self, from_day: IntArray | int, to_day: IntArray | int) -> FloatArray:
        """Season weeks after the end of ``from_day`` up to the end of ``to_day``; days since 1970-01-01."""
        first = int(min(np.min(from_day), np.min(to_day)))
        last = int(max(np.max(from_day), np.max(to_day)))
        clock = np.concatenate([[0.0], np.cumsum(self.factors_on(np.arange(first + 1, last + 1)))]) / 7
        weeks: FloatArray = np.asarray(clock[np.subtract(to_day, first)] - clock[np.subtract(from_day, first)])
        return weeks

    def histories(self, orders: OrderDays, *, until_day: int) -> Histories:
        """Histories in season weeks, in the order of ``statistics_of``.

        Args:
            orders: As ``order_days`` gives them; later ones are left out.
            until_day: Last day of the history, included.
        """
        known = orders.until(until_day)
        ids, day = known.customer_ids, known.days
        is_first = np.ones(ids.size, dtype=np.bool_)
        is_first[1:] = ids[1:] != ids[:-1]
        first = np.flatnonzero(is_first)
        last = np.append(first[1:], ids.size) - 1 if ids.size else first
        repeat = np.flatnonzero(~is_first)
        owner = np.cumsum(is_first) - 1
        gaps = self.weeks_between(day[repeat - 1], day[repeat]) if repeat.size else np.zeros(0)
        recency = self.weeks_between(day[first], day[last]) if first.size else np.zeros(0)
        age = self.weeks_between(day[first], np.full(first.size, until_day)) if first.size else np.zeros(0)
        return Histories(
            frequency=(last - first).astype(np.int64),
            recency_weeks=recency,
            age_weeks=np.maximum(age, recency),
            log_gaps=np.bincount(owner[repeat], weights=np.log(gaps), minlength=first.size).astype(np.float64),
        )

    def log_jacobian(self, orders: OrderDays, *, until_day: int) -> float:
        """What to add to a model's log-likelihood of ``histories`` to compare it with that of plain weeks."""
        known = orders.until(until_day)
        is_repeat = np.zeros(len(known), dtype=np.bool_)
        is_repeat[1:] = known.customer_ids[1:] == known.customer_ids[:-1]
        return float(np.log(self.factors_on(known.days[is_repeat])).sum())


EVEN = Season(np.ones(12))
"""No season: every month alike."""


def fitted_season(orders: OrderDays, *, until_day: int) -> Season:
    """The season that the shop's own past shows, shrunk towards none; ``EVEN`` where it has seen less than a year.

    A month's factor is its repeat orders over those that MBG/NBD expects of everybody who had come by then, in a few
    rounds, as the model in turn is fitted on the clock found so far. Months never seen keep the factor 1.

    Args:
        orders: As ``order_days`` gives them; later ones are left out.
        until_day: Last day of the history.
    """
    known = orders.until(until_day)
    if not len(known) or until_day - int(known.days.min()) < FEWEST_DAYS:
        return EVEN
    season = EVEN
    for _ in range(_ROUNDS):
        actual, expected = _orders_by_month(known, season, until_day)
        usual = actual.sum() / expected.sum() if expected.sum() > 0 else 1.0
        factors = season.factors * (actual + _PRIOR_ORDERS) / (usual * expected + _PRIOR_ORDERS)
        lengths = np.bincount(_months(np.arange(until_day - 364, until_day + 1)), minlength=12)
        season = Season(factors / np.average(factors, weights=lengths))
    return season


def winning_season(orders: OrderDays, *, until_day: int, horizon_weeks: float) -> Season:
    """The season where it foretold the shop's last ``horizon_weeks`` better than none did, else ``EVEN``.

    Both are found in what was known before, and judged by the density they gave to what came.

    Raises:
        ValueError: If the horizon is not above 0.
    """
    if not horizon_weeks > 0:
        raise ValueError(f"horizon_weeks must be above 0, got {horizon_weeks}")
    origin_day = until_day - round(7 * horizon_weeks)
    season = fitted_season(orders, until_day=origin_day)
    if season is EVEN or _score(orders, season, origin_day, until_day) <= _score(orders, EVEN, origin_day, until_day):
        return EVEN
    return fitted_season(orders, until_day=until_day)


def _score(orders: OrderDays, season: Season, origin_day: int, until_day: int) -> float:
    """Log density of what came after the origin to the customers known by then."""
    before = orders.until(origin_day)
    known = np.isin(orders.customer_ids, before.customer_ids)
    theirs = orders.of(known)
    past = season.histories(before, until_day=origin_day)
    model = fit_bgnbd(past, name="mbg_nbd")
    whole = season.histories(theirs, until_day=until_day)
    gained = model.log_likelihood(whole) - model.log_likelihood(past)
    return gained + season.log_jacobian(theirs, until_day=until_day) - season.log_jacobian(before, until_day=origin_day)


def _orders_by_month(orders: OrderDays, season: Season, until_day: int) -> tuple[FloatArray, FloatArray]:
    """Repeat orders in each calendar month, and those expected on the clock; both of shape ``(12,)``."""
    model = fit_bgnbd(season.histories(orders, until_day=until_day), name="mbg_nbd")
    is_first = np.ones(len(orders), dtype=np.bool_)
    is_first[1:] = orders.customer_ids[1:] != orders.customer_ids[:-1]
    actual = np.bincount(_months(orders.days[~is_first]), minlength=12).astype(np.float64)

    starts, customers = np.unique(orders.days[is_first], return_counts=True)
    whole = float(season.weeks_between(int(starts[0]), until_day))
    grid = np.linspace(0.0, whole, 200)
    curve = np.array([model.expected_orders(new_customer(), horizon_weeks=weeks)[0] for weeks in grid.tolist()])
    expected = np.zeros(12)
    for begin, end in pairwise(_month_ends(int(starts[0]), until_day)):
        came = starts < end
        since = [season.weeks_between(starts[came], np.maximum(starts[came], day)) for day in (begin, end)]
        low, high = (np.interp(weeks, grid, curve) for weeks in since)
        expected[_months(np.array([end]))[0]] += customers[came] @ (high - low)
    return actual, expected


def _months(days: IntArray) -> IntArray:
    """Calendar month of each day, 0 to 11."""
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months % 12


def _month_ends(first_day: int, last_day: int) -> list[int]:
    """The first day, the last days of the months that end between, and the last day."""
    days = np.arange(first_day, last_day)
    ends = days[_months(days) != _months(days + 1)]
    return sorted({first_day, *ends.tolist(), last_day})
