"""What to expect of each customer, with intervals: alive, orders, the next one's date, spend, value."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from customers.forecasts.lifetime_value import LifetimeValueModel, MeanSpend
from customers.forecasts.lookalikes import Lookalikes, lookalikes
from customers.models.gamma_gamma import SpendModel
from customers.models.histories import Histories, TimingModel, distinct_histories, new_customer
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
        chance_of_order: Probability of at least one order within the horizon, corrected by the shop's own past.
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
    knows of them. Where a shop has very many different histories, futures, the dates of next orders and what comes
    after the horizon are found once for every kind of ``lookalikes``; all other numbers are each customer's own.

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
    timing, distinct = model.timing, distinct_histories(statistics.histories)
    rows, row_of = distinct.histories, distinct.row_of
    alike = lookalikes(timing, rows)
    kind_of = alike.kind_of[row_of]
    rate = np.broadcast_to(np.asarray(margin_rate, dtype=np.float64), row_of.shape)
    futures = _futures(timing, alike.histories, horizon_weeks, rng)
    expected = timing.expected_orders(rows, horizon_weeks=horizon_weeks)
    orders = Spread(expected[row_of], *_limits(futures)[:, kind_of])
    spend = _spend(model, statistics)
    value = _value_limits(model, statistics, futures, kind_of, rng)
    lasting = _lasting(timing, rows, expected, horizon_weeks, rate_per_week=yearly_discount / _WEEKS_PER_YEAR)
    return Predictions(
        horizon_weeks=horizon_weeks,
        alive=reader.probability_alive(rows)[row_of],
        chance_of_order=model.chances.corrected(
            timing.probability_of_order(rows, horizon_weeks=horizon_weeks), expected
        )[row_of],
        orders=orders,
        next_order_weeks=_next_order(timing, rows, alike, row_of),
        spend_minor=spend,
        margin_minor=Spread(orders.expected * spend.expected * rate, *(np.where(rate < 0, value[::-1], value) * rate)),
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


def _futures(
    model: TimingModel, histories: Histories, horizon_weeks: float, rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    """Orders within the horizon in ``_DRAWS`` futures of each history, shape ``(n_histories, _DRAWS)``."""
    futures = np.empty((_DRAWS, len(histories)), dtype=np.int32)
    for draw in futures:
        draw[:] = _drawn(model, rng).simulated_orders(histories, horizon_weeks=horizon_weeks, rng=rng)
    return np.ascontiguousarray(futures.T)


def _drawn(model: TimingModel, rng: np.random.Generator) -> TimingModel:
    """The model with parameters as its fit leaves them possible; itself if they were given."""
    if model.fit is None:
        return model
    return model.at(rng.multivariate_normal(model.logs, model.fit.covariance, method="eigh"))


def _limits(futures: npt.NDArray[np.int32] | FloatArray) -> FloatArray:
    """What ``LEVELS`` of each row's futures stay at or below, shape ``(4, n_rows)``."""
    limits: FloatArray = np.quantile(futures, LEVELS, axis=1, method="inverted_cdf").astype(np.float64)
    return limits


def _next_order(model: TimingModel, rows: Histories, alike: Lookalikes, row_of: IntArray) -> Spread:
    """Weeks until the next order, by inverting its probability on a grid of days, then of growing steps."""
    kinds = alike.histories
    chances = np.stack([model.probability_of_order(kinds, horizon_weeks=weeks) for weeks in _DATE_GRID.tolist()])
    chances = np.maximum.accumulate(np.vstack([np.zeros(len(kinds)), chances]), axis=0)
    weeks = np.concatenate([[0.0], _DATE_GRID])
    columns, kind_of = np.arange(len(kinds)), alike.kind_of[row_of]
    returns = (model.probability_of_order(rows, horizon_weeks=EVER_WEEKS) >= LEAST_RETURN)[row_of]
    quantiles = []
    for level in (0.5, *LEVELS):
        target = level * chances[-1]
        above = np.clip((chances < target).sum(axis=0), 1, weeks.size - 1)
        low, high = chances[above - 1, columns], chances[above, columns]
        share = (target - low) / np.where(high > low, high - low, 1.0)
        at = weeks[above - 1] + share * (weeks[above] - weeks[above - 1])
        quantiles.append(np.where(returns, at[kind_of], np.nan))
    return Spread(*quantiles)


def _lasting(
    model: TimingModel, rows: Histories, expected: FloatArray, horizon_weeks: float, *, rate_per_week: float
) -> FloatArray:
    """Discounted orders of all time to come, which stand to the ``expected`` ones as they do with others of a kind.

    P(alive) is a factor of both, so kinds need not be alike in it.
    """
    alike = lookalikes(model, rows, alive_step=0.25)
    lasting = discounted_expected_orders(model, alike.histories, rate_per_week=rate_per_week)[alike.kind_of]
    of_kind = model.expected_orders(alike.histories, horizon_weeks=horizon_weeks)[alike.kind_of]
    return lasting * np.divide(expected, of_kind, out=np.ones(expected.size), where=of_kind > 0)


def _spend(model: LifetimeValueModel, statistics: OrderStatistics) -> Spread:
    """Mean value of an order: p over a gamma with shape p x + q and rate gamma + x z (Fader and Hardie's note 025)."""
    spend, expected = model.spend, model.expected_spend_minor(statistics)
    if isinstance(spend, MeanSpend):
        margin = special.ndtri(np.array(LEVELS))[:, None] * spend.standard_error
        return Spread(expected, *np.maximum(expected + margin, 0.0))
    counts, count_of = np.unique(statistics.valued_repeats, return_inverse=True)
    # Little left of the gamma means much spend: the levels turn round.
    shares = [spend.p / special.gammaincinv(spend.p * counts + spend.q, 1 - level) for level in LEVELS]
    rate = _spend_rate(spend, statistics)
    return Spread(expected, *(rate * share[count_of] for share in shares))


def _spend_rate(spend: SpendModel, statistics: OrderStatistics) -> FloatArray:
    """Rate of the gamma that is left of each customer: gamma + x z, minor units."""
    n = statistics.valued_repeats
    spent = n * np.where(n > 0, statistics.mean_value_minor, 0.0)
    return np.asarray(spend.gamma + spent)


def _value_limits(
    model: LifetimeValueModel,
    statistics: OrderStatistics,
    futures: npt.NDArray[np.int32],
    kind_of: IntArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Limits of the value of all orders within the horizon, shape ``(4, n_customers)``.

    Every future's orders are each worth what a spend drawn for that customer says. What customers have spent so far
    only scales that spend, so the draws are shared by all of one kind who rest on as many valued orders.
    """
    spend = model.spend
    if isinstance(spend, MeanSpend):
        return (_limits(futures) * spend.mean_value_minor)[:, kind_of]
    n = statistics.valued_repeats
    pairs, pair_of = np.unique(kind_of * (int(n.max(initial=0)) + 1) + n, return_inverse=True)
    kinds, counts = np.divmod(pairs, int(n.max(initial=0)) + 1)
    limits = np.empty((len(LEVELS), pairs.size))
    for start in range(0, pairs.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        values = futures[kinds[part]].astype(np.float64)
        who, draw = np.nonzero(values)
        # The sum of n gamma values of shape p is one of shape p n.
        sums = rng.standard_gamma(spend.p * values[who, draw])
        values[who, draw] = sums / rng.standard_gamma(spend.p * counts[part][who] + spend.q)
        limits[:, part] = _limits(values)
    return limits[:, pair_of] * _spend_rate(spend, statistics)
