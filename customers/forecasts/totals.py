"""What a whole shop's known customers will order, with the interval that such a total deserves."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from customers.forecasts.trade import Trade, believed_trade
from customers.models.histories import Histories, TimingModel, distinct_histories

FloatArray = npt.NDArray[np.float64]

_DRAWS = 2000
_FUTURES = 40
_LOG_STEP = 0.01
_FARTHEST = 20.0
"""Logarithms farther away than this are beyond any limit asked for, and their exponential beyond a float's range."""


@dataclass(frozen=True, slots=True)
class TotalForecast:
    """A shop's total over a horizon: what is expected, and the limits of the 50 and 90 % intervals."""

    expected: float
    low_90: float
    low_50: float
    high_50: float
    high_90: float


def total_forecast(
    model: TimingModel,
    histories: Histories,
    *,
    horizon_weeks: float,
    rng: np.random.Generator,
    worth: FloatArray | None = None,
    expected: FloatArray | None = None,
    trade: Trade | None = None,
) -> TotalForecast:
    """Orders of all customers together over the next ``horizon_weeks``, or what these are worth.

    Three uncertainties meet: each customer's chance, whose variance is taken from simulated futures; the parameters',
    carried over by the delta method on the logarithm of the total; and trade's. Given the latter two the total is gamma
    distributed, which a shop of thirty customers needs: theirs is neither negative nor symmetrical.

    Args:
        model: Fitted; given parameters count as known.
        histories: Of the customers now.
        horizon_weeks: At least 0.
        rng: The same one gives the same forecast.
        worth: What one order of each customer is worth, any unit of either sign, shape ``(n_customers,)``; 1 each
            unless given.
        expected: Orders that a heuristic expects of each customer, where it replaces the model's expectation.
        trade: What a back-test of the shop found of trade's ups and downs; ``believed_trade()`` unless given.

    Raises:
        ValueError: If the horizon is negative.
    """
    trade = trade or believed_trade()
    distinct = distinct_histories(histories)
    rows = histories.of(distinct.rows)
    each = np.ones(len(histories)) if worth is None else worth
    worth_of = np.bincount(distinct.row_of, weights=each, minlength=len(rows)).astype(np.float64)
    squares_of = np.bincount(distinct.row_of, weights=each**2, minlength=len(rows))

    orders = model.expected_orders(rows, horizon_weeks=horizon_weeks)
    modelled = float(worth_of @ orders)
    total = modelled if expected is None else float(each @ expected)
    if modelled == 0 or total == 0:
        return TotalForecast(total, total, total, total, total)
    noise = np.mean(
        [
            squares_of @ (model.simulated_orders(rows, horizon_weeks=horizon_weeks, rng=rng) - orders) ** 2
            for _ in range(_FUTURES)
        ]
    )
    logs = _parameter_deviation(model, rows, worth_of, horizon_weeks, modelled) * rng.standard_normal(_DRAWS)
    logs += trade.deviation * rng.standard_t(trade.degrees, _DRAWS)
    means = abs(total) * np.exp(np.clip(logs, -_FARTHEST, _FARTHEST))
    # Chance grows with the total it belongs to, as counts do.
    scale = max(float(noise) / abs(modelled), 1e-12 * abs(total))
    draws = np.sign(total) * rng.gamma(means / scale, scale)
    low_90, low_50, high_50, high_90 = np.quantile(draws, [0.05, 0.25, 0.75, 0.95]).tolist()
    return TotalForecast(total, low_90, low_50, high_50, high_90)


def _parameter_deviation(
    model: TimingModel, rows: Histories, worth: FloatArray, horizon_weeks: float, total: float
) -> float:
    """Standard deviation of the logarithm of the total that the parameters' uncertainty makes."""
    if model.fit is None:
        return 0.0
    logs = model.logs
    slopes = np.zeros(logs.size)
    for index, step in enumerate(np.eye(logs.size) * _LOG_STEP):
        higher = worth @ model.at(logs + step).expected_orders(rows, horizon_weeks=horizon_weeks)
        lower = worth @ model.at(logs - step).expected_orders(rows, horizon_weeks=horizon_weeks)
        slopes[index] = (higher - lower) / (2 * _LOG_STEP * total)
    variance = float(slopes @ model.fit.covariance @ slopes)
    return math.sqrt(max(variance, 0.0))
