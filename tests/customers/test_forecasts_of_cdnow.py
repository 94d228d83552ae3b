"""How good forecasts are on the sample of CDNOW: chosen and fitted by 1997-09-30, judged by the 39 weeks after."""

from pathlib import Path

import numpy as np
import pytest
from shops import cdnow_days
from small_shops import judged

from customers.forecasts.backtest import backtest, calibration, ranking_quality
from customers.forecasts.lifetime_value import fit_lifetime_value
from customers.forecasts.totals import total_forecast
from customers.orders import statistics_of

UNTIL = int(np.datetime64("1997-09-30").astype(np.int64))
WEEKS = 39


@pytest.fixture(scope="module")
def actual(data_folder: Path) -> np.ndarray:
    orders = cdnow_days(data_folder)
    before = statistics_of(orders, until_day=UNTIL)
    after = statistics_of(orders, until_day=UNTIL + 7 * WEEKS)
    return (after.frequency - before.frequency).astype(np.int64)


def test_the_model_chosen_by_mid_1997_serves_the_39_weeks_to_come(data_folder, cdnow, actual) -> None:
    choice = backtest(cdnow_days(data_folder), until_day=UNTIL, horizon_weeks=13)
    model = fit_lifetime_value(cdnow, choice=choice)
    expected = model.timing.expected_orders(cdnow.histories, horizon_weeks=WEEKS)
    chance = model.chance_of_order(cdnow.histories, horizon_weeks=WEEKS)

    assert np.abs(expected - actual).mean() <= 0.755
    assert np.corrcoef(expected, actual)[0, 1] >= 0.630
    assert (ranking_quality(chance, actual > 0) or 0) >= 0.775
    # No model sees trade's rise at Christmas coming: what was said rises with what came, and lies below it.
    groups = calibration(chance, actual > 0)
    assert np.corrcoef(groups.said, groups.came)[0, 1] > 0.98
    assert np.max(np.abs(np.subtract(groups.said, groups.came))) < 0.13


def test_the_interval_of_the_total_holds_what_came(data_folder, cdnow, actual) -> None:
    choice = backtest(cdnow_days(data_folder), until_day=UNTIL, horizon_weeks=13)
    timing = fit_lifetime_value(cdnow, choice=choice).timing
    total = total_forecast(
        timing,
        cdnow.histories,
        horizon_weeks=WEEKS,
        rng=np.random.default_rng(1),
        trade=choice.trade,
    )

    assert total.low_90 < actual.sum() < total.high_90
    assert abs(total.expected / actual.sum() - 1) < 0.15


def test_forty_shops_of_a_hundred_customers_are_forecast_with_honest_intervals(cdnow, actual) -> None:
    # A small version of tests/bench/test_small_shops.py. 40 resamples know a median near 18 % to 4 points, and cover 31
    # times or more in all but one case in 100 if the true coverage is 90 %.
    result = judged(cdnow, actual, horizon_weeks=WEEKS, n=100, resamples=40, shops=("online_retail", "food_stall"))
    assert result.median_error < 0.26
    assert result.coverage >= 31 / 40
