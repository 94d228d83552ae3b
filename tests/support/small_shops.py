"""Forecasts of small shops drawn from a large one, judged by what the large one's customers did."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from customers.forecasts.timing import UNTESTED, fitted_timing
from customers.forecasts.totals import total_forecast
from customers.forecasts.trade import believed_trade
from customers.orders import OrderStatistics


class Judgement(NamedTuple):
    """Share by which totals were off (median and 90th percentile), and how often the 90 % interval held them."""

    median_error: float
    p90_error: float
    coverage: float


def judged(
    statistics: OrderStatistics,
    actual: NDArray[np.int64],
    *,
    horizon_weeks: float,
    n: int,
    resamples: int,
    shops: tuple[str, ...],
) -> Judgement:
    """How well shops of ``n`` customers are forecast by the untested choice, with what is believed of other shops."""
    rng, errors, held = np.random.default_rng(3), [], []
    trade = believed_trade(shops)
    for _ in range(resamples):
        rows = rng.choice(len(statistics), n, replace=False)
        histories, total = statistics.histories.of(rows), int(actual[rows].sum())
        model = fitted_timing(histories, UNTESTED, shops=shops)
        assert model.fit is not None
        assert ((model.logs > np.log(1e-3)) & (model.logs < np.log(1e3))).all()
        forecast = total_forecast(model, histories, horizon_weeks=horizon_weeks, rng=rng, trade=trade)
        errors.append(abs(forecast.expected / max(total, 1) - 1))
        held.append(forecast.low_90 <= total <= forecast.high_90)
    return Judgement(float(np.median(errors)), float(np.quantile(errors, 0.9)), float(np.mean(held)))
