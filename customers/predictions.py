"""What to expect of each customer, with intervals: alive, orders, the next one's date, spend, value."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from customers.lifetime_value import LifetimeValueModel, MeanSpend
from customers.models.histories import DistinctHistories, TimingModel, distinct_histories, new_customer
from customers.models.residual import discounted_expected_orders
from customers.orders import OrderStatistics

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LEVELS = (0.05, 0.25, 0.75, 0.95)
"""Limits of the 90 and the 50 % interval."""

EVER_WEEKS = 104.0
"""Who has not ordered for so long from now on is not expected back: what a shop means by never."""

LEAST_RETURN = 0.5
"""Chance of ordering within ``EVER_WEEKS`` below which no date of the next order is named."""

_DRAWS = 200
_CHUNK = 20_000
_DATE_GRID = np.concatenate([np.arange(1, 29) / 7, np.geomspace(29 / 7, EVER_WEEKS, 36)])
_WEEKS_PER_YEAR = 365.25 / 7


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """A number for each customer and its 50 and 90 % intervals; all of shape ``(n_customers,)``."""

    expected: FloatArray
    low_90: FloatArray
    low_50: FloatArray
    high_50: FloatArray
    high_90: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What to expect of each customer if trade continues as now; all arrays have shape ``(n_customers,)``.

    Attributes:
        horizon_weeks: How far ahead orders and margin are counted.
        alive: Probability of not having left.
        chance_of_order: Probability of at least one order within the horizon.
        orders: Orders within the horizon; the interval is one customer's own, whole orders.
        next_order_weeks: Weeks until the next order if there is one within ``EVER_WEEKS``, ``expected`` being the
            median; ``nan`` where one is less likely than ``LEAST_RETURN``.
        spend_minor: Mean value of an order.
        margin_minor: Margin of the orders within the horizon, undiscounted.
        residual_minor: Expected margin of all orders ever to come, discounted continuously.
    """

    horizon_weeks: float
    alive: FloatArray
    chance_of_order: FloatArray
    orders: Spread
    next_order_weeks: Spread
    spend_minor: Spread
    margin_minor: Spread
    residual_minor: FloatArray


@dataclass(frozen=True, slots=True)
class NewCustomerValue:
    """What somebody who orders for the first time today is expected to bring, in minor units.

    Attributes:
        orders: Further orders within the horizon.
        margin_minor: Their margin, that of the first order not counted.
        residual_minor: Margin of all orders ever to come, discounted continuously.
    """

    orders: float
    margin_minor: float
    residual_minor: float


def predictions(
    model: LifetimeValueModel,
    statistics: OrderStatistics,
    *,
    horizon_weeks: float,
    rng: np.random.Generator,
    churn: TimingModel | None = None,
    margin_rate: float | FloatArray = 1.0,
    yearly_discount: float = 0.1,
) -> Predictions:
    """Predictions for every customer, by their different histories and not one by one.

    Intervals of orders and margin come from ``_DRAWS`` simulated futures, each under parameters drawn from what the fit
    knows of them.

    Args:
        model: When and how much, fitted.
        statistics: Histories up to now.
        horizon_weeks: At least 0.
        rng: The same one gives the same predictions.
        churn: Where P(alive) is read from, if not from the model's own timing (BG/NBD must not be asked).
        margin_rate: What is left of an order's value, one share or one per customer; may be negative.
        yearly_discount: Continuous rate per year, above 0.

    Raises:
        ValueError: If the horizon is negative, the discount not above 0, or P(alive) would come from BG/NBD.
    """
    reader = churn or model.timing
    if reader.name.startswith("bg_"):
        raise ValueError(f"P(alive) must come from a model in which one-time customers can leave, got {reader.name}")
    distinct = distinct_histories(statistics.histories)
    rows, row_of = distinct.histories, distinct.row_of
    orders, futures = _orders(model.timing, distinct, horizon_weeks, rng)
    rate = np.broadcast_to(np.asarray(margin_rate, dtype=np.float64), row_of.shape)
    spend = _spend(model, statistics)
    margin = _margin(model, statistics, futures, row_of, rate, orders.expected * spend.expected * rate, rng)
    lasting = discounted_expected_orders(model.timing, rows, rate_per_week=yearly_discount / _WEEKS_PER_YEAR)
    return Predictions(
        horizon_weeks=horizon_weeks,
        alive=reader.probability_alive(rows)[row_of],
        chance_of_order=model.timing.probability_of_order(rows, horizon_weeks=horizon_weeks)[row_of],
        orders=orders,
        next_order_weeks=_next_order(model.timing, distinct),
        spend_minor=spend,
        margin_minor=margin,
        residual_minor=lasting[row_of] * spend.expected * rate,
    )


def new_customer_value(
    model: LifetimeValueModel, *, horizon_weeks: float, margin_rate: float = 1.0, yearly_discount: float = 0.1
) -> NewCustomerValue:
    """What a new customer is expected to bring after the first order.

    Raises:
        ValueError: If the horizon is negative or the discount not above 0.
    """
    orders = float(model.timing.expected_orders(new_customer(), horizon_weeks=horizon_weeks)[0])
    weekly = yearly_discount / _WEEKS_PER_YEAR
    lasting = float(discounted_expected_orders(model.timing, new_customer(), rate_per_week=weekly)[0])
    each = model.mean_spend_minor * margin_rate
    return NewCustomerValue(orders, orders * each, lasting * each)


def _orders(
    model: TimingModel, distinct: DistinctHistories, horizon_weeks: float, rng: np.random.Generator
) -> tuple[Spread, npt.NDArray[np.int32]]:
    """Orders within the horizon, and the futures of each distinct history, shape ``(n_distinct, _DRAWS)``."""
    rows = distinct.histories
    futures = np.empty((len(rows), _DRAWS), dtype=np.int32)
    for draw in range(_DRAWS):
        futures[:, draw] = _drawn(model, rng).simulated_orders(rows, horizon_weeks=horizon_weeks, rng=rng)
    expected = model.expected_orders(rows, horizon_weeks=horizon_weeks)
    limits = np.quantile(futures, LEVELS, axis=1, method="inverted_cdf").astype(np.float64)
    return _spread(expected, limits, distinct.row_of), futures


def _drawn(model: TimingModel, rng: np.random.Generator) -> TimingModel:
    """The model with parameters as its fit leaves them possible; itself if they were given."""
    if model.fit is None:
        return model
    return model.at(rng.multivariate_normal(model.logs, model.fit.covariance, method="eigh"))


def _spread(expected: FloatArray, limits: FloatArray, row_of: IntArray) -> Spread:
    low_90, low_50, high_50, high_90 = limits
    return Spread(expected[row_of], low_90[row_of], low_50[row_of], high_50[row_of], high_90[row_of])


def _next_order(model: TimingModel, distinct: DistinctHistories) -> Spread:
    """Weeks until the next order, by inverting its probability on a grid of days, then of growing steps."""
    rows = distinct.histories
    chances = np.stack([model.probability_of_order(rows, horizon_weeks=weeks) for weeks in _DATE_GRID.tolist()])
    chances = np.maximum.accumulate(np.vstack([np.zeros(len(rows)), chances]), axis=0)
    weeks = np.concatenate([[0.0], _DATE_GRID])
    ever, columns = chances[-1], np.arange(len(rows))
    quantiles = []
    for level in (0.5, *LEVELS):
        target = level * ever
        above = np.clip((chances < target).sum(axis=0), 1, weeks.size - 1)
        low, high = chances[above - 1, columns], chances[above, columns]
        share = (target - low) / np.where(high > low, high - low, 1.0)
        at = weeks[above - 1] + share * (weeks[above] - weeks[above - 1])
        quantiles.append(np.where(ever >= LEAST_RETURN, at, np.nan))
    return _spread(quantiles[0], np.array(quantiles[1:]), distinct.row_of)


def _spend(model: LifetimeValueModel, statistics: OrderStatistics) -> Spread:
    """Mean value of an order: p over a gamma with shape p x + q and rate gamma + x z (Fader and Hardie's note 025)."""
    expected = model.expected_spend_minor(statistics)
    if isinstance(model.spend, MeanSpend):
        margin = special.ndtri(np.array(LEVELS))[:, None] * model.spend.standard_error
        return Spread(expected, *np.maximum(expected + margin, 0.0))
    shape, rate = _spend_posterior(model, statistics)
    # Little left of the gamma means much spend: the levels turn round.
    limits = [model.spend.p * rate / special.gammaincinv(shape, 1 - level) for level in LEVELS]
    return Spread(expected, *limits)


def _spend_posterior(model: LifetimeValueModel, statistics: OrderStatistics) -> tuple[FloatArray, FloatArray]:
    spend = model.spend
    assert not isinstance(spend, MeanSpend)
    n = statistics.valued_repeats.astype(np.float64)
    spent = n * np.where(n > 0, statistics.mean_value_minor, 0.0)
    return spend.p * n + spend.q, spend.gamma + spent


def _margin(
    model: LifetimeValueModel,
    statistics: OrderStatistics,
    futures: npt.NDArray[np.int32],
    row_of: IntArray,
    rate: FloatArray,
    expected: FloatArray,
    rng: np.random.Generator,
) -> Spread:
    """Margin within the horizon: every future's orders, each worth what a spend drawn for that customer says."""
    limits = np.empty((len(LEVELS), row_of.size))
    for start in range(0, row_of.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        values = futures[row_of[part]].astype(np.float64)
        if isinstance(model.spend, MeanSpend):
            values *= model.spend.mean_value_minor
        else:
            shape, scale = (array[part] for array in _spend_posterior(model, statistics))
            who, draw = np.nonzero(values)
            # The sum of n gamma values of shape p is one of shape p n.
            one = rng.gamma(model.spend.p * values[who, draw]) / rng.gamma(shape[who])
            values[who, draw] = one * scale[who]
        limits[:, part] = np.quantile(values * rate[part, None], LEVELS, axis=1, method="inverted_cdf")
    return Spread(expected, *limits)
